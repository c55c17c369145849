// Random convolutional networks made of everything that ties channels together, for properties of pruning.

import { type Random, seededRandom } from '../base/index.ts'
import { GraphBuilder, type Model } from '../graph/index.ts'
import { weightsFor } from './weights.ts'

const size = 6

/** A value [1, channels, 6, 6] of the network under construction. */
interface Feature {
  readonly value: string
  readonly channels: number
}

class Grower {
  readonly b = new GraphBuilder('random')
  readonly random: Random
  readonly features: Feature[] = []
  #n = 0

  constructor(random: Random) {
    this.random = random
  }

  weight(shape: readonly number[], scale?: number): string {
    const count = shape.reduce((p, d) => p * d, 1)
    const s = scale ?? 1 / Math.sqrt(count / shape[0]! || 1)
    return weightsFor(this.b, () => s * this.random.normal())(`w${this.#n++}`, ...shape)
  }

  name(wish: string): string {
    return `${wish}${this.#n++}`
  }

  positive(count: number): string {
    return weightsFor(this.b, () => 0.5 + this.random.uniform())(`p${this.#n++}`, count)
  }

  ints(values: readonly number[]): string {
    return this.b.ints(`i${this.#n++}`, values)
  }

  pick(): Feature {
    // Mostly the newest, so that networks get deep, sometimes any, so that they branch.
    const back = this.random.uniform() < 0.6 ? 1 : 1 + this.random.below(this.features.length)
    return this.features[this.features.length - back]!
  }

  width(): number {
    return [4, 6, 8, 12][this.random.below(4)]!
  }

  add(value: string, channels: number): Feature {
    const f = { value, channels }
    this.features.push(f)
    return f
  }

  conv(x: Feature, channels: number, k = this.random.below(2) ? 3 : 1): Feature {
    const inputs = [x.value, this.weight([channels, x.channels, k, k])]
    if (this.random.below(2)) inputs.push(this.weight([channels], 0.5))
    return this.add(
      this.b.node('Conv', inputs, { kernel_shape: [k, k], pads: new Array<number>(4).fill(k >> 1) }),
      channels,
    )
  }

  /** A value with this many channels: an existing one, or one made by a convolution. */
  withChannels(channels: number): Feature {
    return (
      this.features.find((f) => f.channels === channels && this.random.below(2)) ?? this.conv(this.pick(), channels)
    )
  }
}

const divisors = (n: number): number[] => [2, 3, 4, 6].filter((d) => n % d === 0 && d < n)

type Step = (g: Grower) => void

const steps: Readonly<Record<string, Step>> = {
  conv: (g) => g.conv(g.pick(), g.width()),
  batchNormalization: (g) => {
    const x = g.pick()
    const c = x.channels
    g.add(
      g.b.node('BatchNormalization', [x.value, g.positive(c), g.weight([c], 1), g.weight([c], 1), g.positive(c)]),
      c,
    )
  },
  activation: (g) => {
    const x = g.pick()
    g.add(g.b.node(['Relu', 'Sigmoid', 'HardSwish', 'Tanh', 'Softplus'][g.random.below(5)]!, [x.value]), x.channels)
  },
  prelu: (g) => {
    const x = g.pick()
    g.add(g.b.node('PRelu', [x.value, g.weight([x.channels, 1, 1], 0.3)]), x.channels)
  },
  combine: (g) => {
    const x = g.pick()
    const y = g.withChannels(x.channels)
    g.add(g.b.node(['Add', 'Mul', 'Sub', 'Max'][g.random.below(4)]!, [x.value, y.value]), x.channels)
  },
  constantOperand: (g) => {
    const x = g.pick()
    g.add(g.b.node(['Add', 'Mul'][g.random.below(2)]!, [x.value, g.weight([x.channels, 1, 1], 1)]), x.channels)
  },
  concat: (g) => {
    const parts = Array.from({ length: 2 + g.random.below(2) }, () => g.pick())
    const values = parts.map((p) => p.value)
    g.add(
      g.b.node('Concat', values, { axis: 1 }),
      parts.reduce((s, p) => s + p.channels, 0),
    )
  },
  split: (g) => {
    const x = g.pick()
    const first = 1 + g.random.below(x.channels - 1)
    const name = g.name('split')
    g.b.node(
      'Split',
      [x.value, g.ints([first, x.channels - first])],
      { axis: 1 },
      { name, outputs: [`${name}_a`, `${name}_b`] },
    )
    if (first > 1) g.add(`${name}_a`, first)
    if (x.channels - first > 1) g.add(`${name}_b`, x.channels - first)
  },
  slice: (g) => {
    const x = g.pick()
    const step = 1 + g.random.below(2)
    const start = g.random.below(Math.max(1, x.channels - 4))
    const channels = Math.ceil((x.channels - start) / step)
    if (channels < 2) return
    g.add(g.b.node('Slice', [x.value, g.ints([start]), g.ints([2 ** 31]), g.ints([1]), g.ints([step])]), channels)
  },
  depthwise: (g) => {
    const x = g.pick()
    const m = 1 + g.random.below(2)
    g.add(
      g.b.node('Conv', [x.value, g.weight([x.channels * m, 1, 3, 3]), g.weight([x.channels * m], 0.5)], {
        kernel_shape: [3, 3],
        pads: [1, 1, 1, 1],
        group: x.channels,
      }),
      x.channels * m,
    )
  },
  grouped: (g) => {
    const x = g.pick()
    const groups = divisors(x.channels)
    const group = groups[g.random.below(groups.length)]
    if (!group) return
    const channels = group * (1 + g.random.below(3))
    g.add(
      g.b.node('Conv', [x.value, g.weight([channels, x.channels / group, 3, 3])], {
        kernel_shape: [3, 3],
        pads: [1, 1, 1, 1],
        group,
      }),
      channels,
    )
  },
  convTranspose: (g) => {
    const x = g.pick()
    const choices = [1, ...divisors(x.channels), x.channels]
    const group = choices[g.random.below(choices.length)]!
    const perGroup = 1 + g.random.below(3)
    g.add(
      g.b.node('ConvTranspose', [x.value, g.weight([x.channels, perGroup, 3, 3]), g.weight([perGroup * group], 0.5)], {
        kernel_shape: [3, 3],
        pads: [1, 1, 1, 1],
        group,
      }),
      perGroup * group,
    )
  },
  shuffle: (g) => {
    const x = g.pick()
    const groups = divisors(x.channels)
    const group = groups[g.random.below(groups.length)]
    if (!group) return
    const spread = g.b.node('Reshape', [x.value, g.ints([0, group, x.channels / group, size, size])])
    const turned = g.b.node('Transpose', [spread], { perm: [0, 2, 1, 3, 4] })
    g.add(g.b.node('Reshape', [turned, g.ints([0, -1, size, size])]), x.channels)
  },
  squeezeAndExcite: (g) => {
    const x = g.pick()
    const squeezed = g.b.node('GlobalAveragePool', [x.value])
    const hidden = g.b.node('Relu', [g.b.node('Conv', [squeezed, g.weight([4, x.channels, 1, 1])])])
    const gate = g.b.node('Sigmoid', [
      g.b.node('Conv', [hidden, g.weight([x.channels, 4, 1, 1]), g.weight([x.channels], 1)]),
    ])
    g.add(g.b.node('Mul', [x.value, gate]), x.channels)
  },
  pool: (g) => {
    const x = g.pick()
    g.add(
      g.b.node(['MaxPool', 'AveragePool'][g.random.below(2)]!, [x.value], {
        kernel_shape: [3, 3],
        pads: [1, 1, 1, 1],
        strides: [1, 1],
      }),
      x.channels,
    )
  },
  padChannels: (g) => {
    const x = g.pick()
    const [before, after] = [g.random.below(3), g.random.below(3)]
    g.add(g.b.node('Pad', [x.value, g.ints([0, before, 0, 0, 0, after, 0, 0])]), x.channels + before + after)
  },
  padSpace: (g) => {
    const x = g.pick()
    const padded = g.b.node('Pad', [x.value, g.ints([0, 0, 1, 1, 0, 0, 1, 1])])
    g.add(g.b.node('MaxPool', [padded], { kernel_shape: [3, 3], strides: [1, 1] }), x.channels)
  },
  gather: (g) => {
    const x = g.pick()
    const indices = Array.from({ length: 2 + g.random.below(x.channels) }, () => g.random.below(x.channels))
    g.add(g.b.node('Gather', [x.value, g.ints(indices)], { axis: 1 }), indices.length)
  },
  resize: (g) => {
    const x = g.pick()
    const large = g.b.node('Resize', [x.value, '', '', g.ints([1, x.channels, 2 * size, 2 * size])], {
      mode: 'nearest',
    })
    g.add(g.b.node('AveragePool', [large], { kernel_shape: [2, 2], strides: [2, 2] }), x.channels)
  },
  instanceNormalization: (g) => {
    const x = g.pick()
    g.add(g.b.node('InstanceNormalization', [x.value, g.positive(x.channels), g.weight([x.channels], 1)]), x.channels)
  },
  softmaxOverChannels: (g) => {
    const x = g.pick()
    g.add(g.b.node('Softmax', [x.value], { axis: 1 }), x.channels)
  },
  spaceToDepth: (g) => {
    const x = g.pick()
    const deep = g.b.node('SpaceToDepth', [x.value], { blocksize: 2 })
    g.add(g.b.node('DepthToSpace', [deep], { blocksize: 2, mode: ['DCR', 'CRD'][g.random.below(2)]! }), x.channels)
  },
}

export const stepNames = Object.keys(steps)

/** A network made by the given steps, from a seed; two outputs: a classifier's and the last feature map's mean. */
export function randomNetwork(seed: number, path: readonly string[]): Model {
  const g = new Grower(seededRandom(seed))
  const x = g.add(g.b.input('x', 'float32', [1, 3, size, size]), 3)
  g.conv(x, g.width())
  // Values of the graph's input are left out, so that not everything is frozen.
  g.features.shift()
  for (const step of path) steps[step]!(g)
  const last = g.features[g.features.length - 1]!
  if (g.random.below(2)) {
    const flat = g.b.node('Flatten', [last.value])
    const hidden = g.b.node('Relu', [
      g.b.node('Gemm', [flat, g.weight([10, last.channels * size * size]), g.weight([10], 1)], { transB: 1 }),
    ])
    g.b.output(g.b.node('MatMul', [hidden, g.weight([10, 5])]))
  } else {
    const mean = g.b.node('ReduceMean', [last.value], { axes: [2, 3], keepdims: 0 })
    g.b.output(g.b.node('Gemm', [mean, g.weight([last.channels, 5])]))
  }
  const side = g.pick()
  g.b.output(g.b.node('GlobalMaxPool', [g.b.node('Conv', [side.value, g.weight([3, side.channels, 1, 1])])]))
  return g.b.model()
}
