// Scalar references where the ONNX node tests say little, against ONNX Runtime: single nodes on random input.

import { expect, it } from 'vitest'
import { elementCount, seededRandom, seedFrom } from '../src/base/index.ts'
import { type AttributeValue, float, floats, GraphBuilder, type Tensor, tensorOf } from '../src/graph/index.ts'
import { modelBytes } from '../src/onnx/index.ts'
import { type HostTensor, hostTensor, hostValues, referenceRun } from '../src/runtime/index.ts'
import { describeOrt, runOrt } from '../src/testing/ort.ts'

interface Case {
  readonly name: string
  readonly op: string
  /** Shapes of float32 inputs, filled with random numbers, or stored tensors. */
  readonly inputs: readonly (readonly number[] | Tensor | undefined)[]
  readonly attributes?: Readonly<Record<string, AttributeValue>>
  readonly opset?: number
  readonly outputs?: number
}

const random = (seed: number) => seededRandom(seed)
/**
 * Random codes. Those of int8 stay within ±64: where a processor lacks VNNI, ONNX Runtime adds pairs of products of uint8 and int8 in 16 bits, which
 * larger weights overflow.
 */
const bytes = (seed: number, shape: readonly number[], type: 'uint8' | 'int8' = 'uint8') => {
  const r = random(seed)
  const [low, count] = type === 'int8' ? [-64, 129] : [0, 256]
  return tensorOf(
    type,
    shape,
    Array.from({ length: elementCount(shape)! }, () => low + r.below(count)),
  )
}
const scalar = (type: 'float32' | 'uint8' | 'int8', value: number) => tensorOf(type, [], [value])
const vector = (...values: number[]) => tensorOf('float32', [values.length], values)
const image = [2, 4, 9, 8]
const of = (op: string, cases: readonly Omit<Case, 'op'>[]): Case[] => cases.map((c) => ({ ...c, op }))

const convolutions = of('Conv', [
  { name: 'plain', inputs: [image, [6, 4, 3, 3], [6]] },
  {
    name: 'strides, pads, dilations',
    inputs: [image, [6, 4, 3, 2]],
    attributes: { strides: [2, 1], pads: [2, 0, 1, 3], dilations: [2, 3] },
  },
  { name: 'groups', inputs: [image, [6, 2, 3, 3], [6]], attributes: { group: 2, pads: [1, 1, 1, 1] } },
  { name: 'depthwise with a multiplier', inputs: [image, [8, 1, 3, 3]], attributes: { group: 4 } },
  { name: 'SAME_UPPER', inputs: [image, [5, 4, 4, 3]], attributes: { auto_pad: 'SAME_UPPER', strides: [2, 3] } },
  { name: 'SAME_LOWER', inputs: [image, [5, 4, 4, 3]], attributes: { auto_pad: 'SAME_LOWER', strides: [2, 3] } },
  ...['SAME_UPPER', 'SAME_LOWER'].flatMap((auto_pad) =>
    [4, 5, 6, 7, 8].map((stride) => ({
      name: `${auto_pad}, narrower than steps of ${stride}`,
      inputs: [
        [1, 2, 16, 17],
        [3, 2, 1, 2],
      ],
      attributes: { auto_pad, strides: [stride, stride] },
    })),
  ),
  { name: 'VALID', inputs: [image, [5, 4, 4, 3]], attributes: { auto_pad: 'VALID' } },
  { name: '1-D', inputs: [[2, 4, 11], [6, 4, 3], [6]], attributes: { strides: [2], pads: [1, 1] } },
  {
    name: '3-D',
    inputs: [
      [1, 2, 5, 4, 6],
      [3, 2, 2, 3, 2],
    ],
    attributes: { dilations: [1, 1, 2] },
  },
])

const transposed = of('ConvTranspose', [
  {
    name: 'strides and output_padding',
    inputs: [image, [4, 3, 3, 3], [3]],
    attributes: { strides: [2, 3], output_padding: [1, 2], pads: [1, 0, 1, 1] },
  },
  { name: 'groups and dilations', inputs: [image, [4, 3, 3, 2], [6]], attributes: { group: 2, dilations: [2, 1] } },
  { name: 'output_shape', inputs: [image, [4, 3, 3, 3]], attributes: { strides: [2, 2], output_shape: [18, 16] } },
  { name: 'SAME_UPPER', inputs: [image, [4, 3, 3, 3]], attributes: { strides: [2, 2], auto_pad: 'SAME_UPPER' } },
  { name: 'SAME_LOWER', inputs: [image, [4, 3, 3, 3]], attributes: { strides: [2, 2], auto_pad: 'SAME_LOWER' } },
  {
    name: '1-D',
    inputs: [
      [2, 4, 7],
      [4, 2, 3],
    ],
    attributes: { strides: [2] },
  },
])

const quantised: Case[] = [
  {
    name: 'per channel, groups, bias',
    op: 'QLinearConv',
    inputs: [
      bytes(1, [1, 4, 6, 5]),
      scalar('float32', 0.02),
      scalar('uint8', 120),
      bytes(2, [6, 2, 3, 3], 'int8'),
      vector(0.01, 0.02, 0.03, 0.04, 0.05, 0.06),
      tensorOf('int8', [6], [0, 0, 0, 0, 0, 0]),
      scalar('float32', 1.5),
      scalar('uint8', 110),
      tensorOf('int32', [6], [100, -2000, 3000, 4, 5, 600]),
    ],
    attributes: { group: 2, pads: [1, 1, 1, 1], strides: [2, 1] },
  },
  {
    name: 'padding is the zero point',
    op: 'ConvInteger',
    inputs: [bytes(3, [1, 2, 5, 5]), bytes(4, [3, 2, 3, 3]), scalar('uint8', 7), scalar('uint8', 9)],
    attributes: { pads: [1, 1, 1, 1] },
  },
  {
    name: 'batches',
    op: 'MatMulInteger',
    inputs: [bytes(5, [2, 3, 4]), bytes(6, [4, 5]), scalar('uint8', 100), scalar('uint8', 120)],
  },
]

const resizes: Case[] = [
  ...['nearest', 'linear'].flatMap((mode) =>
    [vector(1, 1, 2, 3), vector(1, 1, 0.5, 0.5)].map((scales, i) => ({
      name: `${mode}, opset 10, ${['up', 'down'][i]}`,
      op: 'Resize',
      opset: 10,
      inputs: [[1, 2, 6, 8], scales],
      attributes: { mode },
    })),
  ),
  ...['nearest', 'linear'].map((mode) => ({
    name: mode,
    op: 'Upsample',
    opset: 9,
    inputs: [[1, 2, 3, 4], vector(1, 1, 2, 3)],
    attributes: { mode },
  })),
  ...['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric'].flatMap((coordinate) =>
    ['linear', 'cubic'].map((mode) => ({
      name: `${mode}, ${coordinate}`,
      op: 'Resize',
      inputs: [[1, 2, 5, 7], undefined, undefined, tensorOf('int64', [4], [1, 2, 8, 4])],
      attributes: { mode, coordinate_transformation_mode: coordinate },
    })),
  ),
]

const others: Case[] = [
  {
    name: 'boxes at and over the border',
    op: 'MaxRoiPool',
    inputs: [[2, 3, 8, 9], tensorOf('float32', [3, 5], [0, 0, 0, 8, 7, 1, 2, 3, 9, 9, 0, 5, 5, 5, 5])],
    attributes: { pooled_shape: [3, 2], spatial_scale: float(1) },
  },
  {
    name: 'alpha, beta, transposed',
    op: 'Gemm',
    inputs: [[4, 3], [5, 4], [5]],
    attributes: { transA: 1, transB: 1, alpha: float(0.5), beta: float(2) },
  },
  {
    name: 'broadcast batches',
    op: 'MatMul',
    inputs: [
      [2, 1, 3, 4],
      [3, 4, 5],
    ],
  },
  { name: 'vectors', op: 'MatMul', inputs: [[4], [2, 4, 3]] },
  { name: 'before opset 13', op: 'Softmax', opset: 11, inputs: [[2, 3, 4]], attributes: { axis: 1 } },
  { name: 'before opset 13', op: 'LogSoftmax', opset: 11, inputs: [[2, 3, 4]], attributes: { axis: 1 } },
  {
    name: 'ceil_mode and padding',
    op: 'MaxPool',
    inputs: [image],
    outputs: 2,
    attributes: { kernel_shape: [3, 2], strides: [2, 3], pads: [1, 0, 1, 1], ceil_mode: 1 },
  },
  ...['SAME_UPPER', 'SAME_LOWER'].flatMap((auto_pad) =>
    [4, 5, 6, 7, 8].map((stride) => ({
      name: `${auto_pad}, narrower than steps of ${stride}`,
      op: 'LpPool',
      inputs: [[1, 2, 16, 17]],
      attributes: { auto_pad, kernel_shape: [1, 2], strides: [stride, stride], p: 1 },
    })),
  ),
  {
    name: 'padding counted',
    op: 'AveragePool',
    inputs: [image],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad: 1 },
  },
  {
    name: 'padding not counted',
    op: 'AveragePool',
    inputs: [image],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
  },
  {
    name: 'epsilon',
    op: 'BatchNormalization',
    inputs: [image, [4], [4], [4], vector(0.5, 1, 2, 3)],
    attributes: { epsilon: float(0.1) },
  },
  { name: 'epsilon', op: 'InstanceNormalization', inputs: [image, [4], [4]], attributes: { epsilon: float(0.1) } },
  {
    name: 'channels around',
    op: 'LRN',
    inputs: [image],
    attributes: { size: 3, alpha: float(0.3), beta: float(0.6), bias: float(1.5) },
  },
  {
    name: 'at opset 7',
    op: 'Upsample',
    opset: 7,
    inputs: [[1, 2, 3, 4]],
    attributes: { mode: 'nearest', scales: floats([1, 1, 2, 2]) },
  },
  {
    name: 'chain of three',
    op: 'Einsum',
    inputs: [
      [2, 3],
      [3, 4],
      [4, 2],
    ],
    attributes: { equation: 'ij,jk,kl->il' },
  },
]

/** The model of one node, and what it is fed. */
function build({ name, op, inputs, attributes = {}, opset = 17, outputs = 1 }: Case) {
  const b = new GraphBuilder('one', opset)
  const feeds = new Map<string, HostTensor>()
  const names = inputs.map((input, i) => {
    if (!input) return ''
    if ('data' in input) return b.constant(`input${i}`, input)
    const normal = random(seedFrom(i, `${op} ${name}`)).normal
    feeds.set(`input${i}`, hostTensor('float32', input, Float64Array.from({ length: elementCount(input)! }, normal)))
    return b.input(`input${i}`, 'float32', input)
  })
  const made = Array.from({ length: outputs }, (_, i) => `output${i}`)
  b.node(op, names, attributes, { outputs: made })
  for (const [i, output] of made.entries()) {
    const integers = i > 0 || op.endsWith('Integer') || op.startsWith('QLinear')
    const elementType = i > 0 ? 'int64' : op.startsWith('QLinear') ? 'uint8' : integers ? 'int32' : 'float32'
    b.output(output, { kind: 'tensor', elementType, shape: undefined })
  }
  return { model: b.model(), feeds }
}

describeOrt('scalar references against ONNX Runtime', () => {
  it.each([...convolutions, ...transposed, ...quantised, ...resizes, ...others])('$op: $name', async (test) => {
    const { model, feeds } = build(test)
    const ort = [...feeds].map(
      ([name, t]) => [name, { type: 'float32', dims: t.shape, data: t.data as Float32Array }] as const,
    )
    const expected = await runOrt(modelBytes(model), Object.fromEntries(ort))
    const got = referenceRun(model, feeds)
    for (const [name, { dims, data }] of Object.entries(expected)) {
      const tensor = got.get(name)!
      expect(tensor.shape).toEqual(dims)
      const wanted = Float64Array.from(data as ArrayLike<number>, Number)
      const size = wanted.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
      const tolerance = tensor.elementType === 'float32' ? 1e-5 * size : 0
      hostValues(tensor).forEach((v, i) => {
        expect(Math.abs(v - wanted[i]!), `${name}, element ${i}`).toBeLessThanOrEqual(tolerance)
      })
    }
  })
})
