// What a file says of itself may be wrong, and what it calls things may be anything: results are those of the data, or a typed error.

import { beforeAll, describe, expect, it } from 'vitest'
import { type ElementType, KerfError } from '../src/base/index.ts'
import {
  type AttributeValue,
  type Call,
  callOf,
  type Dense,
  GraphBuilder,
  type Model,
  runForward,
  tensorOf,
} from '../src/graph/index.ts'
import { modelBytes } from '../src/onnx/index.ts'
import { createSession, type HostTensor, hostTensor, hostValues } from '../src/runtime/index.node.ts'
import { hasOrt, loadOrt, type OrtTensor } from '../src/testing/ort.ts'

const backends = ['wasm', 'reference'] as const
const floats = (shape: readonly number[], ...values: number[]) => hostTensor('float32', shape, values)
const ints = (...values: number[]) => hostTensor('int64', [values.length], values)
const int = (value: number) => hostTensor('int64', [], [value])
const bools = (...values: number[]) => hostTensor('bool', [values.length], values)

type Feeds = Readonly<Record<string, HostTensor>>

/** A node whose output's shape depends on data, declared as it is for the first feeds; two runs, of other data. */
const cases: readonly {
  readonly opType: string
  readonly attributes?: Readonly<Record<string, AttributeValue>>
  readonly runs: readonly [Feeds, Feeds]
  readonly declared: readonly number[]
  readonly right: readonly number[]
}[] = [
  {
    opType: 'Slice',
    runs: [
      { x: floats([6], 1, 2, 3, 4, 5, 6), from: ints(0), to: ints(6) },
      { x: floats([6], 10, 20, 30, 40, 50, 60), from: ints(0), to: ints(2) },
    ],
    declared: [6],
    right: [2],
  },
  {
    opType: 'Compress',
    attributes: { axis: 0 },
    runs: [
      { x: floats([3], 1, 2, 3), condition: bools(1, 1, 1) },
      { x: floats([3], 1, 2, 3), condition: bools(0, 1, 0) },
    ],
    declared: [3],
    right: [1],
  },
  {
    opType: 'TopK',
    runs: [
      { x: floats([4], 1, 4, 2, 3), k: ints(4) },
      { x: floats([4], 1, 4, 2, 3), k: ints(2) },
    ],
    declared: [4],
    right: [2],
  },
  {
    opType: 'Unsqueeze',
    runs: [
      { x: floats([2], 1, 2), axes: ints(0) },
      { x: floats([2], 1, 2), axes: ints(1) },
    ],
    declared: [1, 2],
    right: [2, 1],
  },
  {
    opType: 'Reshape',
    runs: [
      { x: floats([4], 1, 2, 3, 4), shape: ints(4, 1) },
      { x: floats([4], 1, 2, 3, 4), shape: ints(2, 2) },
    ],
    declared: [4, 1],
    right: [2, 2],
  },
  {
    opType: 'Tile',
    runs: [
      { x: floats([2], 1, 2), repeats: ints(1) },
      { x: floats([2], 1, 2), repeats: ints(3) },
    ],
    declared: [2],
    right: [6],
  },
  {
    opType: 'Expand',
    runs: [
      { x: floats([1], 7), shape: ints(4) },
      { x: floats([1], 7), shape: ints(2) },
    ],
    declared: [4],
    right: [2],
  },
  {
    opType: 'Range',
    runs: [
      { start: floats([], 0), limit: floats([], 5), delta: floats([], 1) },
      { start: floats([], 0), limit: floats([], 2), delta: floats([], 1) },
    ],
    declared: [5],
    right: [2],
  },
  {
    opType: 'ReduceSum',
    runs: [
      { x: floats([2, 3], 1, 2, 3, 4, 5, 6), axes: ints(0) },
      { x: floats([2, 3], 1, 2, 3, 4, 5, 6), axes: ints(1) },
    ],
    declared: [1, 3],
    right: [2, 1],
  },
  {
    opType: 'NonZero',
    runs: [{ x: floats([3], 1, 2, 3) }, { x: floats([3], 0, 2, 0) }],
    declared: [1, 3],
    right: [1, 1],
  },
  {
    opType: 'OneHot',
    runs: [
      { x: ints(0, 1), depth: int(3), values: floats([2], 0, 1) },
      { x: ints(0, 1), depth: int(2), values: floats([2], 0, 1) },
    ],
    declared: [2, 3],
    right: [2, 2],
  },
  {
    opType: 'Resize',
    runs: [
      { x: floats([1, 1, 1, 2], 1, 2), roi: floats([0]), scales: floats([4], 1, 1, 1, 3) },
      { x: floats([1, 1, 1, 2], 1, 2), roi: floats([0]), scales: floats([4], 1, 1, 1, 2) },
    ],
    declared: [1, 1, 1, 6],
    right: [1, 1, 1, 4],
  },
]

/** The node, and what adds 1 to what it makes: a kernel does that where the shape is known. */
function model({ opType, attributes = {}, runs, declared }: (typeof cases)[number]): Model {
  const b = new GraphBuilder('net', 17)
  const inputs = Object.entries(runs[0]).map(([name, { elementType, shape }]) => b.input(name, elementType, shape))
  const y = b.node(opType, inputs, attributes, { outputs: opType === 'TopK' ? ['y', 'places'] : ['y'] })
  const isWhole = opType === 'NonZero'
  const type: ElementType = isWhole ? 'int64' : 'float32'
  b.output(b.node('Add', [y, b.constant('one', tensorOf(type, [], [1]))], {}, { outputs: ['z'] }))
  const made = b.model()
  const info = ['y', 'z'].map((name) => ({
    name,
    type: { kind: 'tensor', elementType: type, shape: declared } as const,
  }))
  return { ...made, graph: { ...made.graph, outputs: info.slice(1), valueInfo: new Map(info.map((v) => [v.name, v])) } }
}

const ortTypes: Partial<Record<ElementType, OrtTensor['type']>> = { float32: 'float32', int64: 'int64', bool: 'bool' }

describe('a shape that the file gives for a value that depends on data', () => {
  describe.each(cases)('$opType', (given) => {
    const expected: { readonly shape: readonly number[]; readonly values: readonly number[] }[] = []
    beforeAll(async () => {
      if (!hasOrt) return
      const session = await loadOrt(modelBytes(model(given)))
      for (const feeds of given.runs) {
        const tensors = Object.entries(feeds).map(([name, t]): [string, OrtTensor] => [
          name,
          { type: ortTypes[t.elementType]!, dims: t.shape, data: t.data as OrtTensor['data'] },
        ])
        const { z } = await session.run(Object.fromEntries(tensors))
        expected.push({ shape: z!.dims, values: Array.from(z!.data as ArrayLike<number>, Number) })
      }
      await session.release()
    })

    it.each(backends)('does not keep %s from the real one', async (backend) => {
      const session = await createSession(model(given), { backend, onNotice: () => {} })
      const found: { shape: readonly number[]; values: readonly number[] }[] = []
      for (const feeds of given.runs) {
        const z = (await session.run(feeds)).z!
        found.push({ shape: z.shape, values: [...hostValues(z)] })
      }
      await session.dispose()
      expect(found[1]?.shape).toEqual(given.right)
      if (hasOrt) expect(found).toEqual(expected)
    })
  })
})

describe('names', () => {
  const odd = ['toString', 'constructor', 'valueOf', '__proto__', 'hasOwnProperty', '']
  it.each(backends)('of inputs and outputs may be those of any object: %s', async (backend) => {
    for (const name of odd.filter((n) => n !== '')) {
      const b = new GraphBuilder('net', 17)
      const x = b.input(`${name} in`, 'float32', [1])
      b.output(b.node('Neg', [x], {}, { outputs: [name] }))
      b.output(b.node('Abs', [b.input('prototype', 'float32', [1])], {}, { outputs: ['isPrototypeOf'] }))
      const session = await createSession(b.model(), { backend })
      const into = { isPrototypeOf: floats([1], 0) }
      const results = await session.run({ [`${name} in`]: floats([1], 3), prototype: floats([1], -1) }, { into })
      expect(Object.entries(results).map(([key, t]) => [key, t.data[0]])).toEqual([
        [name, -3],
        ['isPrototypeOf', 1],
      ])
      expect(into.isPrototypeOf.data[0]).toBe(1)
      await session.dispose()
    }
  })

  it('of what every object has are missing where nothing is given', async () => {
    const b = new GraphBuilder('net', 17)
    b.output(b.node('Neg', [b.input('toString', 'float32', [1])]))
    const session = await createSession(b.model())
    await expect(session.run({})).rejects.toMatchObject({ code: 'missing-input' })
    await session.dispose()
  })
})

describe('feeds', () => {
  const negative = (): Model => {
    const b = new GraphBuilder('net', 17)
    b.output(b.node('Neg', [b.input('x', 'float32', ['N'])], {}, { outputs: ['y'] }))
    return b.model()
  }

  it.each(backends)('are what they were when run was called: %s', async (backend) => {
    const session = await createSession(negative(), { backend })
    const given = [1, 2, 3].map((value) => new Float32Array([value, value]))
    const runs = given.map((x) => session.run({ x: { elementType: 'float32', shape: [2], data: x } }))
    given[0]!.fill(9)
    structuredClone(given[1]!.buffer, { transfer: [given[1]!.buffer] })
    const results = await Promise.all(runs)
    expect(results.map(({ y }) => [...y!.data])).toEqual([1, 2, 3].map((v) => [-v, -v]))
    expect([...given[2]!]).toEqual([3, 3])
    await session.dispose()
  })

  it.each<[string, unknown, string]>([
    ['undefined', undefined, 'missing-input'],
    ['null', null, 'missing-input'],
    ['a number', 3, 'missing-input'],
    ['an array', [floats([1], 1)], 'missing-input'],
    ['a typed array', new Float32Array(2), 'missing-input'],
    ['null for an input', { x: null }, 'wrong-element-type'],
    ['a text for an input', { x: 'text' }, 'wrong-element-type'],
    ['a tensor without a shape', { x: { elementType: 'float32', data: new Float32Array(1) } }, 'wrong-element-type'],
    ['a negative size', { x: { elementType: 'float32', shape: [-1], data: new Float32Array(1) } }, 'wrong-shape'],
    ['half a size', { x: { elementType: 'float32', shape: [0.5], data: new Float32Array(1) } }, 'wrong-shape'],
  ])('that are none: %s', async (_, feeds, code) => {
    const session = await createSession(negative())
    const caught = await session.run(feeds as never).catch((error: unknown) => error)
    expect(caught).toBeInstanceOf(KerfError)
    expect((caught as KerfError).code).toBe(code)
    expect([...(await session.run({ x: floats([1], 1) })).y!.data]).toEqual([-1])
    await session.dispose()
  })
})

describe('indices out of range', () => {
  const x = floats([2, 3], 1, 2, 3, 4, 5, 6)
  const at = (shape: readonly number[], ...values: number[]) => hostTensor('int64', shape, values)
  it.each<[string, readonly HostTensor[], Readonly<Record<string, AttributeValue>>]>([
    ['Gather', [x, at([1], 2)], {}],
    ['Gather', [x, at([1], -3)], {}],
    ['GatherElements', [x, at([1, 1], 7)], { axis: 1 }],
    ['GatherND', [x, at([1, 2], 0, 3)], {}],
    ['ScatterElements', [x, at([1, 1], 3), floats([1, 1], 1)], { axis: 1 }],
    ['ScatterElements', [x, at([1, 1], -4), floats([1, 1], 1)], { axis: 1 }],
    ['ScatterND', [x, at([1, 2], 500, 0), floats([1], 1)], {}],
    ['ScatterND', [x, at([1, 1], -3), floats([1, 3], 1, 2, 3)], {}],
    ['MaxUnpool', [floats([1, 1, 1], 1), at([1, 1, 1], 99)], { kernel_shape: [2], strides: [2] }],
    ['ReverseSequence', [x, at([3], 1, 9, 1)], { time_axis: 0, batch_axis: 1 }],
    ['OneHot', [at([1], 0), at([], -3), floats([2], 0, 1)], {}],
  ])('are refused by %s', async (opType, inputs, attributes) => {
    for (const backend of backends) {
      const b = new GraphBuilder('net', 17)
      const names = inputs.map((t, i) => b.input(`x${i}`, t.elementType, t.shape))
      b.output(b.node(opType, names, attributes, { name: 'it' }))
      const run = async () => {
        const session = await createSession(b.model(), { backend, onNotice: () => {} })
        await session.run(Object.fromEntries(inputs.map((t, i) => [`x${i}`, t])))
      }
      await expect(run()).rejects.toMatchObject({ code: 'wrong-node', details: { node: 'it', opType } })
    }
  })
})

/** A node of one input of the given shape, all zeros, and stored ones: [type, shape, value of every element]. */
interface Lone {
  readonly opType: string
  readonly x: readonly [type: 'float32' | 'int32' | 'int64', shape: readonly number[]]
  readonly stored?: readonly (readonly [type: ElementType, shape: readonly number[], value: number])[]
  readonly attributes?: Readonly<Record<string, AttributeValue>>
}

function lone({ opType, x: [type, shape], stored = [], attributes = {} }: Lone): Model {
  const b = new GraphBuilder('net', 18)
  const inputs = stored.map(([of, dims, value], i) =>
    b.constant(`c${i}`, tensorOf(of, dims, new Array(dims.reduce((n, d) => n * d, 1)).fill(value))),
  )
  b.output(b.node(opType, [b.input('x', type, shape), ...inputs], attributes, { name: 'it', outputs: ['y'] }))
  return b.model()
}

const axis = (value: number): Lone['stored'] => [['int64', [1], value]]
const reductions = ['Max', 'Min', 'Mean', 'Sum', 'Prod', 'L1', 'L2', 'LogSum', 'LogSumExp', 'SumSquare']

describe('axes of size 0', () => {
  it.skipIf(!hasOrt).each<Lone>([
    ...['GlobalMaxPool', 'GlobalAveragePool', 'GlobalLpPool'].flatMap((opType): Lone[] => [
      { opType, x: ['float32', [2, 3, 0]] },
      { opType, x: ['float32', [0, 3, 4]] },
    ]),
    ...['MaxPool', 'AveragePool', 'LpPool'].flatMap((opType): Lone[] => [
      { opType, x: ['float32', [1, 3, 0]], attributes: { kernel_shape: [2], pads: [1, 1] } },
      { opType, x: ['float32', [0, 3, 4]], attributes: { kernel_shape: [2] } },
    ]),
    ...reductions.flatMap((name): Lone[] => [
      { opType: `Reduce${name}`, x: ['float32', [2, 0, 3]], stored: axis(1) },
      { opType: `Reduce${name}`, x: ['float32', [2, 0, 3]], stored: axis(0) },
    ]),
    ...['Max', 'Min', 'Mean', 'Sum', 'Prod'].map(
      (name): Lone => ({ opType: `Reduce${name}`, x: ['int32', [2, 0]], stored: axis(1) }),
    ),
    ...['ArgMax', 'ArgMin'].flatMap((opType): Lone[] => [
      { opType, x: ['float32', [2, 0, 3]], attributes: { axis: 1 } },
      { opType, x: ['float32', [2, 0, 3]], attributes: { axis: 2 } },
    ]),
    ...['Softmax', 'LogSoftmax', 'Hardmax'].map(
      (opType): Lone => ({ opType, x: ['float32', [2, 0, 3]], attributes: { axis: 1 } }),
    ),
    { opType: 'LpNormalization', x: ['float32', [2, 0]], attributes: { axis: 1 } },
    { opType: 'CumSum', x: ['float32', [2, 0]], stored: axis(1) },
    { opType: 'MatMul', x: ['float32', [2, 0]], stored: [['float32', [0, 3], 1]] },
  ])('in $opType of $x $stored $attributes', async (given) => {
    const zeros = hostTensor(given.x[0], given.x[1], new Array(given.x[1].reduce((n, d) => n * d, 1)).fill(0))
    let expected: unknown
    try {
      const session = await loadOrt(modelBytes(lone(given)), { optimization: 'disabled' })
      const { y } = await session.run({
        x: { type: given.x[0], dims: given.x[1], data: zeros.data as OrtTensor['data'] },
      })
      expected = { shape: y!.dims, values: Array.from(y!.data as ArrayLike<number>, Number) }
      await session.release()
    } catch {
      expected = 'refused'
    }
    for (const backend of backends) {
      const run = async (): Promise<unknown> => {
        try {
          await using session = await createSession(lone(given), { backend, onNotice: () => {} })
          const { y } = await session.run({ x: zeros })
          return { shape: y!.shape, values: [...hostValues(y!)] }
        } catch (error) {
          expect(error).toMatchObject({ code: 'wrong-node', details: { node: 'it' } })
          return 'refused'
        }
      }
      expect(await run(), backend).toEqual(expected)
    }
  })

  it('have nothing that Pad could repeat', async () => {
    for (const mode of ['reflect', 'edge', 'wrap'])
      await expect(
        createSession(
          lone({ opType: 'Pad', x: ['float32', [2, 0]], stored: [['int64', [4], 1]], attributes: { mode } }),
        ),
      ).rejects.toMatchObject({ code: 'wrong-node' })
  })
})

describe('whole numbers', () => {
  it.each(['Asin', 'Sqrt', 'Sigmoid', 'Exp', 'Floor'])('are refused by %s, as by ONNX Runtime', async (opType) => {
    await expect(createSession(lone({ opType, x: ['int64', [2]] }))).rejects.toMatchObject({
      code: 'wrong-node',
      message: expect.stringContaining('"x" is int64, where floating-point numbers are needed'),
    })
  })

  it.each(backends)('stay whole: %s', async (backend) => {
    // ONNX Runtime: the mean of 1, 2, 4 is 2, the length √21 is 4, −7 / 2 is −3.
    const of = async (opType: string, values: readonly number[], stored: Lone['stored'] = axis(0)) => {
      await using session = await createSession(lone({ opType, x: ['int64', [values.length]], stored }), { backend })
      return [...hostValues((await session.run({ x: ints(...values) })).y!)]
    }
    expect(await of('ReduceMean', [1, 2, 4])).toEqual([2])
    expect(await of('ReduceL2', [1, 2, 4])).toEqual([4])
    expect(await of('Div', [-7], [['int64', [], 2]])).toEqual([-3])
    expect(await of('Pow', [3], [['float32', [], 0.5]])).toEqual([1])
  })

  it('are what an operator of your own makes of them, or it is told', () => {
    const half = {
      ...{ name: 'Half', domain: 'me', inputs: ['x'], attributes: () => undefined, cost: 'none' as const },
      infer: ({ inputs: [x] }: Call) => [x!],
      forward: (_: Call, [x]: readonly (Dense | undefined)[]) => [{ ...x!, data: Array.from(x!.data, (v) => v / 2) }],
    }
    const b = new GraphBuilder('net', 18)
    b.node('Half', [b.input('x', 'int64', [2])], {}, { domain: 'me' })
    const call = callOf(half, b.model().graph.nodes[0]!, 1, [{ elementType: 'int64', shape: [2] }])
    const given = { elementType: 'int64' as const, shape: [2], data: [2, 3] }
    expect(() => runForward(half, call, [given])).toThrow('element 1 of output 0 would be 1.5, which no int64 is')
    expect(runForward(half, call, [{ ...given, data: [2, 4] }])?.[0]?.data).toEqual([1, 2])
  })
})
