import { describe, expect, it } from 'vitest'
import { elementCount, seededRandom } from '../../../../base/index.ts'
import { type AttributeValue, float, floats, GraphBuilder, type Tensor, tensorOf } from '../../../../graph/index.ts'
import { createSession, hostTensor, hostValues, referenceRun } from '../../../index.ts'

/*
 * Every operator that the kernels do, in both layouts, alone and with what is fused into it, against the scalar reference.
 */

const seed = 20260807
const random = seededRandom(seed)

type Input = readonly number[] | Tensor | undefined

interface Case {
  readonly opType: string
  readonly inputs: readonly Input[]
  readonly attributes?: Readonly<Record<string, AttributeValue>>
  readonly opset?: number
  readonly outputs?: number
  /** Inputs are made positive. */
  readonly positive?: boolean
  readonly label?: string
}

const shape = [2, 6, 5, 4]
const vector = (n: number) =>
  tensorOf(
    'float32',
    [n],
    Array.from({ length: n }, () => random.normal()),
  )
const tensor = (...of: number[]) =>
  tensorOf(
    'float32',
    of,
    Array.from({ length: elementCount(of)! }, () => random.normal()),
  )
const ints = (...values: number[]) => tensorOf('int64', [values.length], values)
const scalar = (value: number) => tensorOf('float32', [], [value])

const unary = [
  'Relu',
  'Elu',
  'Selu',
  'Celu',
  'LeakyRelu',
  'Sigmoid',
  'HardSigmoid',
  'HardSwish',
  'Tanh',
  'Erf',
  'Softplus',
  'Softsign',
  'ThresholdedRelu',
  'Exp',
  'Abs',
  'Neg',
  'Reciprocal',
  'Floor',
  'Ceil',
  'Round',
  'Sign',
]
const binary = ['Add', 'Sub', 'Mul', 'Div', 'Min', 'Max', 'Sum', 'Mean']
const reduce = [
  'ReduceSum',
  'ReduceMean',
  'ReduceMax',
  'ReduceMin',
  'ReduceProd',
  'ReduceSumSquare',
  'ReduceL1',
  'ReduceL2',
  'ReduceLogSumExp',
]

/** All axes that may be reduced, of sizes that are alike: a result in another order has the right shape. */
const subsets = [3, 4, 5].flatMap((rank) => {
  const size = Array.from({ length: rank }, () => 3)
  return Array.from(
    { length: 2 ** rank - 1 },
    (_, i) => [size, size.flatMap((_, axis) => (((i + 1) >> axis) & 1 ? [axis] : []))] as const,
  )
})

const cases: readonly Case[] = [
  ...unary.map((opType): Case => ({ opType, inputs: [shape] })),
  { opType: 'Mish', inputs: [shape], opset: 18 },
  { opType: 'Gelu', inputs: [shape], opset: 20 },
  { opType: 'Gelu', inputs: [shape], opset: 20, attributes: { approximate: 'tanh' }, label: 'tanh' },
  { opType: 'Swish', inputs: [shape], opset: 24, attributes: { alpha: float(0.7) } },
  { opType: 'Log', inputs: [shape], positive: true },
  { opType: 'Sqrt', inputs: [shape], positive: true },
  { opType: 'Clip', inputs: [shape, scalar(-0.5), scalar(0.75)] },
  { opType: 'Clip', inputs: [shape, undefined, scalar(0.75)], label: 'from above' },
  ...binary.flatMap((opType): Case[] => [
    { opType, inputs: [shape, shape], label: 'same shape' },
    { opType, inputs: [shape, [1, 6, 1, 1]], label: 'per channel, computed' },
    { opType, inputs: [shape, [2, 6, 1, 1]], label: 'squeeze and excite' },
    { opType, inputs: [shape, [2, 1, 5, 4]], label: 'per position' },
    { opType, inputs: [[5, 4], shape], label: 'fewer axes first' },
    { opType, inputs: [shape, [6, 5, 4]], label: 'fewer axes' },
    { opType, inputs: [shape, tensor(6, 1, 1)], label: 'stored per channel' },
    { opType, inputs: [tensor(6, 5, 4), shape], label: 'stored, larger, first' },
    { opType, inputs: [shape, scalar(1.7)], label: 'stored scalar' },
  ]),
  ...['Sum', 'Mean', 'Max', 'Min'].flatMap((opType): Case[] => [
    { opType, inputs: [shape, [6, 1, 1], tensor(1, 6, 5, 1)], label: 'three' },
    { opType, inputs: [shape], label: 'one' },
  ]),
  { opType: 'PRelu', inputs: [shape, tensor(6, 1, 1)] },
  ...[2, 0.5, -1, 1, 3, 1.3].map(
    (p): Case => ({ opType: 'Pow', inputs: [shape, scalar(p)], positive: true, label: `${p}` }),
  ),
  { opType: 'Pow', inputs: [shape, shape], positive: true, label: 'computed' },
  { opType: 'Pow', inputs: [[6, 5, 4], tensor(2, 1, 1, 1)], positive: true, label: 'broadcast' },
  {
    opType: 'BatchNormalization',
    inputs: [shape, vector(6), vector(6), vector(6), tensorOf('float32', [6], [1, 2, 3, 4, 5, 6])],
    attributes: { epsilon: float(1e-3) },
  },
  {
    opType: 'BatchNormalization',
    inputs: [[7, 6], vector(6), vector(6), vector(6), tensorOf('float32', [6], [1, 2, 3, 4, 5, 6])],
    label: 'matrix',
  },
  {
    opType: 'MaxPool',
    inputs: [[2, 6, 11, 12]],
    attributes: { kernel_shape: [2, 1], strides: [4, 5], auto_pad: 'SAME_LOWER' },
    label: 'narrower than its steps',
  },
  ...['MaxPool', 'AveragePool'].flatMap((opType): Case[] => [
    { opType, inputs: [[2, 6, 9, 8]], attributes: { kernel_shape: [3, 2], strides: [2, 3], pads: [1, 0, 1, 1] } },
    {
      opType,
      inputs: [[2, 6, 9, 8]],
      attributes: { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 },
      label: 'ceiling',
    },
    {
      opType,
      inputs: [[2, 6, 9, 8]],
      attributes: { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_UPPER' },
      label: 'auto_pad',
    },
    {
      opType,
      inputs: [[2, 6, 9, 8]],
      opset: 19,
      attributes: { kernel_shape: [3, 2], dilations: [2, 3] },
      label: 'dilated',
    },
    { opType, inputs: [[2, 6, 11]], attributes: { kernel_shape: [3], strides: [2], pads: [1, 1] }, label: 'one axis' },
    {
      opType,
      inputs: [[2, 3, 4, 5, 6]],
      attributes: { kernel_shape: [2, 3, 2], strides: [1, 2, 2] },
      label: 'three axes',
    },
  ]),
  {
    opType: 'AveragePool',
    inputs: [[2, 6, 9, 8]],
    attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 },
    label: 'with padding',
  },
  { opType: 'GlobalAveragePool', inputs: [shape] },
  { opType: 'GlobalMaxPool', inputs: [shape] },
  { opType: 'GlobalAveragePool', inputs: [[2, 3, 4, 5, 6]], label: 'three axes' },
  ...reduce.flatMap((opType): Case[] => [
    ...[[1], [2, 3], [3], [0, 2], [-1, 1], [0, 1, 2, 3]].map(
      (axes): Case => ({ opType, inputs: [shape, ints(...axes)], opset: 18, label: `over ${axes}` }),
    ),
    ...subsets.map(
      ([size, axes]): Case => ({
        opType,
        inputs: [size, ints(...axes)],
        opset: 18,
        attributes: { keepdims: 0 },
        label: `over ${axes} of ${size.length} axes, without them`,
      }),
    ),
    { opType, inputs: [shape], opset: 18, label: 'over all' },
  ]),
  { opType: 'ReduceLogSum', inputs: [shape, ints(2)], opset: 18, positive: true },
  ...['Softmax', 'LogSoftmax'].flatMap((opType): Case[] => [
    ...[0, 1, 2, -1].map((axis): Case => ({ opType, inputs: [shape], attributes: { axis }, label: `axis ${axis}` })),
    ...[1, 2, 3].map(
      (axis): Case => ({ opType, inputs: [shape], opset: 11, attributes: { axis }, label: `from axis ${axis} on` }),
    ),
    { opType, inputs: [[3, 10]], label: 'matrix' },
  ]),
  { opType: 'InstanceNormalization', inputs: [shape, vector(6), vector(6)] },
  { opType: 'GroupNormalization', inputs: [shape, vector(6), vector(6)], opset: 21, attributes: { num_groups: 3 } },
  {
    opType: 'GroupNormalization',
    inputs: [shape, vector(3), vector(3)],
    opset: 18,
    attributes: { num_groups: 3 },
    label: 'parameters per group',
  },
  { opType: 'LayerNormalization', inputs: [shape, vector(4), vector(4)], outputs: 3 },
  { opType: 'LayerNormalization', inputs: [shape, tensor(6, 5, 4)], attributes: { axis: 1 }, label: 'from axis 1 on' },
  { opType: 'RMSNormalization', inputs: [shape, vector(4)], opset: 23 },
  { opType: 'LRN', inputs: [shape], attributes: { size: 3, alpha: float(0.2) } },
  ...[0, 1, 2, -1].flatMap((axis) =>
    [1, 2].map(
      (p): Case => ({
        opType: 'LpNormalization',
        inputs: [shape],
        attributes: { axis, p },
        label: `p ${p}, axis ${axis}`,
      }),
    ),
  ),
  { opType: 'MeanVarianceNormalization', inputs: [shape] },
  { opType: 'MeanVarianceNormalization', inputs: [shape], attributes: { axes: [1, 3] }, label: 'over 1 and 3' },
  ...['half_pixel', 'pytorch_half_pixel', 'asymmetric', 'align_corners', 'half_pixel_symmetric'].flatMap((mode) =>
    ['linear', 'nearest', 'cubic'].map(
      (kind): Case => ({
        opType: 'Resize',
        inputs: [shape, undefined, undefined, ints(2, 6, 8, 7)],
        opset: 19,
        attributes: { mode: kind, coordinate_transformation_mode: mode },
        label: `${kind}, ${mode}`,
      }),
    ),
  ),
  ...['floor', 'ceil', 'round_prefer_floor', 'round_prefer_ceil'].map(
    (nearest_mode): Case => ({
      opType: 'Resize',
      inputs: [shape, undefined, tensorOf('float32', [4], [1, 1, 0.6, 2.5])],
      attributes: { nearest_mode },
      label: nearest_mode,
    }),
  ),
  {
    opType: 'Resize',
    inputs: [shape, undefined, undefined, ints(2, 6, 3, 2)],
    opset: 19,
    attributes: { mode: 'linear', antialias: 1 },
    label: 'antialiased',
  },
  {
    opType: 'Resize',
    inputs: [[2, 6, 5], undefined, tensorOf('float32', [3], [1, 1, 2])],
    attributes: { mode: 'linear' },
    label: 'one axis',
  },
  {
    opType: 'Resize',
    inputs: [[1, 2, 3, 4, 5], undefined, tensorOf('float32', [5], [1, 1, 2, 2, 2])],
    attributes: { mode: 'linear' },
    label: 'three axes',
  },
  {
    opType: 'Upsample',
    inputs: [shape, tensorOf('float32', [4], [1, 1, 2, 3])],
    opset: 9,
    attributes: { mode: 'linear' },
  },
  { opType: 'Upsample', inputs: [shape], opset: 7, attributes: { scales: floats([1, 1, 2, 2]) }, label: 'nearest' },
  {
    opType: 'Upsample',
    inputs: [[1, 2, 2, 3, 4]],
    opset: 7,
    attributes: { scales: floats([1, 1, 3, 2, 1]) },
    label: 'nearest, the first two of three axes',
  },
  ...[
    [0, 2, 3, 1],
    [0, 3, 1, 2],
    [3, 2, 1, 0],
    [1, 0, 2, 3],
  ].map((perm): Case => ({ opType: 'Transpose', inputs: [shape], attributes: { perm }, label: `${perm}` })),
  ...[0, 1, 2, 3, -1].map(
    (axis): Case => ({
      opType: 'Concat',
      inputs: [shape, shape, tensor(...shape)],
      attributes: { axis },
      label: `axis ${axis}`,
    }),
  ),
  {
    opType: 'Concat',
    inputs: [
      [2, 3],
      [2, 5],
    ],
    attributes: { axis: 1 },
    label: 'matrices',
  },
  ...[0, 1, 2, 3].map(
    (axis): Case => ({
      opType: 'Split',
      inputs: [shape, ints(1, shape[axis]! - 1)],
      attributes: { axis },
      outputs: 2,
      label: `axis ${axis}`,
    }),
  ),
  { opType: 'Slice', inputs: [shape, ints(1, 0), ints(6, 100), ints(1, 3), ints(2, 3)] },
  { opType: 'Slice', inputs: [shape, ints(-1, 4), ints(-100, -100), ints(1, 2), ints(-1, -2)], label: 'backwards' },
  { opType: 'Slice', inputs: [shape, ints(1, 1), ints(4, 3), ints(2, 3)], label: 'inside' },
  ...['constant', 'edge', 'reflect', 'wrap'].map(
    (mode): Case => ({
      opType: 'Pad',
      inputs: [shape, ints(0, 1, 2, 0, 0, 2, 1, 3)],
      opset: 19,
      attributes: { mode },
      label: mode,
    }),
  ),
  { opType: 'Pad', inputs: [shape, ints(0, -1, 2, 0, 1, 0, -1, 0), scalar(1.5)], label: 'cutting, with a value' },
  { opType: 'Expand', inputs: [[2, 1, 5, 1], ints(1, 6, 1, 4)] },
  { opType: 'Expand', inputs: [[6, 1, 4], ints(2, 6, 5, 4)], label: 'more axes' },
  { opType: 'Tile', inputs: [shape, ints(1, 2, 1, 3)] },
  ...[0, 1, 3].map(
    (axis): Case => ({
      opType: 'Gather',
      inputs: [shape, ints(1, 0, 1, -1)],
      attributes: { axis },
      label: `axis ${axis}`,
    }),
  ),
  { opType: 'Gather', inputs: [shape, tensorOf('int64', [], [2])], attributes: { axis: 1 }, label: 'one' },
  { opType: 'DepthToSpace', inputs: [[2, 12, 3, 5]], attributes: { blocksize: 2 } },
  {
    opType: 'DepthToSpace',
    inputs: [[2, 12, 3, 5]],
    attributes: { blocksize: 2, mode: 'CRD' },
    label: 'columns first',
  },
  { opType: 'SpaceToDepth', inputs: [[2, 3, 6, 4]], attributes: { blocksize: 2 } },
]

/** The node alone, or with its computed inputs in channels-last layout (which BatchNormalization wants) and a clamp behind it. */
function modelOf({ opType, inputs, attributes, opset, outputs = 1 }: Case, channelsLast: boolean) {
  const b = new GraphBuilder('one', opset)
  const shapes = new Map<string, readonly number[]>()
  const names = inputs.map((input, i) => {
    const name = `input${i}`
    if (!input) return ''
    if (!Array.isArray(input)) return b.constant(name, input as Tensor)
    shapes.set(b.input(name, 'float32', input as number[]), input as number[])
    const channels = (input as number[])[1]
    if (!channelsLast || channels === undefined) return name
    const ones = b.constant(`ones${i}`, tensorOf('float32', [channels], new Array(channels).fill(1)))
    const zeros = b.constant(`zeros${i}`, tensorOf('float32', [channels], new Array(channels).fill(0)))
    return b.node('BatchNormalization', [name, ones, zeros, zeros, ones], { epsilon: float(0) })
  })
  const made = Array.from({ length: outputs }, (_, i) => `output${i}`)
  b.node(opType, names, attributes, { name: 'it', outputs: made })
  b.output(channelsLast && outputs === 1 ? b.node('Relu', ['output0']) : 'output0')
  for (const name of made.slice(1)) b.output(name)
  return { model: b.model(), shapes }
}

const layouts = [
  ['as ONNX has it', false],
  ['channels last', true],
] as const

describe.each(layouts)(`lowerings, %s (seed ${seed})`, (_, channelsLast) => {
  it.each(cases.map((c) => [`${c.opType}${c.label ? ` (${c.label})` : ''}`, c] as const))('%s', async (_, c) => {
    const { model, shapes } = modelOf(c, channelsLast)
    const feeds = Object.fromEntries(
      [...shapes].map(([name, s]) => {
        const values = Float32Array.from({ length: elementCount(s)! }, () => random.normal())
        return [name, hostTensor('float32', s, c.positive ? values.map((v) => Math.abs(v) + 0.1) : values)]
      }),
    )
    const notices: string[] = []
    const session = await createSession(model, { onNotice: (text) => notices.push(text) })
    const got = await session.run(feeds)
    const again = await session.run(feeds)
    session.dispose()
    // All of it by kernels.
    expect(notices).toEqual([])
    const expected = await referenceRun(model, new Map(Object.entries(feeds)))
    for (const [name, wanted] of expected) {
      const values = hostValues(wanted)
      expect(got[name]?.shape).toEqual(wanted.shape)
      const worst = hostValues(got[name] as never).reduce((m: number, v: number, i: number) => {
        const e = values[i]!
        return v === e ? m : Math.max(m, Math.abs(v - e) / (1e-5 + 1e-4 * Math.abs(e)))
      }, 0)
      expect(worst, name).toBeLessThan(1)
      // Nothing is left over from the first run.
      expect(again[name]?.data).toEqual(got[name]?.data)
    }
  })
})
