import { describe, expect, it } from 'vitest'
import { float } from './attribute-values.ts'
import { GraphBuilder } from './builder.ts'
import { inlineFunctions } from './inline.ts'
import type { Attribute, FunctionDefinition, Model, Node } from './model.ts'
import type { OperatorSet } from './operator.ts'

const node = (opType: string, inputs: string[], outputs: string[], extra: Partial<Node> = {}): Node => ({
  name: '',
  opType,
  domain: '',
  inputs,
  outputs,
  attributes: new Map(),
  ...extra,
})

const define = (
  name: string,
  inputs: string[],
  outputs: string[],
  nodes: Node[],
  extra: Partial<FunctionDefinition> = {},
): FunctionDefinition => ({
  name,
  domain: 'my',
  inputs,
  outputs,
  attributes: [],
  defaults: new Map(),
  nodes,
  opsetImports: new Map([['', 17]]),
  ...extra,
})

const alpha: Attribute = { kind: 'reference', name: 'slope' }

/** leak(x) = LeakyRelu(Neg(x)), its slope from the call, 0.5 by default. */
const leak = define(
  'Leak',
  ['x'],
  ['y'],
  [node('Neg', ['x'], ['n']), node('LeakyRelu', ['n'], ['y'], { attributes: new Map([['alpha', alpha]]) })],
  { defaults: new Map([['slope', float(0.5)]]) },
)

function calling(functions: FunctionDefinition[], build: (b: GraphBuilder, x: string) => string): Model {
  const b = new GraphBuilder('g')
  const x = b.input('x', 'float32', [1, 4])
  b.output(build(b, x))
  return { ...b.model(), functions }
}

const summary = (model: Model) => model.graph.nodes.map((n) => `${n.outputs} = ${n.opType}(${n.inputs})`)

describe('inlineFunctions', () => {
  it('replaces calls by bodies with names of their own, and attribute references by the call’s values or the defaults', () => {
    const model = calling([leak], (b, x) => {
      const once = b.node('Leak', [x], { slope: 0.25 }, { domain: 'my', name: 'a' })
      return b.node('Leak', [once], {}, { domain: 'my', name: 'b' })
    })
    const inlined = inlineFunctions(model)
    expect(summary(inlined)).toEqual([
      'a/n = Neg(x)',
      'a_output = LeakyRelu(a/n)',
      'b/n = Neg(a_output)',
      'b_output = LeakyRelu(b/n)',
    ])
    expect(inlined.graph.nodes.map((n) => n.attributes.get('alpha'))).toEqual([
      undefined,
      float(0.25),
      undefined,
      float(0.5),
    ])
    expect(inlined.functions).toEqual([])
    expect(model.graph.nodes).toHaveLength(2)
  })

  it('follows functions that call functions', () => {
    const twice = define(
      'Twice',
      ['a'],
      ['b'],
      [node('Leak', ['a'], ['m'], { domain: 'my' }), node('Leak', ['m'], ['b'], { domain: 'my' })],
    )
    const model = calling([twice, leak], (b, x) => b.node('Twice', [x], {}, { domain: 'my', name: 't' }))
    const ops = inlineFunctions(model).graph.nodes.map((n) => n.opType)
    expect(ops).toEqual(['Neg', 'LeakyRelu', 'Neg', 'LeakyRelu'])
  })

  it('keeps a value apart from one of the same name outside', () => {
    const model = calling([leak], (b, x) => {
      const clash = b.node('Relu', [x], {}, { outputs: ['a/n'] })
      return b.node('Add', [clash, b.node('Leak', [x], {}, { domain: 'my', name: 'a' })])
    })
    const made = inlineFunctions(model).graph.nodes.flatMap((n) => n.outputs)
    expect(new Set(made).size).toBe(made.length)
  })

  it('hands through inputs, leaves out optional ones, and renames inside subgraphs', () => {
    const body = {
      name: 'then',
      inputs: [],
      outputs: [{ name: 'inner', type: undefined }],
      initializers: new Map(),
      valueInfo: new Map(),
      nodes: [node('Add', ['x', 'k'], ['inner'])],
    }
    const withIf = define(
      'Choose',
      ['c', 'x', 'missing'],
      ['y', 'x'],
      [
        node('Neg', ['x'], ['k']),
        node('If', ['c'], ['y'], {
          attributes: new Map<string, Attribute>([['then_branch', { kind: 'graph', value: body }]]),
        }),
        node('Clip', ['k', 'missing'], ['unused']),
      ],
    )
    const model = calling([withIf], (b, x) =>
      b.node('Choose', ['cond', x], {}, { domain: 'my', name: 'f', outputs: ['y1', 'x1'] }),
    )
    const inlined = inlineFunctions(model)
    expect(summary(inlined)).toEqual(['f/k = Neg(x)', 'y1 = If(cond)', 'f/unused = Clip(f/k,)', 'x1 = Identity(x)'])
    const branch = inlined.graph.nodes[1]?.attributes.get('then_branch')
    expect(branch?.kind === 'graph' && branch.value.nodes[0]).toMatchObject({
      inputs: ['x', 'f/k'],
      outputs: ['f/inner'],
    })
    expect(branch?.kind === 'graph' && branch.value.outputs[0]?.name).toBe('f/inner')
  })

  it('leaves calls of known operators, and functions that speak another operator set', () => {
    const known: OperatorSet = { get: (_, opType) => (opType === 'Leak' ? ({} as never) : undefined) }
    const model = calling([leak], (b, x) => b.node('Leak', [x], {}, { domain: 'my' }))
    expect(inlineFunctions(model, known)).toBe(model)
    const older = calling([{ ...leak, opsetImports: new Map([['', 7]]) }], (b, x) =>
      b.node('Leak', [x], {}, { domain: 'my' }),
    )
    expect(summary(inlineFunctions(older))).toEqual(['Leak_0_output = Leak(x)'])
  })

  it('refuses functions that call each other in a circle', () => {
    const a = define('A', ['x'], ['y'], [node('B', ['x'], ['y'], { domain: 'my' })])
    const b = define('B', ['x'], ['y'], [node('A', ['x'], ['y'], { domain: 'my' })])
    const model = calling([a, b], (g, x) => g.node('A', [x], {}, { domain: 'my' }))
    expect(() => inlineFunctions(model)).toThrow('call each other in a circle: A → B → A')
  })
})
