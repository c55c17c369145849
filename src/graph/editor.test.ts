import { describe, expect, it } from 'vitest'
import { editGraph, GraphBuilder, type Model, makeNode, tensorOf, tensorValues } from './index.ts'

const vector = (...values: number[]) => tensorOf('float32', [values.length], values)

/** y = Relu(x + w), and a value that nobody reads, from a tensor of its own. */
function small(): Model {
  const b = new GraphBuilder('small')
  const x = b.input('x', 'float32', [2])
  const sum = b.node('Add', [x, b.constant('w', vector(1, 2))], {}, { outputs: ['sum'] })
  b.output(b.node('Relu', [sum], {}, { outputs: ['y'] }))
  b.node('Neg', [b.constant('idle', vector(3, 4))], {}, { name: 'unread', outputs: ['unread'] })
  return b.model()
}

const old = (model: Model): Model => ({
  ...model,
  irVersion: 3,
  graph: {
    ...model.graph,
    inputs: [
      ...model.graph.inputs,
      ...[...model.graph.initializers].map(([name, { elementType, shape }]) => ({
        name,
        type: { kind: 'tensor' as const, elementType, shape },
      })),
    ],
  },
})

const summary = ({ graph }: Model) => graph.nodes.map((n) => `${n.outputs} = ${n.opType}(${n.inputs})`)
const inputsOf = ({ graph }: Model) => graph.inputs.map((i) => i.name)

describe('the editor', () => {
  it('leaves the given model as it is, and is the given one where nothing changes', () => {
    const model = small()
    const before = structuredClone(summary(model))
    const editor = editGraph(model)
    editor.rewrite((node) => node).dropUnread()
    expect(editor.name('w')).toBe('w_1')
    expect(editor.model()).toBe(model)
    editor
      .set('w', vector(5, 6))
      .rename('sum', 'total')
      .output('total')
      .rewrite((node) => (node.opType === 'Neg' ? [] : node))
    expect(summary(model)).toEqual(before)
    expect([...tensorValues(model.graph.initializers.get('w')!)]).toEqual([1, 2])
    expect(summary(editor.model())).toEqual(['total = Add(x,w)', 'y = Relu(total)'])
    expect(editor.model().graph.outputs.map((o) => o.name)).toEqual(['y', 'total'])
  })

  it('is the only way: the types of a model are read-only', () => {
    const model = small()
    const { graph } = model
    const [node] = graph.nodes
    const writes = (): void => {
      // @ts-expect-error nodes are not added
      graph.nodes.push(node!)
      // @ts-expect-error nor put in the place of others
      model.graph.nodes = []
      // @ts-expect-error tensors are not set
      graph.initializers.set('w', vector(1))
      // @ts-expect-error a node reads what it reads
      node!.inputs[0] = 'x'
      // @ts-expect-error and keeps its attributes
      node!.attributes.delete('axis')
      // @ts-expect-error operator sets stay
      model.opsetImports.set('', 18)
      // @ts-expect-error and so does the version
      model.irVersion = 3
    }
    expect(writes).toBeTypeOf('function')
  })

  it('hands out models that later changes do not reach', () => {
    const editor = editGraph(small()).set('w', vector(7, 8))
    const first = editor.model()
    editor
      .set('v', vector(1))
      .add(makeNode('Neg', ['v'], ['minus']))
      .import('mine', 2)
      .setMetadata('key', 'value')
    expect([...first.graph.initializers.keys()]).toEqual(['w', 'idle'])
    expect(first.graph.nodes).toHaveLength(3)
    expect(first.opsetImports.has('mine')).toBe(false)
    expect(first.metadata.size).toBe(0)
    expect(editor.model().metadata).toEqual(new Map([['key', 'value']]))
  })

  it('gives names that no value has or had, those inside of bodies included', () => {
    const body = new GraphBuilder('body')
    body.output(body.node('Neg', ['x'], {}, { outputs: ['inside'] }))
    const b = new GraphBuilder('outside')
    const branches = { then_branch: { kind: 'graph' as const, value: body.model().graph } }
    b.output(b.node('If', [b.input('x', 'bool', [])], branches, { outputs: ['y'] }))
    const editor = editGraph(b.model())
    expect(editor.constant('inside', vector(0))).toBe('inside_1')
    editor.add(makeNode('Neg', ['inside_1'], ['inside_2']))
    expect(editor.name('inside')).toBe('inside_3')
    editor.rewrite(() => [])
    expect(editor.name('y')).toBe('y_1')
  })

  it('puts nodes in front of the one that is visited, or at the end', () => {
    const editor = editGraph(small())
    editor.rewrite((node) => {
      if (node.opType !== 'Relu') return node
      const doubled = editor.node('Mul', [node.inputs[0]!, editor.constant('two', vector(2, 2))])
      return { ...node, inputs: [doubled] }
    })
    editor.node('AdderConv', ['x', 'w'], {}, { domain: 'ai.kerf', outputs: ['last'] })
    expect(summary(editor.model())).toEqual([
      'sum = Add(x,w)',
      'Mul_output = Mul(sum,two)',
      'y = Relu(Mul_output)',
      'unread = Neg(idle)',
      'last = AdderConv(x,w)',
    ])
    expect(editor.model().opsetImports.get('ai.kerf')).toBe(1)
  })

  it('lists initializers among the inputs where the IR version does', () => {
    const editor = editGraph(old(small()))
    editor.set('w', tensorOf('float32', [1], [1])).constant('new', vector(1, 2, 3))
    expect(inputsOf(editor.model())).toEqual(['x', 'w', 'idle', 'new'])
    expect(editor.model().graph.inputs[1]?.type).toMatchObject({ shape: [1] })
    expect(
      inputsOf(
        editor
          .rewrite((n) => (n.opType === 'Neg' ? [] : n))
          .dropDead()
          .model(),
      ),
    ).toEqual(['x', 'w'])
    const learnt = editGraph(old(small())).dropInputs()
    learnt.input('w', 'float32', [2])
    expect(inputsOf(learnt.model())).toEqual(['idle', 'w'])
    expect([...learnt.initializers.keys()]).toEqual(['idle'])
    expect(inputsOf(editGraph(small()).set('new', vector(1)).model())).toEqual(['x'])
  })

  it('replaces stored tensors of every kind', () => {
    const b = new GraphBuilder('stored')
    const kept = b.node('Constant', [], { value: vector(1, 2) }, { outputs: ['c'] })
    const filled = b.node('ConstantOfShape', [b.ints('size', [2])], {}, { outputs: ['f'] })
    b.output(b.node('Sum', [kept, filled, b.constant('w', vector(0, 0))], {}, { outputs: ['y'] }))
    const editor = editGraph(b.model())
    for (const name of ['c', 'f', 'w']) editor.replaceStored(name, vector(1, 2, 3), { sameFill: true })
    expect(summary(editor.model())).toEqual(['f = ConstantOfShape(f_shape)', 'y = Sum(c,f,w)'])
    expect([...editor.initializers].map(([name, t]) => [name, [...tensorValues(t)]])).toEqual([
      ['size', [2]],
      ['w', [1, 2, 3]],
      ['c', [1, 2, 3]],
      ['f_shape', [3]],
    ])
    expect(summary(editor.replaceStored('f', vector(4, 5, 6)).model())).toEqual(['y = Sum(c,f,w)'])
  })

  it('drops what was read and is read no more, or all that no output needs', () => {
    const twice = (node: Model['graph']['nodes'][number]) =>
      node.opType === 'Relu' ? { ...node, inputs: ['x'] } : node
    const unread = editGraph(small()).rewrite(twice).dropUnread().model()
    expect(summary(unread)).toEqual(['y = Relu(x)', 'unread = Neg(idle)'])
    expect([...unread.graph.initializers.keys()]).toEqual(['idle'])
    const dead = editGraph(small()).rewrite(twice).dropDead().model()
    expect(summary(dead)).toEqual(['y = Relu(x)'])
    expect(dead.graph.initializers.size).toBe(0)
  })
})
