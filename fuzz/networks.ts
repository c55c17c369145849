// Random small convolutional networks, from a list of steps that each draw from a seed of their own: without one of them the others stay what they were.

import { elementCount, isConcrete, type Random, seededRandom, seedFrom } from '../src/base/index.ts'
import { type AttributeValue, analyse, float, GraphBuilder, type Model, tensorOf } from '../src/graph/index.ts'
import { operatorFacts } from '../src/ops/index.ts'
import { chance, pick, times } from './mutate.ts'
import { smallerJson } from './shrink.ts'

export interface Recipe {
  readonly seed: number
  /** Of the standard operators, 7 to 22. */
  readonly opset: number
  /** Of the input: [N, C, …]. */
  readonly shape: readonly number[]
  /**
   * Whether all numbers are codes of 8 bits with scales that are powers of two: every product and sum is then exact in float32, and runtimes must agree in
   * every bit.
   */
  readonly codes: boolean
  /** Names of `steps`, each with its seed. */
  readonly steps: readonly (readonly [name: string, seed: number])[]
}

interface Feature {
  readonly value: string
  readonly shape: readonly number[]
}

class Grower {
  readonly b: GraphBuilder
  readonly recipe: Recipe
  readonly features: Feature[]
  random: Random
  #count = 0

  constructor(recipe: Recipe) {
    this.recipe = recipe
    this.random = seededRandom(recipe.seed)
    this.b = new GraphBuilder('random', recipe.opset)
    this.features = [{ value: this.b.input('x', 'float32', recipe.shape), shape: recipe.shape }]
  }

  get opset() {
    return this.recipe.opset
  }

  step(name: string, seed: number): void {
    this.random = seededRandom(seed)
    // Mostly the newest, so that networks get deep, sometimes any, so that they branch.
    const back = this.chance(0.7) ? 0 : this.below(this.features.length)
    steps[name]!(this, this.features.at(-1 - back)!)
  }

  below = (n: number): number => this.random.below(n)
  between = (low: number, high: number): number => low + this.random.below(high - low + 1)
  chance = (part: number): boolean => chance(this.random, part)
  pick = <T>(list: readonly T[]): T => pick(this.random, list)

  weight(shape: readonly number[], { scale = 1, mean = 0 } = {}): string {
    const data = times(elementCount(shape)!, () => mean + scale * this.random.normal())
    return this.b.constant(`w${this.#count++}`, tensorOf('float32', shape, data))
  }

  positive = (count: number): string =>
    this.b.constant(
      `p${this.#count++}`,
      tensorOf(
        'float32',
        [count],
        times(count, () => 0.5 + this.random.uniform()),
      ),
    )

  store = (
    type: 'int8' | 'uint8' | 'int32' | 'int64' | 'float32',
    shape: readonly number[],
    values: readonly number[],
  ): string => this.b.constant(`c${this.#count++}`, tensorOf(type, shape, values))

  ints = (values: readonly number[]): string => this.b.ints(`i${this.#count++}`, values)

  /** Adds a node; its shape is what Kerf infers, and ONNX Runtime must come to the same. */
  add(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    domain = '',
  ): Feature {
    return this.#feature(this.b.node(op, inputs, attributes, { domain }))
  }

  /** Adds a node of several outputs. */
  addParts(op: string, inputs: readonly string[], attributes: Readonly<Record<string, AttributeValue>>, parts: number) {
    const outputs = times(parts, () => `part${this.#count++}`)
    this.b.node(op, inputs, attributes, { outputs })
    for (const output of outputs) this.#feature(output)
  }

  #feature(value: string): Feature {
    const shape = analyse(this.b.model(), operatorFacts).values.get(value)?.shape
    const feature = { value, shape: isConcrete(shape) ? shape : [] }
    // Of what is empty, too large, or not known nothing more is made.
    const count = elementCount(feature.shape) ?? 0
    if (feature.shape.length === this.recipe.shape.length && count > 0 && count < 20_000) this.features.push(feature)
    return feature
  }

  /** Window, strides, dilations and padding that leave something of these sizes. */
  window(sizes: readonly number[], { dilated = true, same = true } = {}) {
    const kernel = sizes.map((size) => this.between(1, Math.min(size, this.pick([1, 3, 3, 5]))))
    const attributes: Record<string, AttributeValue> = { kernel_shape: kernel }
    const dilations = sizes.map((size, i) =>
      kernel[i]! > 1 && (size - 1) / (kernel[i]! - 1) >= 2 ? this.between(1, 2) : 1,
    )
    if (this.chance(0.5)) attributes.strides = sizes.map(() => this.between(1, 3))
    if (dilated && this.chance(0.3)) attributes.dilations = dilations
    if (same && this.chance(0.3) && !attributes.dilations)
      attributes.auto_pad = this.pick(['SAME_UPPER', 'SAME_LOWER', 'VALID'])
    else if (this.chance(0.6)) attributes.pads = [...kernel, ...kernel].map((k) => this.below(k))
    return { kernel, attributes }
  }

  /** Codes with a scale: weights in ±63, as pairs of products of 8 bits are added in 16 where a processor lacks VNNI. */
  codes(shape: readonly number[], channels: number): { codes: string; scale: string; zero: string } {
    const perChannel = channels > 0 && this.opset >= 13 && this.chance(0.5)
    const scales = times(perChannel ? channels : 1, () => 2 ** -this.between(6, 8))
    return {
      codes: this.store(
        'int8',
        shape,
        times(elementCount(shape)!, () => this.between(-63, 63)),
      ),
      scale: this.store('float32', perChannel ? [channels] : [], scales),
      zero: this.store(
        'int8',
        perChannel ? [channels] : [],
        scales.map(() => 0),
      ),
    }
  }

  /** A scale and a zero point for values. */
  grid(): readonly [scale: string, zero: string] {
    const signed = this.chance(0.5)
    return [
      this.store('float32', [], [2 ** -this.between(3, 5)]),
      this.store(signed ? 'int8' : 'uint8', [], [signed ? this.between(-20, 20) : this.between(100, 140)]),
    ]
  }

  requantised(value: string): Feature {
    const grid = this.grid()
    return this.add('DequantizeLinear', [this.b.node('QuantizeLinear', [value, ...grid]), ...grid])
  }
}

type Step = (g: Grower, x: Feature) => void

const divisors = (n: number): number[] => times(n, (i) => i + 1).filter((d) => n % d === 0)
const spatial = ({ shape }: Feature): readonly number[] => shape.slice(2)
const channelsOf = ({ shape }: Feature): number => shape[1]!

const convolution: Step = (g, x) => {
  const { kernel, attributes } = g.window(spatial(x))
  const group = g.pick(g.chance(0.6) ? [1] : divisors(channelsOf(x)))
  const channels = group * g.between(1, g.chance(0.3) ? 20 : 5)
  const shape = [channels, channelsOf(x) / group, ...kernel]
  const inputs = [x.value, g.weight(shape, { scale: 1 / Math.sqrt(elementCount(shape.slice(1))!) })]
  if (g.chance(0.5)) inputs.push(g.weight([channels], { scale: 0.3 }))
  g.add('Conv', inputs, { ...attributes, group })
}

/** What Winograd's kernels take: 3×3, stride 1, many channels. */
const winograd: Step = (g, x) => {
  const channels = g.pick([8, 16, 17, 32])
  const size = spatial(x).map(() => 3)
  const scale = 1 / Math.sqrt(channelsOf(x) * 3 ** size.length)
  const w = g.weight([channels, channelsOf(x), ...size], { scale })
  const made = g.add('Conv', [x.value, w], { pads: [...size, ...size].map(() => g.pick([1, 1, 1, 2])) })
  if (g.chance(0.5)) g.add('Relu', [made.value])
}

const pool: Step = (g, x) => {
  const op = g.pick(['MaxPool', 'AveragePool', g.opset >= 11 ? 'LpPool' : 'MaxPool'])
  const dilated = op === 'MaxPool' ? g.opset >= 10 : g.opset >= (op === 'LpPool' ? 18 : 19)
  const { attributes } = g.window(spatial(x), { dilated })
  if (g.chance(0.4) && g.opset >= (op === 'LpPool' ? 18 : 10)) attributes.ceil_mode = 1
  if (op === 'AveragePool' && g.chance(0.4)) attributes.count_include_pad = 1
  if (op === 'LpPool') attributes.p = g.between(1, 3)
  g.add(op, [x.value], attributes)
}

const transposed: Step = (g, x) => {
  const { kernel, attributes } = g.window(spatial(x), { same: false })
  const group = g.pick(g.chance(0.6) ? [1] : divisors(channelsOf(x)))
  const each = g.between(1, 4)
  const strides = attributes.strides as readonly number[] | undefined
  if (strides && g.chance(0.4)) attributes.output_padding = strides.map((s) => g.below(s))
  // With output_padding, and with windows smaller than strides, runtimes differ: see explained.ts.
  if (g.chance(0.2) && !attributes.pads) attributes.auto_pad = g.pick(['SAME_UPPER', 'SAME_LOWER'])
  const inputs = [x.value, g.weight([channelsOf(x), each, ...kernel], { scale: 0.3 })]
  if (g.chance(0.5)) inputs.push(g.weight([each * group]))
  g.add('ConvTranspose', inputs, { ...attributes, group })
}

const activations: readonly (readonly [
  op: string,
  opset: number,
  attributes?: Readonly<Record<string, AttributeValue>>,
])[] = [
  ...(
    ['Relu', 'Sigmoid', 'Tanh', 'Softplus', 'Softsign', 'Elu', 'Selu', 'HardSigmoid', 'Abs', 'Neg', 'Exp'] as const
  ).map((op) => [op, 7] as const),
  ['LeakyRelu', 7, { alpha: float(0.1) }],
  ['ThresholdedRelu', 10, { alpha: float(0.5) }],
  ['Erf', 9],
  ['Celu', 12],
  ['HardSwish', 14],
  ['Mish', 18],
  ['Gelu', 20],
  ['Gelu', 20, { approximate: 'tanh' }],
]

const activation: Step = (g, x) => {
  const [op, , attributes] = g.pick(activations.filter(([, opset]) => g.opset >= opset))
  g.add(op, [x.value], attributes)
}

const clip: Step = (g, x) => {
  if (g.opset >= 11) g.add('Clip', [x.value, g.store('float32', [], [-0.5]), g.store('float32', [], [1])])
  else g.add('Clip', [x.value], { min: float(-0.5), max: float(1) })
}

const normalisation: Step = (g, x) => {
  const c = channelsOf(x)
  const vectors = [g.positive(c), g.weight([c])]
  const kind = g.below(6)
  if (kind <= 1)
    g.add('BatchNormalization', [x.value, ...vectors, g.weight([c]), g.positive(c)], { epsilon: float(1e-3) })
  else if (kind === 2) g.add('InstanceNormalization', [x.value, ...vectors], { epsilon: float(0.1) })
  else if (kind === 3) g.add('LRN', [x.value], { size: g.pick([1, 3, 5]), alpha: float(0.01) })
  else if (kind === 4 && g.opset >= 17)
    g.add('LayerNormalization', [x.value, g.weight(x.shape.slice(-1))], { epsilon: float(0.1) })
  else if (g.opset >= 21)
    g.add('GroupNormalization', [x.value, ...vectors], { num_groups: g.pick(divisors(c)), epsilon: float(0.1) })
}

const combine: Step = (g, x) => {
  const same = g.features.filter(({ shape }) => shape.join() === x.shape.join())
  const other = g.pick(same)
  g.add(g.pick(g.recipe.codes ? ['Add', 'Sub', 'Max'].slice(0, g.opset >= 8 ? 3 : 2) : ['Add', 'Mul', 'Sub']), [
    x.value,
    other.value,
  ])
}

const broadcast: Step = (g, x) => {
  const rank = x.shape.length
  const shape = x.shape.map((d) => (g.chance(0.5) ? d : 1)).slice(g.below(rank))
  g.add(g.pick(['Add', 'Mul', 'Sub']), g.chance(0.8) ? [x.value, g.weight(shape)] : [g.weight(shape), x.value])
}

const concat: Step = (g, x) => {
  const alike = g.features.filter((f) => f.shape[0] === x.shape[0] && spatial(f).join() === spatial(x).join())
  const parts = [x, ...times(g.between(1, 2), () => g.pick(alike))]
  g.add(
    'Concat',
    parts.map((p) => p.value),
    { axis: g.pick([1, 1, 1 - x.shape.length]) },
  )
}

const resize: Step = (g, x) => {
  const scales = [1, 1, ...spatial(x).map(() => g.pick(g.opset < 11 ? [1, 2, 3] : [1, 2, 3, 0.5, 1.5]))]
  const linear = !g.recipe.codes && spatial(x).length < 3 && g.chance(0.5)
  const mode = linear ? 'linear' : 'nearest'
  if (g.opset < 9) g.add('Upsample', [x.value], { scales: { kind: 'floats', value: scales }, mode })
  else if (g.opset < 11)
    g.add(g.opset === 9 ? 'Upsample' : 'Resize', [x.value, g.store('float32', [scales.length], scales)], { mode })
  else {
    const choices = ['half_pixel', 'asymmetric', 'pytorch_half_pixel', 'align_corners']
    const attributes: Record<string, AttributeValue> = { mode, coordinate_transformation_mode: g.pick(choices) }
    if (!linear) attributes.nearest_mode = g.pick(['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'])
    g.add('Resize', [x.value, g.store('float32', [0], []), g.store('float32', [scales.length], scales)], attributes)
  }
}

const pad: Step = (g, x) => {
  const sides = [0, 0, ...spatial(x).map((d) => g.below(Math.min(d, 3)))]
  const pads = [...sides, ...sides.map((p, i) => (i < 2 ? 0 : g.below(p + 1)))]
  const mode = g.pick(['constant', 'reflect', 'edge'])
  if (g.opset < 11) g.add('Pad', [x.value], { pads, mode })
  else g.add('Pad', [x.value, g.ints(pads)], { mode })
}

const slice: Step = (g, x) => {
  const axis = g.between(1, x.shape.length - 1)
  const [start, end] = [g.below(Math.min(2, x.shape[axis]!)), g.pick([2 ** 31 - 1, -1, x.shape[axis]!])]
  if (g.opset < 10) g.add('Slice', [x.value], { starts: [start], ends: [end], axes: [axis] })
  else g.add('Slice', [x.value, g.ints([start]), g.ints([end]), g.ints([axis]), g.ints([g.between(1, 2)])])
}

/** Channels in two parts. */
const cut: Step = (g, x) => {
  const channels = channelsOf(x)
  if (channels < 2) return
  const first = g.between(1, channels - 1)
  const sizes = [first, channels - first]
  if (g.opset < 13) g.addParts('Split', [x.value], { axis: 1, split: sizes }, 2)
  else g.addParts('Split', [x.value, g.ints(sizes)], { axis: 1 }, 2)
}

/** Channels of groups in turns, or any of them in any order. */
const shuffle: Step = (g, x) => {
  const [batch, channels, ...sizes] = x.shape as [number, number, ...number[]]
  const groups = g.pick([1, ...divisors(channels)])
  if (groups === 1) {
    const order = times(g.between(1, channels), () => g.below(channels))
    void g.add('Gather', [x.value, g.ints(order)], { axis: 1 })
    return
  }
  const spread = g.b.node('Reshape', [x.value, g.ints([batch, groups, channels / groups, ...sizes])])
  const perm = [0, 2, 1, ...sizes.map((_, i) => i + 3)]
  g.add('Reshape', [g.b.node('Transpose', [spread], { perm }), g.ints(x.shape)])
}

const rearrange: Step = (g, x) => {
  const [, c, ...sizes] = x.shape
  if (sizes.length === 2 && c! % 4 === 0 && g.chance(0.5))
    g.add('DepthToSpace', [x.value], { blocksize: 2, ...(g.opset >= 11 ? { mode: g.pick(['DCR', 'CRD']) } : {}) })
  else if (sizes.length === 2 && sizes.every((d) => d % 2 === 0) && g.chance(0.5))
    g.add('SpaceToDepth', [x.value], { blocksize: 2 })
  else g.add('Transpose', [x.value], { perm: [0, 1, ...sizes.map((_, i) => sizes.length + 1 - i)] })
}

const global: Step = (g, x) => {
  const mean = g.add(g.pick(['GlobalAveragePool', 'GlobalMaxPool']), [x.value])
  const gate = g.add('Sigmoid', [mean.value])
  g.add('Mul', [x.value, gate.value])
}

const softmax: Step = (g, x) =>
  void g.add(g.pick(['Softmax', 'LogSoftmax']), [x.value], { axis: g.between(1, x.shape.length - 1) })

/** Axes of size 1 that were left out. */
const unsqueezed = (g: Grower, value: string, axes: readonly number[]): Feature =>
  g.opset >= 13 ? g.add('Unsqueeze', [value, g.ints(axes)]) : g.add('Unsqueeze', [value], { axes })

const reductions = [
  ...['ReduceMean', 'ReduceMax', 'ReduceSum', 'ReduceL2', 'ReduceMin', 'ReduceL1', 'ReduceSumSquare'],
  'ReduceLogSumExp',
]

/** Over any axes. Half of the time these are left out first: what is left has an order of its own. */
const reduce: Step = (g, x) => {
  const any = x.shape.flatMap((_, axis) => (g.chance(axis === 0 ? 0.3 : 0.4) ? [axis] : []))
  const axes = any.length > 0 ? any : [g.between(1, x.shape.length - 1)]
  const op = g.pick(reductions)
  const keepdims = g.below(2)
  const asInput = g.opset >= (op === 'ReduceSum' ? 13 : 18)
  const made = asInput ? g.add(op, [x.value, g.ints(axes)], { keepdims }) : g.add(op, [x.value], { axes, keepdims })
  if (keepdims === 0) unsqueezed(g, made.value, axes)
}

/** In another shape: axes put together, in another order, or one of them left out; and back. */
const view: Step = (g, x) => {
  const { shape, value } = x
  const rank = shape.length
  const op = g.pick(['Relu', 'Softmax', 'Sigmoid', 'Neg'])
  const inside = (input: string, axes: number) => g.b.node(op, [input], op === 'Softmax' ? { axis: g.below(axes) } : {})
  const kind = g.below(3)
  if (kind === 0) {
    const first = g.below(rank - 1)
    const end = g.between(first + 2, rank)
    const joined = [...shape.slice(0, first), elementCount(shape.slice(first, end))!, ...shape.slice(end)]
    const made = inside(g.b.node('Reshape', [value, g.ints(joined)]), joined.length)
    g.add('Reshape', [made, g.ints(shape)])
  } else if (kind === 1) {
    const axis = g.between(1, rank - 1)
    const index = g.store('int64', [], [g.below(shape[axis]!)])
    unsqueezed(g, inside(g.b.node('Gather', [value, index], { axis }), rank - 1), [axis])
  } else {
    const perm = shape.map((_, axis) => axis)
    for (const axis of shape.keys()) {
      const other = g.below(axis + 1)
      ;[perm[axis], perm[other]] = [perm[other]!, perm[axis]!]
    }
    const back = perm.map((_, axis) => perm.indexOf(axis))
    g.add('Transpose', [inside(g.b.node('Transpose', [value], { perm }), rank)], { perm: back })
  }
}

const quantisedConvolution: Step = (g, x) => {
  const { kernel, attributes } = g.window(spatial(x))
  const group = g.pick(g.chance(0.6) ? [1] : divisors(channelsOf(x)))
  const channels = group * g.between(1, 6)
  const grid = g.grid()
  const codes = g.b.node('QuantizeLinear', [x.value, ...grid])
  const w = g.codes([channels, channelsOf(x) / group, ...kernel], channels)
  const all = { ...attributes, group }
  if (g.chance(0.5)) {
    const to = g.grid()
    const inputs = [codes, ...grid, w.codes, w.scale, w.zero, ...to]
    if (g.chance(0.5))
      inputs.push(
        g.store(
          'int32',
          [channels],
          times(channels, () => g.between(-500, 500)),
        ),
      )
    g.add('DequantizeLinear', [g.b.node('QLinearConv', inputs, all), ...to])
  } else {
    const weight = g.b.node('DequantizeLinear', [w.codes, w.scale, w.zero], g.opset >= 13 ? { axis: 0 } : {})
    const made = g.b.node('Conv', [g.b.node('DequantizeLinear', [codes, ...grid]), weight], all)
    g.requantised(g.chance(0.5) ? g.b.node('Relu', [made]) : made)
  }
}

const exactSteps: Readonly<Record<string, Step>> = {
  quantisedConvolution,
  requantise: (g, x) => void g.requantised(x.value),
  relu: (g, x) => void g.add('Relu', [x.value]),
  largest: (g, x) => void g.add('MaxPool', [x.value], g.window(spatial(x), { dilated: g.opset >= 10 }).attributes),
  sum: (g, x) => {
    combine(g, x)
    g.requantised(g.features.at(-1)!.value)
  },
}
const anySteps: Readonly<Record<string, Step>> = { concat, cut, shuffle, resize, pad, slice, rearrange }
const floatSteps: Readonly<Record<string, Step>> = {
  ...{
    convolution,
    winograd,
    pool,
    transposed,
    activation,
    clip,
    normalisation,
    combine,
    broadcast,
    global,
    softmax,
    reduce,
    view,
  },
}
const steps: Readonly<Record<string, Step>> = { ...exactSteps, ...anySteps, ...floatSteps }

/** A recipe for a network of up to `most` steps. */
export function randomRecipe(random: Random, most = 9): Recipe {
  const rank = pick(random, [1, 2, 2, 2, 3])
  const codes = chance(random, 0.25)
  const seed = random.below(2 ** 31)
  const largest = [0, 40, 17, 7][rank]!
  const shape = [
    pick(random, [1, 1, 2]),
    pick(random, [1, 2, 3, 4, 6, 8]),
    ...times(rank, () => 1 + random.below(largest)),
  ]
  const opset = (codes ? 10 : 7) + random.below(codes ? 13 : 16)
  const names = Object.keys(codes ? { ...exactSteps, ...anySteps } : { ...anySteps, ...floatSteps })
  if (codes) names.push('quantisedConvolution', 'quantisedConvolution')
  else names.push('convolution', 'convolution', 'winograd', 'activation')
  const list = times(1 + random.below(most), (i) => [pick(random, names), seedFrom(seed, `${i}`)] as const)
  // What comes in is on a grid from the first step on.
  return { seed, opset, shape, codes, steps: codes ? [['requantise', seed], ...list] : list }
}

function grown(recipe: Recipe): Grower {
  const g = new Grower(recipe)
  for (const [name, seed] of recipe.steps) g.step(name, seed)
  return g
}

/** The network of a recipe. Its outputs: the newest feature, and what nothing reads. */
export function networkOf(recipe: Recipe): Model {
  const g = grown(recipe)
  const read = new Set(g.b.model().graph.nodes.flatMap((node) => node.inputs))
  const ends = g.features.filter(({ value }) => !read.has(value) && value !== 'x')
  if (ends.length === 0) ends.push(g.add('Identity', ['x']))
  for (const { value, shape } of ends) g.b.output(value, { kind: 'tensor', elementType: 'float32', shape })
  return g.b.model()
}

/** The network of a recipe with a classifier behind its newest feature: a linear layer over the means of its channels, or over all of it, and now and then a Softmax. */
export function classifierNetwork(recipe: Recipe, classes: number): Model {
  const g = grown(recipe)
  g.random = seededRandom(seedFrom(recipe.seed, 'classifier'))
  const x = g.features.at(-1)!
  const { shape } = x
  const isMean = g.chance(0.5)
  const flat = g.add('Flatten', [isMean ? g.add('GlobalAveragePool', [x.value]).value : x.value])
  const inputs = isMean ? channelsOf(x) : elementCount(shape.slice(1))!
  const weight = g.weight([classes, inputs], { scale: 1 / Math.sqrt(inputs) })
  const scores = g.add('Gemm', [flat.value, weight, g.weight([classes])], { transB: 1 })
  const output = g.chance(0.2) ? g.add('Softmax', [scores.value], { axis: 1 }) : scores
  g.b.output(output.value, { kind: 'tensor', elementType: 'float32', shape: [shape[0]!, classes] })
  return g.b.model()
}

/** Recipes without a step, and of smaller inputs. */
export function* smallerRecipes(recipe: Recipe): Generator<Recipe> {
  for (const steps of smallerJson(recipe.steps) as Iterable<Recipe['steps']>)
    if (steps.every((step) => step.length === 2)) yield { ...recipe, steps }
  for (const [axis, size] of recipe.shape.entries())
    if (size > 1) for (const less of [1, size >> 1]) yield { ...recipe, shape: recipe.shape.with(axis, less) }
}

/** A line for each node: `Conv(x, w0 [4,1,3]) pads: [1,1]`. */
export function describe({ graph }: Model): string {
  const value = (name: string) =>
    graph.initializers.has(name) ? `${name} [${graph.initializers.get(name)!.shape}]` : name
  return graph.nodes
    .map(({ opType, inputs, attributes }) => {
      const given = [...attributes].map(([name, a]) => `${name}: ${'value' in a ? JSON.stringify(a.value) : a.kind}`)
      return `${opType}(${inputs.map(value).join(', ')}) ${given.join(', ')}`
    })
    .join('\n')
}
