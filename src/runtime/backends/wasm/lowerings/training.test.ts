import { describe, expect, it } from 'vitest'
import { elementCount, seededRandom } from '../../../../base/index.ts'
import { type AttributeValue, float, floats, GraphBuilder, type Tensor, tensorOf } from '../../../../graph/index.ts'
import { createSession, hostTensor, hostValues, referenceRun } from '../../../index.ts'

/*
 * What training graphs need of the kernels: weights and biases that are computed while running, gradients, BatchNormalization in training; alone,
 * against the scalar reference.
 */

const seed = 20261125
const random = seededRandom(seed)

interface Case {
  readonly opType: string
  /** A shape: computed; a tensor: known beforehand; undefined: left out. */
  readonly inputs: readonly (readonly number[] | Tensor | undefined)[]
  readonly attributes?: Readonly<Record<string, AttributeValue>>
  readonly outputs?: number
  readonly domain?: string
  readonly label?: string
  /** Inputs that are the results of Relu. */
  readonly positive?: readonly number[]
  /** A value that is added, and a Relu, behind the first output. */
  readonly residual?: boolean
}

const known = (...shape: number[]): Tensor =>
  tensorOf(
    'float32',
    shape,
    Array.from({ length: elementCount(shape)! }, () => random.normal()),
  )

type Window = Readonly<Record<string, AttributeValue>>

/** Convolutions as [x, w, attributes]. */
const layers: readonly (readonly [label: string, x: readonly number[], w: readonly number[], window: Window])[] = [
  ['3×3', [2, 5, 7, 6], [6, 5, 3, 3], { pads: [1, 1, 1, 1] }],
  ['3×3, whole tiles', [2, 16, 8, 8], [16, 16, 3, 3], { pads: [1, 1, 1, 1] }],
  ['few channels', [2, 3, 9, 8], [9, 3, 3, 3], { pads: [1, 1, 1, 1] }],
  ['few channels, strided, no padding', [2, 1, 11, 12], [4, 1, 5, 5], { strides: [2, 2] }],
  ['strided with a rest', [2, 9, 8, 7], [12, 9, 3, 2], { strides: [2, 3], pads: [1, 0, 1, 1] }],
  ['dilated', [1, 8, 9, 9], [8, 8, 3, 3], { dilations: [2, 3], pads: [2, 3, 2, 3] }],
  ['window wider than the image', [1, 9, 3, 2], [5, 9, 5, 5], { pads: [2, 2, 2, 2] }],
  ['in groups', [2, 12, 6, 5], [18, 4, 3, 3], { group: 3, pads: [1, 1, 1, 1] }],
  ['depthwise', [2, 19, 6, 7], [19, 1, 3, 3], { group: 19, pads: [1, 1, 1, 1] }],
  ['depthwise, strided', [2, 6, 7, 8], [6, 1, 3, 3], { group: 6, pads: [1, 1, 1, 1], strides: [2, 2] }],
  ['depthwise, two filters each', [2, 5, 6, 6], [10, 1, 3, 3], { group: 5, pads: [1, 1, 1, 1] }],
  ['1×1', [3, 17, 5, 4], [11, 17, 1, 1], {}],
  ['1×1, strided', [3, 8, 5, 6], [16, 8, 1, 1], { strides: [2, 2] }],
  ['one axis', [2, 9, 13], [6, 9, 3], { pads: [2, 1], strides: [2] }],
  ['one axis, few channels', [2, 2, 13], [6, 2, 4], { pads: [2, 1] }],
]

const outputOf = (x: readonly number[], w: readonly number[], window: Window): number[] => {
  const spatial = x.slice(2)
  const list = (name: string, fallback: number) =>
    (window[name] as number[] | undefined) ?? new Array<number>(2 * spatial.length).fill(fallback)
  const sizes = spatial.map((size, i) => {
    const reach = (w[i + 2]! - 1) * list('dilations', 1)[i]! + 1
    const room = size + list('pads', 0)[i]! + list('pads', 0)[spatial.length + i]! - reach
    return Math.floor(room / list('strides', 1)[i]!) + 1
  })
  return [x[0]!, w[0]!, ...sizes]
}

const gradient = (opType: string, x: readonly number[], w: readonly number[], window: Window) => {
  const dy = outputOf(x, w, window)
  const attributes = { ...window, kernel_shape: w.slice(2) }
  return { opType, domain: 'ai.kerf', attributes, inputs: opType === 'ConvWeightGradient' ? [x, dy] : [dy, x, w] }
}

const cases: readonly Case[] = [
  ...layers.flatMap(([label, x, w, attributes]): Case[] => {
    const [outChannels] = w
    const vector = [outChannels!]
    const adder = { opType: 'AdderConv', domain: 'ai.kerf', attributes }
    return [
      { opType: 'Conv', inputs: [x, w, vector], attributes, label },
      { opType: 'Conv', inputs: [x, w], attributes, label: `${label}, residual`, residual: true },
      { ...adder, inputs: [x, w, vector], label },
      { ...adder, inputs: [x, w], label: `${label}, of positive input`, positive: [0] },
      { ...gradient('ConvWeightGradient', x, w, attributes), label },
      { ...gradient('AdderConvWeightGradient', x, w, attributes), label },
      ...['clip', 'full', 'sign'].map((difference): Case => {
        const it = gradient('AdderConvInputGradient', x, w, attributes)
        return { ...it, attributes: { ...it.attributes, difference }, label: `${label}, ${difference}` }
      }),
      {
        ...gradient('AdderConvInputGradient', x, w, attributes),
        label: `${label}, of positive input`,
        positive: [1],
      },
      // The gradient of the layer's input, with output padding where the stride leaves a rest.
      {
        opType: 'ConvTranspose',
        inputs: [outputOf(x, w, attributes), w],
        attributes: { ...attributes, output_shape: x.slice(2) },
        label: `gradient of ${label}`,
      },
    ]
  }),
  { opType: 'Conv', inputs: [[1, 4, 5, 5], known(6, 4, 3, 3), [6]], label: 'known weight, computed bias' },
  { opType: 'Conv', inputs: [[1, 4, 5, 5], [6, 4, 3, 3], known(6)], label: 'computed weight, known bias' },
  { opType: 'ConvTranspose', inputs: [[2, 5, 4, 3], [5, 7, 3, 3], [7]], attributes: { strides: [2, 2] } },
  ...[
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
  ].flatMap(([transA, transB]): Case[] => {
    const a = transA ? [7, 5] : [5, 7]
    const b = transB ? [9, 7] : [7, 9]
    const attributes = { transA: transA!, transB: transB!, alpha: float(0.5), beta: float(-2) }
    const label = `transA ${transA}, transB ${transB}`
    return [
      { opType: 'Gemm', inputs: [a, b, [9]], attributes, label },
      { opType: 'Gemm', inputs: [a, known(...b), [9]], attributes, label: `${label}, known right` },
      { opType: 'Gemm', inputs: [known(...a), b, known(9)], attributes, label: `${label}, known left` },
      { opType: 'Gemm', inputs: [a, b, [5, 1]], attributes, label: `${label}, bias per row` },
      {
        opType: 'Gemm',
        inputs: [a, b, [5, 9]],
        attributes: { ...attributes, beta: float(1) },
        label: `${label}, full`,
      },
      { opType: 'Gemm', inputs: [a, b, [1]], attributes, label: `${label}, one number` },
      { opType: 'Gemm', inputs: [a, b], attributes, label: `${label}, no bias` },
    ]
  }),
  { opType: 'Gemm', inputs: [[1, 7], [7, 9], [9]], label: 'one row' },
  ...(
    [
      [
        [5, 7],
        [7, 9],
      ],
      [
        [3, 5, 7],
        [7, 9],
      ],
      [
        [3, 5, 7],
        [3, 7, 9],
      ],
      [
        [2, 1, 5, 7],
        [3, 7, 9],
      ],
      [
        [5, 7],
        [2, 3, 7, 9],
      ],
      [[7], [7, 9]],
      [[5, 7], [7]],
      [[7], [3, 7, 2]],
    ] as const
  ).flatMap(([a, b]): Case[] => [
    { opType: 'MatMul', inputs: [a, b], label: `[${a}]·[${b}]` },
    { opType: 'MatMul', inputs: [a, known(...b)], label: `[${a}]·[${b}], known right` },
    { opType: 'MatMul', inputs: [known(...a), b], label: `[${a}]·[${b}], known left` },
  ]),
  ...[1, 4, 6, 8, 16, 19, 24, 40].flatMap((c): Case[] => {
    const shapes = [[3, c, 5, 4], [c], [c], [c], [c]]
    const attributes = { training_mode: 1, momentum: float(0.7), epsilon: float(1e-3) }
    return [
      { opType: 'BatchNormalization', inputs: shapes, attributes, outputs: 3, label: `training, ${c} channels` },
      { opType: 'BatchNormalization', inputs: shapes, attributes, label: `training, residual, ${c}`, residual: true },
      {
        opType: 'BatchNormalization',
        inputs: shapes,
        label: `computed parameters, ${c}`,
        positive: [4],
        residual: c % 2 === 0,
      },
      {
        opType: 'BatchNormalizationGradient',
        domain: 'ai.kerf',
        inputs: [[3, c, 5, 4], [3, c, 5, 4], [c]],
        outputs: 3,
        label: `${c} channels`,
      },
    ]
  }),
  {
    opType: 'BatchNormalization',
    inputs: [[3, 6, 5, 4], known(6), known(6), known(6), tensorOf('float32', [6], [1, 2, 3, 4, 5, 6])],
    label: 'known parameters, residual',
    residual: true,
  },
  {
    opType: 'BatchNormalization',
    inputs: [[9, 7], [7], known(7), [7], [7]],
    attributes: { training_mode: 1 },
    outputs: 2,
    label: 'training, matrix',
  },
  {
    opType: 'BatchNormalizationGradient',
    domain: 'ai.kerf',
    inputs: [[9, 7], [9, 7], known(7)],
    outputs: 3,
    label: 'matrix',
  },
  ...(
    [
      [[2, 6, 9, 8], { kernel_shape: [3, 2], strides: [2, 3], pads: [1, 0, 1, 1] }],
      [[2, 6, 9, 8], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }],
      [[2, 17, 8, 8], { kernel_shape: [2, 2], strides: [2, 2] }],
      [[2, 5, 11], { kernel_shape: [3], strides: [1], pads: [1, 1] }],
      [[1, 3, 4, 5, 6], { kernel_shape: [2, 3, 2], strides: [1, 2, 2] }],
    ] as const
  ).flatMap(([x, attributes]): Case[] => {
    const b = new GraphBuilder('pooled', 17)
    b.output(b.node('MaxPool', [b.input('x', 'float32', x)], attributes as never, { outputs: ['y'] }))
    const feeds = new Map([['x', hostTensor('float32', x, new Float32Array(elementCount(x)!))]])
    const dy = referenceRun(b.model(), feeds).get('y')?.shape as readonly number[]
    const window = attributes as unknown as Readonly<Record<string, AttributeValue>>
    const label = `[${x}], kernel [${attributes.kernel_shape}]`
    const domain = 'ai.kerf'
    return [
      { opType: 'MaxPoolGradient', domain, inputs: [dy, x], attributes: window, label },
      { opType: 'AveragePoolGradient', domain, inputs: [dy], attributes: { ...window, input_shape: x }, label },
      {
        opType: 'AveragePoolGradient',
        domain,
        inputs: [dy],
        attributes: { ...window, input_shape: x, count_include_pad: 1 },
        label: `${label}, padding counts`,
      },
    ]
  }),
  // Of leaky functions: the switch and the gradient have one shape, slopes another.
  ...(
    [
      [
        [2, 5, 3, 4],
        [2, 5, 3, 4],
        [2, 5, 3, 4],
      ],
      [
        [2, 5, 3, 4],
        [2, 5, 3, 4],
        [5, 1, 1],
      ],
      [[2, 5, 3, 4], [1], [2, 1, 1, 4]],
      [[7, 9], [9], [7, 1]],
      [[5, 1, 1], [2, 5, 3, 4], [1]],
    ] as const
  ).map(
    (inputs): Case => ({
      opType: 'WherePositive',
      domain: 'ai.kerf',
      inputs,
      label: inputs.map((s) => `[${s}]`).join(),
    }),
  ),
  {
    opType: 'WherePositive',
    domain: 'ai.kerf',
    inputs: [[2, 3, 4, 4], known(3, 1, 1), known(1)],
    label: 'known values',
  },
  { opType: 'WherePositive', domain: 'ai.kerf', inputs: [known(3, 1, 1), [2, 3, 4, 4], [1]], label: 'known switch' },
  // Two terms, none, one, three; and the same along every axis of both layouts.
  ...[0, 1, 2, 3].map(
    (axis): Case => ({
      opType: 'Resample',
      domain: 'ai.kerf',
      inputs: [[3, 4, 3, 5]],
      attributes: {
        axis,
        starts: [0, 2, 2, 3, 6],
        indices: [1, 0, 2, 0, 1, 2],
        weights: floats([2, -1, 1, 0.5, 0.25, 3]),
      },
      label: `axis ${axis}`,
    }),
  ),
  {
    opType: 'Resample',
    domain: 'ai.kerf',
    inputs: [[6, 4]],
    attributes: { axis: -1, starts: [0, 0, 3, 4], indices: [3, 1, 2, 0] },
    label: 'all weights 1',
  },
  {
    opType: 'Resample',
    domain: 'ai.kerf',
    inputs: [[6, 4]],
    attributes: { axis: 0, starts: [0, 0, 0], indices: [] },
    label: 'of nothing',
  },
  ...[
    [0, Number.POSITIVE_INFINITY],
    [-0.5, 0.75],
  ].map(
    ([min, max]): Case => ({
      opType: 'ClipGradient',
      domain: 'ai.kerf',
      inputs: [
        [2, 3, 5, 7],
        [2, 3, 5, 7],
      ],
      attributes: { min: float(min!), max: float(max!) },
      label: `${min} to ${max}`,
    }),
  ),
]

function modelOf({ opType, inputs, attributes, outputs = 1, domain = '', positive = [], residual = false }: Case) {
  const b = new GraphBuilder('one', 17)
  const shapes = new Map<string, readonly number[]>()
  const names = inputs.map((input, i) => {
    const name = `input${i}`
    if (!input) return ''
    if (!Array.isArray(input)) return b.constant(name, input as Tensor)
    shapes.set(b.input(name, 'float32', input as number[]), input as number[])
    return positive.includes(i) ? b.node('Relu', [name]) : name
  })
  const made = Array.from({ length: outputs }, (_, i) => `output${i}`)
  b.node(opType, names, attributes, { name: 'it', outputs: made, domain })
  if (residual) {
    const model = b.model()
    const shape = referenceRun(model, feedsFor(shapes), { outputs: ['output0'] }).get('output0')?.shape as number[]
    shapes.set(b.input('added', 'float32', shape), shape)
    b.output(b.node('Relu', [b.node('Add', ['output0', b.node('Neg', ['added'])])]))
  } else b.output('output0')
  for (const name of made.slice(1)) b.output(name)
  return { model: b.model(), shapes }
}

const feedsFor = (shapes: ReadonlyMap<string, readonly number[]>) =>
  new Map(
    [...shapes].map(([name, s]) => [
      name,
      hostTensor(
        'float32',
        s,
        Float32Array.from({ length: elementCount(s)! }, () => random.normal()),
      ),
    ]),
  )

describe(`training (seed ${seed})`, () => {
  it.each(cases.map((c) => [`${c.opType}${c.label ? ` (${c.label})` : ''}`, c] as const))('%s', async (_, c) => {
    const { model, shapes } = modelOf(c)
    const feeds = feedsFor(shapes)
    const notices: string[] = []
    const session = await createSession(model, { onNotice: (text) => notices.push(text) })
    const got = await session.run(Object.fromEntries(feeds))
    const again = await session.run(Object.fromEntries(feeds))
    session.dispose()
    // All of it by kernels.
    expect(notices).toEqual([])
    for (const [name, wanted] of referenceRun(model, feeds)) {
      const values = hostValues(wanted)
      expect(got[name]?.shape).toEqual(wanted.shape)
      // Relative to the largest: sums of many terms cancel.
      const largest = values.reduce((m: number, v: number) => Math.max(m, Math.abs(v)), 1e-3)
      const worst = hostValues(got[name] as never).reduce(
        (m: number, v: number, i: number) => Math.max(m, Math.abs(v - values[i]!) / largest),
        0,
      )
      expect(worst, name).toBeLessThan(2e-5)
      expect(again[name]?.data).toEqual(got[name]?.data)
    }
  })
})
