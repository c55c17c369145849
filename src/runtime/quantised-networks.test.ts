import { describe, expect, it } from 'vitest'
import { elementCount, seededRandom } from '../base/index.ts'
import { type AttributeValue, float, GraphBuilder, type Model, type Tensor, tensorOf } from '../graph/index.ts'
import { createSession, hostTensor, hostValues, referenceRun } from './index.ts'

/*
 * Quantised operators on the kernels, against the scalar reference: codes to one step (float32 sums round where integers do not), all without a
 * notice, so that no node is left to the reference.
 */

const random = seededRandom(20261129)
const codes = (type: 'uint8' | 'int8', shape: readonly number[]): Tensor =>
  tensorOf(
    type,
    shape,
    Array.from({ length: elementCount(shape)! }, () => random.below(256) - (type === 'int8' ? 128 : 0)),
  )
const scalar = (type: 'uint8' | 'int8' | 'float32', value: number) => tensorOf(type, [], [value])
const floats = (...values: number[]) => tensorOf('float32', [values.length], values)

type Build = (b: GraphBuilder, x: string, put: (tensor: Tensor) => string) => string | readonly string[]

interface Case {
  readonly name: string
  readonly shape?: readonly number[]
  readonly opset?: number
  readonly build: Build
  /** Largest difference, in units of the result. */
  readonly tolerance?: number
}

const attributes = { pads: [1, 1, 1, 1] } satisfies Record<string, AttributeValue>

/** What onnxruntime.quantization.quantize_dynamic writes for a layer. */
const dynamic = (b: GraphBuilder, x: string, put: (t: Tensor) => string, channels: number, groups = 1): string => {
  const [q, s, z] = ['q', 's', 'z'].map((n) => `${x}_${n}`) as [string, string, string]
  b.node('DynamicQuantizeLinear', [x], {}, { outputs: [q, s, z] })
  const w = put(codes('uint8', [channels, channels / groups, 3, 3]))
  const sums = b.node('ConvInteger', [q, w, z, put(scalar('uint8', 121))], { ...attributes, group: groups })
  const scale = b.node('Mul', [s, put(floats(0.01))])
  const scaled = b.node('Mul', [b.node('Cast', [sums], { to: 1 }), scale])
  const bias = put(
    tensorOf(
      'float32',
      [1, channels, 1, 1],
      Array.from({ length: channels }, () => random.normal()),
    ),
  )
  return b.node('Relu', [b.node('Add', [scaled, bias])])
}

/** The same as older versions of it write it: the bias joins the sums, in int32. */
const dynamicInWholes: Build = (b, x, put) => {
  b.node('DynamicQuantizeLinear', [x], {}, { outputs: ['q', 's', 'z'] })
  const w = put(codes('uint8', [8, 8, 3, 3]))
  const scale = b.node('Mul', ['s', put(floats(0.01))])
  const bias = put(floats(...Array.from({ length: 8 }, () => 20 * random.normal())))
  const rounded = b.node('Cast', [b.node('Floor', [b.node('Div', [bias, scale])])], { to: 6 })
  const turned = b.node('Reshape', [rounded, put(tensorOf('int64', [4], [1, -1, 1, 1]))])
  const sums = b.node('ConvInteger', ['q', w, 'z', put(scalar('uint8', 121))], attributes)
  return b.node('Mul', [b.node('Cast', [b.node('Add', [sums, turned])], { to: 1 }), scale])
}

/** x · 1000 in int32. */
const thousands = (b: GraphBuilder, x: string, put: (t: Tensor) => string): string =>
  b.node('Cast', [b.node('Mul', [x, put(floats(1000))])], { to: 6 })

const cases: readonly Case[] = [
  { name: 'layers quantised dynamically, their bias in int32', build: dynamicInWholes, tolerance: 0.02 },
  {
    name: 'int32: Cast, Sub, Abs, Neg, Add, Max, Concat, Cast',
    build: (b, x, put) => {
      const q = thousands(b, x, put)
      const less = b.node('Abs', [b.node('Sub', [q, put(tensorOf('int32', [7], [1, -2, 3, -4, 5, -6, 2 ** 22]))])])
      const sum = b.node('Add', [b.node('Neg', [less]), b.node('Max', [q, less])])
      return b.node('Cast', [b.node('Concat', [sum, q], { axis: 1 })], { to: 1 })
    },
  },
  {
    // 2^21 · 2^11, rounded once, as the Cast does.
    name: 'int32 beyond 2^24 that ends as float32: Mul',
    build: (b, x, put) => {
      const q = b.node('Cast', [b.node('Mul', [x, put(floats(2 ** 21 / 8))])], { to: 6 })
      return b.node('Cast', [b.node('Mul', [q, put(tensorOf('int32', [7], [1, -2, 333, -1999, 2, 3, 4]))])], { to: 1 })
    },
  },
  {
    name: 'int32 outputs that are surely within 2^24',
    build: (b, x, put) => {
      const q = b.node(
        'Cast',
        [b.node('QuantizeLinear', [x, put(scalar('float32', 0.02)), put(scalar('uint8', 99))])],
        {
          to: 6,
        },
      )
      return b.node('Mul', [b.node('Add', [q, q]), put(tensorOf('int32', [], [2 ** 15]))])
    },
  },
  {
    name: 'DynamicQuantizeLinear',
    build: (b, x) => {
      b.node('DynamicQuantizeLinear', [x], {}, { outputs: ['q', 's', 'z'] })
      return ['q', 's', 'z']
    },
  },
  {
    name: 'layers quantised dynamically',
    build: (b, x, put) => dynamic(b, dynamic(b, x, put, 8), put, 8),
    tolerance: 0.5,
  },
  { name: 'depthwise', build: (b, x, put) => dynamic(b, x, put, 8, 8), tolerance: 1e-3 },
  {
    name: 'MatMulInteger, zero points per column',
    shape: [2, 5, 12],
    build: (b, x, put) => {
      b.node('DynamicQuantizeLinear', [x], {}, { outputs: ['q', 's', 'z'] })
      return b.node('MatMulInteger', ['q', put(codes('int8', [12, 7])), 'z', put(codes('int8', [7]))])
    },
  },
  {
    name: 'QuantizeLinear, QLinearConv (scales per channel, bias), MaxPool, Transpose, DequantizeLinear',
    build: (b, x, put) => {
      const [s, z] = [put(scalar('float32', 0.02)), put(scalar('uint8', 128))]
      const [ys, yz] = [put(scalar('float32', 0.9)), put(scalar('uint8', 100))]
      const w = put(codes('int8', [4, 8, 3, 3]))
      const ws = put(floats(0.011, 0.02, 0.03, 0.017))
      const inputs = [
        b.node('QuantizeLinear', [x, s, z]),
        s,
        z,
        w,
        ws,
        put(tensorOf('int8', [4], [0, 0, 0, 0])),
        ys,
        yz,
      ]
      const bias = put(tensorOf('int32', [4], [1000, -2000, 30, 0]))
      const y = b.node('QLinearConv', [...inputs, bias], attributes)
      const pooled = b.node('MaxPool', [y], { kernel_shape: [2, 2], strides: [2, 2] })
      const turned = b.node('Transpose', [pooled], { perm: [0, 2, 3, 1] })
      return [y, b.node('DequantizeLinear', [turned, ys, yz])]
    },
    tolerance: 1,
  },
  {
    name: 'QLinearMatMul',
    shape: [3, 12],
    build: (b, x, put) => {
      const [s, z] = [put(scalar('float32', 0.02)), put(scalar('uint8', 120))]
      const q = b.node('QuantizeLinear', [x, s, z])
      const w = put(codes('uint8', [12, 6]))
      const yz = put(scalar('uint8', 3))
      return b.node('QLinearMatMul', [
        q,
        s,
        z,
        w,
        put(scalar('float32', 0.01)),
        put(scalar('uint8', 7)),
        put(scalar('float32', 0.5)),
        yz,
      ])
    },
    tolerance: 1,
  },
  {
    name: 'QuantizeLinear and DequantizeLinear around Conv, per channel',
    build: (b, x, put) => {
      const [s, z] = [put(scalar('float32', 0.02)), put(scalar('uint8', 128))]
      const faked = b.node('DequantizeLinear', [b.node('QuantizeLinear', [x, s, z]), s, z])
      const w = put(codes('int8', [4, 8, 3, 3]))
      const weights = b.node('DequantizeLinear', [w, put(floats(0.1, 0.2, 0.3, 0.4)), put(codes('int8', [4]))], {
        axis: 0,
      })
      const y = b.node('Relu', [b.node('Conv', [faked, weights], attributes)])
      const parameters = [put(floats(1, 2, 3, 4)), put(tensorOf('int8', [4], [1, -2, 3, -4]))]
      return b.node('DequantizeLinear', [b.node('QuantizeLinear', [y, ...parameters]), ...parameters])
    },
    // One step of the coarsest channel.
    tolerance: 4,
  },
  ...forms(),
]

/** Operators of com.microsoft on codes: each alone, and a network of them. */
function forms(): Case[] {
  const domain = 'com.microsoft'
  const scales = (put: (t: Tensor) => string, type: 'uint8' | 'int8', scale: number, zero: number) => [
    put(scalar('float32', scale)),
    put(scalar(type, zero)),
  ]
  const one =
    (op: string, attributes: Record<string, AttributeValue> = {}, type: 'uint8' | 'int8' = 'uint8'): Build =>
    (b, x, put) => {
      const from = scales(put, type, 0.0231, 11)
      const q = b.node('QuantizeLinear', [x, ...from])
      return b.node(op, [q, ...from, ...scales(put, type, 0.0173, type === 'uint8' ? 90 : -20)], attributes, { domain })
    }
  const two =
    (op: string, stored: readonly number[] | undefined): Build =>
    (b, x, put) => {
      const from = scales(put, 'uint8', 0.0231, 100)
      const q = b.node('QuantizeLinear', [x, ...from])
      const second = stored ? put(codes('uint8', stored)) : b.node('Transpose', [q], { perm: [0, 1, 3, 2] })
      const y = scales(put, 'uint8', 0.0671, 120)
      return b.node(op, [q, ...from, second, ...scales(put, 'uint8', 0.0311, 130), ...y], {}, { domain })
    }
  const square = [1, 8, 6, 6]
  const network: Build = (b, x, put) => {
    const [s, z] = scales(put, 'uint8', 0.031, 120) as [string, string]
    const q = b.node('QuantizeLinear', [x, s, z])
    const convolution = (from: string) => {
      const w = put(codes('int8', [8, 8, 3, 3]))
      const parameters = [put(scalar('float32', 0.0011)), put(scalar('int8', 0)), s, z]
      return b.node('QLinearConv', [from, s, z, w, ...parameters], attributes)
    }
    const leaky = b.node('QLinearLeakyRelu', [convolution(q), s, z, s, z], { alpha: float(0.1371) }, { domain })
    const sum = b.node('QLinearAdd', [leaky, s, z, convolution(leaky), s, z, s, z], {}, { domain })
    const all = b.node('QLinearConcat', [s, z, sum, s, z, leaky, s, z], { axis: 1 }, { domain })
    const mean = b.node('QLinearGlobalAveragePool', [all, s, z, s, z], {}, { domain })
    const matrix = [put(codes('int8', [5, 16])), put(floats(0.01, 0.02, 0.015, 0.0175, 0.03))]
    const zeros = put(tensorOf('int8', [5], [0, 0, 0, 0, 0]))
    const bias = put(tensorOf('int32', [5], [100, -200, 300, 0, 7]))
    const y = scales(put, 'uint8', 0.05, 100)
    const gemm = b.node(
      'QGemm',
      [b.node('Flatten', [mean]), s, z, ...matrix, zeros, bias, ...y],
      { transB: 1 },
      { domain },
    )
    return b.node('DequantizeLinear', [
      b.node('QLinearSigmoid', [gemm, ...y, ...scales(put, 'uint8', 1 / 256, 0)], {}, { domain }),
      ...scales(put, 'uint8', 1 / 256, 0),
    ])
  }
  return [
    { name: 'QLinearSigmoid', build: one('QLinearSigmoid') },
    { name: 'QLinearLeakyRelu, signed', build: one('QLinearLeakyRelu', { alpha: float(0.2) }, 'int8') },
    { name: 'QLinearAveragePool', build: one('QLinearAveragePool', { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }) },
    { name: 'QLinearGlobalAveragePool', build: one('QLinearGlobalAveragePool') },
    { name: 'QLinearSoftmax', build: one('QLinearSoftmax', { axis: -1, opset: 13 }) },
    { name: 'QLinearReduceMean', build: one('QLinearReduceMean', { axes: [2, 3], keepdims: 0 }) },
    { name: 'QLinearAdd of two computed values', shape: square, build: two('QLinearAdd', undefined) },
    { name: 'QLinearAdd, the second stored and broadcast', build: two('QLinearAdd', [8, 1, 1]) },
    { name: 'QLinearMul', shape: square, build: two('QLinearMul', undefined) },
    { name: 'a network of quantised operators', build: network, tolerance: 2 / 256 },
  ].map((c) => ({ tolerance: 1, ...c }))
}

function model({ shape = [2, 8, 9, 7], opset = 13, build }: Case): Model {
  const b = new GraphBuilder('quantised', opset)
  const x = b.input('x', 'float32', shape)
  let stored = 0
  const put = (tensor: Tensor) => b.constant(`c${stored++}`, tensor)
  for (const name of [build(b, x, put)].flat()) b.output(name)
  return b.model()
}

async function run(network: Model, shape: readonly number[]) {
  const notices: string[] = []
  const session = await createSession(network, { onNotice: (text) => notices.push(text) })
  const values = Float32Array.from({ length: elementCount(shape)! }, () => random.normal())
  const x = hostTensor('float32', shape, values)
  const received = await session.run({ x })
  const expected = referenceRun(network, new Map([['x', x]]))
  session.dispose()
  return { received, expected, notices }
}

describe('quantised networks', () => {
  it.each(cases)('$name', async (c) => {
    const { received, expected, notices } = await run(model(c), c.shape ?? [2, 8, 9, 7])
    expect(notices).toEqual([])
    for (const [name, wanted] of expected) {
      const own = received[name]
      expect([own?.elementType, own?.shape]).toEqual([wanted.elementType, wanted.shape])
      const [a, w] = [hostValues(own as never), hostValues(wanted)]
      const most = Math.max(...w.map((v, i) => Math.abs(v - a[i]!)))
      expect(most).toBeLessThanOrEqual(c.tolerance ?? 0)
      // What is equal for almost all is no accident.
      expect(w.filter((v, i) => Math.abs(v - a[i]!) > 1e-3).length).toBeLessThan(0.02 * w.length)
    }
  })
})

describe('int32 that float32 may not hold', () => {
  const refused = async (shape: readonly number[], build: Build) => {
    const network = model({ name: '', shape, build })
    const { received, expected, notices } = await run(network, shape)
    for (const [name, wanted] of expected) expect(received[name]?.data).toEqual(wanted.data)
    return notices.join()
  }

  it('is calculated exactly where it is an output', async () => {
    const notices = await refused([1, 40], (b, x, put) => {
      const q = b.node('Cast', [b.node('Mul', [x, put(floats(2 ** 25))])], { to: 6 })
      return b.node('Add', [q, put(tensorOf('int32', [], [1]))], {}, { name: 'sum' })
    })
    expect(notices).toContain('Add "sum" (its whole numbers may be beyond 2^24, and are wanted as they are)')
  })

  it('is calculated exactly where the reference reads it, however far behind', async () => {
    const notices = await refused([1, 40], (b, x, put) => {
      const sum = b.node('Add', [thousands(b, x, put), thousands(b, x, put)], {}, { name: 'sum' })
      const turned = b.node('Transpose', [sum], { perm: [1, 0] }, { name: 'turned' })
      return b.node('Cast', [b.node('Div', [turned, put(tensorOf('int32', [], [3]))], {}, { name: 'third' })], {
        to: 1,
      })
    })
    expect(notices).toContain('Add "sum" (its whole numbers')
    expect(notices).toContain('Div "third"')
  })

  it('is calculated exactly where so many products are summed up', async () => {
    const build =
      (terms: number): Build =>
      (b, x, put) => {
        b.node('DynamicQuantizeLinear', [x], {}, { outputs: ['q', 's', 'z'] })
        return b.node('MatMulInteger', ['q', put(tensorOf('uint8', [terms, 1], Array(terms).fill(255))), 'z'])
      }
    expect(await refused([3, 258], build(258))).toBe('')
    expect(await refused([3, 259], build(259))).toContain('MatMulInteger')
  })

  it('is calculated exactly where a stored number is none of float32', async () => {
    const notices = await refused([1, 40], (b, x, put) => {
      const sum = b.node('Add', [thousands(b, x, put), put(tensorOf('int32', [], [2 ** 24 + 1]))], {}, { name: 'sum' })
      return b.node('Cast', [sum], { to: 1 })
    })
    expect(notices).toContain('Add "sum" (input 1 has whole numbers that float32 does not hold)')
  })
})

describe('what no kernel does', () => {
  it('is said with its reason, once for each operator and reason, and its memory is counted', async () => {
    const b = new GraphBuilder('left', 13)
    const x = b.input('x', 'float32', [1, 40])
    const [first, second] = [0, 1].map((i) => b.node('Cast', [x], { to: 3 }, { name: `cut${i}` })) as [string, string]
    const sum = b.node('Add', [first, second], {}, { name: 'sum' })
    b.output(b.node('NonZero', [sum], {}, { name: 'where' }))
    const { notices } = await run(b.model(), [1, 40])
    expect(notices).toEqual([
      'no kernel does Cast "cut0" and 1 more (float32 is cut off to int8), Add "sum" (its kernel takes float32 and int32, not int8), ' +
        'NonZero "where" (none is written): the slow reference does.',
    ])
    const session = await createSession(b.model(), { onNotice: () => {} })
    const feeds = { x: hostTensor('float32', [1, 40], new Float32Array(40).fill(2)) }
    await session.run(feeds)
    // NonZero of 40 values: two rows of 40 numbers in doubles, kept and made once.
    expect(session.memory?.host).toBeGreaterThanOrEqual(640)
    session.dispose()
  })
})
