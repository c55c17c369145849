// What a file says cannot take more memory than the limit, nor more stack or time than its size: on models of a few bytes that stand for gigabytes, and on
// ones that are long rows of nodes.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { setMemoryLimit } from '../src/base/index.ts'
import { profileModel } from '../src/cost/index.ts'
import {
  analyse,
  type FunctionDefinition,
  GraphBuilder,
  inlineFunctions,
  type Model,
  makeNode,
  Names,
  type Tensor,
  tensorOf,
  validated,
} from '../src/graph/index.ts'
import { modelBytes, readModel } from '../src/onnx/index.ts'
import { operators } from '../src/ops/index.ts'
import { pruneModel } from '../src/prune/index.ts'
import { backendNames, createSession, type HostTensor, hostTensor } from '../src/runtime/index.ts'

const outcome = async (work: () => unknown): Promise<string> => {
  try {
    return `done: ${await work()}`
  } catch (error) {
    const { code, message } = error as Error & { code?: string }
    return `${code}: ${message}`
  }
}

const ints = (...values: number[]) => tensorOf('int64', [values.length], values)
const scalar = (value: number, type: 'int64' | 'float32' = 'int64') => tensorOf(type, [], [value])

/** A network whose output is made by one node from constants, added to x [1]. */
function made(opType: string, inputs: readonly Tensor[], attributes = {}): Model {
  const b = new GraphBuilder('made')
  b.input('x', 'float32', [1])
  const names = inputs.map((tensor, i) => b.constant(`c${i}`, tensor))
  b.output(b.node(opType, names, attributes, { name: 'big', outputs: ['y'] }))
  return b.model()
}

describe('memory', () => {
  beforeEach(() => setMemoryLimit(2 ** 26))
  afterEach(() => setMemoryLimit())

  const huge: readonly [string, readonly Tensor[], Record<string, number | string>?][] = [
    ['ConstantOfShape', [ints(2 ** 40)]],
    ['Range', [scalar(0), scalar(2 ** 31), scalar(1)]],
    ['Expand', [tensorOf('float32', [1], [1]), ints(2 ** 20, 2 ** 20)]],
    ['Tile', [tensorOf('float32', [1], [1]), ints(2 ** 34)]],
    ['Pad', [tensorOf('float32', [1], [1]), ints(2 ** 33, 2 ** 33)]],
    ['OneHot', [ints(1), scalar(2 ** 36), tensorOf('float32', [2], [0, 1])]],
    [
      'Resize',
      [tensorOf('float32', [1, 1, 2], [1, 2]), tensorOf('float32', [0], []), tensorOf('float32', [3], [1, 1, 2 ** 33])],
    ],
  ]
  for (const backend of backendNames)
    it.each(huge)(`is refused before ${backend} makes: %s`, async (opType, inputs, attributes) => {
      const session = await createSession(made(opType, inputs, attributes), { backend, onNotice() {} })
      const text = await outcome(() => session.run({ x: hostTensor('float32', [1], [1]) }))
      expect(text).toMatch(/^out-of-memory: .*(big|y).* takes .*; the limit is 64 MiB\./)
      await session.dispose()
    })

  it('is refused for a matrix of ones on its diagonal, and for the plan', async () => {
    const b = new GraphBuilder('eye')
    const shape = b.ints('shape', [2 ** 20, 2 ** 20])
    b.input('x', 'float32', [1])
    b.output(b.node('EyeLike', [b.node('ConstantOfShape', [shape])], {}, { outputs: ['y'] }))
    const run = async (model: Model, feeds: Record<string, HostTensor>) => (await createSession(model)).run(feeds)
    const x = { x: hostTensor('float32', [1], [1]) }
    expect(await outcome(() => run(b.model(), x))).toMatch(/^out-of-memory: /)
    const c = new GraphBuilder('wide')
    const wide = c.node('Expand', [c.input('x', 'float32', [1]), c.ints('s', [2 ** 25])])
    c.output(c.node('Relu', [wide]))
    expect(await outcome(() => run(c.model(), x))).toMatch(
      /^out-of-memory: The plan takes \d+ MiB; the limit is 64 MiB/,
    )
  })

  it('counts what a network holds, not one value by one', async () => {
    const b = new GraphBuilder('many')
    const x = b.input('x', 'float32', [1])
    const shape = b.ints('shape', [2 ** 21])
    // 8 MiB each as float32, all of them alive until the end.
    const parts = Array.from({ length: 10 }, () => b.node('Expand', [x, shape]))
    b.output(b.node('Sum', parts, {}, { outputs: ['y'] }))
    const session = await createSession(b.model(), { backend: 'reference' })
    const text = await outcome(() => session.run({ x: hostTensor('float32', [1], [1]) }))
    expect(text).toMatch(/^out-of-memory: .* beside the \d+ MiB that are held; the limit is 64 MiB/)
  })

  it('is refused to a loop that stacks rows for ever', async () => {
    const b = new GraphBuilder('loop')
    const x = b.input('x', 'float32', [2 ** 16])
    const body = new GraphBuilder('body')
    body.input('round', 'int64', [])
    const condition = body.input('condition', 'bool', [])
    body.output(body.node('Identity', [condition]))
    body.output(body.node('Neg', [x], {}, { outputs: ['row'] }))
    const graph = body.model().graph
    const rounds = b.constant('rounds', scalar(2 ** 30))
    b.output(
      b.node('Loop', [rounds, ''], { body: { kind: 'graph', value: graph } }, { name: 'endless', outputs: ['rows'] }),
      {
        kind: 'tensor',
        elementType: 'float32',
        shape: ['n', 2 ** 16],
      },
    )
    const session = await createSession(b.model(), { backend: 'reference' })
    const feed = { x: hostTensor('float32', [2 ** 16], new Float32Array(2 ** 16)) }
    expect(await outcome(() => session.run(feed))).toMatch(/^out-of-memory: What Loop "endless" stacks takes/)
  })

  it('is not taken to count a repeated value', async () => {
    const b = new GraphBuilder('repeated')
    const x = b.input('x', 'float32', [1, 3, 8, 8])
    for (const [name, value] of [
      ['ones', 1],
      ['zeros', 0],
    ] as const) {
      const shape = b.ints(`${name}_shape`, [2 ** 28, 3, 1, 1])
      const tensor = tensorOf('float32', [1], [value])
      b.output(b.node('Conv', [x, b.node('ConstantOfShape', [shape], { value: { kind: 'tensor', value: tensor } })]))
    }
    const profile = await profileModel(b.model(), { countNonZero: true })
    expect(profile.layers.map((layer) => [layer.params, layer.nonZeroParams])).toEqual([
      [3 * 2 ** 28, 3 * 2 ** 28],
      [3 * 2 ** 28, 0],
    ])
    await expect(pruneModel(b.model(), { scope: { ratio: 0.5 } })).rejects.toMatchObject({ code: 'too-large' })
  })
})

describe('long rows', () => {
  /** x + (…((c operator) operator)…) */
  function row(length: number): Model {
    const b = new GraphBuilder('row')
    const x = b.input('x', 'float32', [1, 3, 8, 8])
    let value = b.constant('c', tensorOf('float32', [3, 1, 1], [1, 2, 3]))
    for (let i = 0; i < length; i++) value = b.node('Neg', [value])
    const conv = b.node('Conv', [
      b.node('Add', [x, value]),
      b.constant(
        'w',
        tensorOf(
          'float32',
          [4, 3, 1, 1],
          Array.from({ length: 12 }, (_, i) => i - 5),
        ),
      ),
    ])
    b.output(b.node('Conv', [conv, b.constant('v', tensorOf('float32', [2, 4, 1, 1], [1, 2, 3, 4, 5, 6, 7, 8]))]))
    return b.model()
  }

  it('of constants are computed, counted and pruned', async () => {
    // An even number of signs is none.
    const [long, short] = [row(20_000), row(0)]
    expect(analyse(long, operators).values.get('Neg_19999_output')?.value?.data).toEqual(Float64Array.of(1, 2, 3))
    const feeds = {
      x: hostTensor(
        'float32',
        [1, 3, 8, 8],
        Float32Array.from({ length: 192 }, (_, i) => Math.sin(i)),
      ),
    }
    const first = async (model: Model, backend: 'wasm' | 'reference') =>
      Object.values(await (await createSession(model, { backend })).run(feeds))[0]
    expect(await first(long, 'wasm')).toEqual(await first(short, 'wasm'))
    expect(await first(long, 'reference')).toEqual(await first(short, 'reference'))
    expect((await profileModel(long)).totals.macs).toBe((await profileModel(short)).totals.macs)
    const prune = async (model: Model) => (await pruneModel(model, { scope: { ratio: 0.5 } })).after.macs
    expect(await prune(long)).toBe(await prune(short))
  })

  const call = (name: string, from: string, to: string) => makeNode(name, [from], [to], {}, { domain: 'my' })
  const define = (name: string, nodes: FunctionDefinition['nodes']): FunctionDefinition => ({
    ...{ name, nodes, domain: 'my', inputs: ['a'], outputs: ['z'] },
    ...{
      attributes: [],
      defaults: new Map(),
      opsetImports: new Map([
        ['', 17],
        ['my', 1],
      ]),
    },
  })
  function calling(functions: readonly FunctionDefinition[]): Model {
    const b = new GraphBuilder('calling')
    const x = b.input('x', 'float32', [3])
    b.output(b.node('F0', [x], {}, { domain: 'my', name: 'top', outputs: ['y'] }))
    return { ...b.model(), functions }
  }
  const last = (i: number) => define(`F${i}`, [makeNode('Neg', ['a'], ['z'])])

  it('of functions that call each other are inlined', () => {
    const count = 5000
    const functions = Array.from({ length: count }, (_, i) => define(`F${i}`, [call(`F${i + 1}`, 'a', 'z')]))
    const inlined = inlineFunctions(calling([...functions, last(count)]), operators)
    expect(inlined.graph.nodes.map((n) => [n.opType, n.inputs, n.outputs])).toEqual([['Neg', ['x'], ['y']]])
    // Each is in the next one's name: no longer than a name may be.
    expect(inlined.graph.nodes[0]?.name.length).toBeLessThanOrEqual(256)
  })

  it('of functions that call the next one twice are refused, for they stand for 2^30 nodes', () => {
    const functions = Array.from({ length: 30 }, (_, i) =>
      define(`F${i}`, [call(`F${i + 1}`, 'a', 'b'), call(`F${i + 1}`, 'b', 'z')]),
    )
    expect(() => inlineFunctions(calling([...functions, last(30)]), operators)).toThrow(
      'The functions of the model, written out, are more than 262144 nodes.',
    )
  })

  it('in functions are checked as in graphs', () => {
    const circle = define('F0', [makeNode('Add', ['a', 'z'], ['z'])])
    expect(() => readModel(modelBytes(calling([circle])))).toThrow('The function "F0" has a cycle through Add "z".')
    const dangling = define('F0', [makeNode('Add', ['a', 'nothing'], ['z'])])
    expect(() => validated(calling([dangling]))).toThrow('Add "z" reads "nothing", which nothing in the model makes')
    const turned = define('F0', [makeNode('Neg', ['b'], ['z']), makeNode('Abs', ['a'], ['b'])])
    expect(validated(calling([turned])).functions[0]?.nodes.map((n) => n.opType)).toEqual(['Abs', 'Neg'])
  })

  it('of equal wishes for a name are met at once', () => {
    let asked = 0
    class Counted extends Set<string> {
      override has(name: string): boolean {
        asked++
        return super.has(name)
      }
    }
    const names = new Names(new Counted(['a', 'a_2']))
    expect(Array.from({ length: 4 }, () => names.fresh('a'))).toEqual(['a_1', 'a_3', 'a_4', 'a_5'])
    for (let i = 0; i < 1000; i++) names.fresh('a')
    expect(asked).toBeLessThan(3000)
    // What is made of a long name is short, and still unlike others.
    const long = 'n'.repeat(100_000)
    expect([names.fresh(long), names.fresh(long)].map((name) => name.length)).toEqual([256, 258])
  })

  it('of a body without nodes stay a loop', () => {
    const body = new GraphBuilder('body')
    body.input('round', 'int64', [])
    body.output(body.input('condition', 'bool', []))
    body.output(body.input('carried', 'float32', [1]))
    const b = new GraphBuilder('loop')
    const x = b.input('x', 'float32', [1])
    const rounds = b.constant('rounds', scalar(2 ** 30))
    b.output(b.node('Loop', [rounds, '', x], { body: { kind: 'graph', value: body.model().graph } }))
    expect(analyse(b.model(), operators).calls.size).toBe(1)
  })
})

it('a tensor is split into a sequence of at most 262,144 parts', () => {
  const b = new GraphBuilder('split', 17)
  b.output(b.node('SplitToSequence', [b.input('x', 'float32', [2 ** 31])], {}, { name: 'parts' }))
  expect(() => profileModel(b.model())).toThrow('2147483648 parts are more than 262144')
})
