import { seededRandom } from '../base/index.ts'
import { type AttributeValue, GraphBuilder, type Model, tensorOf } from '../graph/index.ts'

/*
 * The blocks of published networks that cut channels off, put them side by side and shuffle them, small: input `x` [1, 3, 32, 32], weights drawn.
 */

interface Value {
  readonly name: string
  readonly channels: number
}

interface ConvOptions {
  readonly kernel?: number
  readonly stride?: number
  readonly groups?: number
  /** Behind it; 'relu' by default. */
  readonly activation?: 'relu' | 'swish' | 'none'
}

/** Adds layers to a graph. */
class Blocks {
  readonly #builder = new GraphBuilder('joining')
  readonly #random = seededRandom(7)
  readonly input: Value = { name: this.#builder.input('x', 'float32', [1, 3, 32, 32]), channels: 3 }
  #count = 0

  node(opType: string, inputs: readonly string[], channels: number, attributes: Record<string, AttributeValue> = {}) {
    return { name: this.#builder.node(opType, inputs, attributes), channels }
  }

  conv(x: Value, channels: number, options: ConvOptions = {}): Value {
    const { kernel = 1, stride = 1, groups = 1, activation = 'relu' } = options
    const pad = kernel >> 1
    const weight = this.#drawn([channels, x.channels / groups, kernel, kernel])
    const attributes = { pads: [pad, pad, pad, pad], strides: [stride, stride], group: groups }
    const y = this.node('Conv', [x.name, weight, this.#drawn([channels])], channels, attributes)
    if (activation === 'none') return y
    if (activation === 'relu') return this.node('Relu', [y.name], channels)
    return this.node('Mul', [y.name, this.node('Sigmoid', [y.name], channels).name], channels)
  }

  /** AdderConv, BatchNormalization. */
  adder(x: Value, channels: number, kernel: number): Value {
    const pad = kernel >> 1
    const weight = this.#drawn([channels, x.channels, kernel, kernel])
    const attributes = { pads: [pad, pad, pad, pad] }
    const name = this.#builder.node('AdderConv', [x.name, weight], attributes, { domain: 'ai.kerf' })
    return this.norm({ name, channels })
  }

  depthwise(x: Value, options: ConvOptions = {}): Value {
    return this.conv(x, x.channels, { kernel: 3, activation: 'none', ...options, groups: x.channels })
  }

  norm(x: Value): Value {
    const [scale, bias, mean] = [0, 1, 2].map(() => this.#drawn([x.channels]))
    const variance = this.#floats([x.channels], () => 0.5 + this.#random.uniform())
    return this.node('BatchNormalization', [x.name, scale!, bias!, mean!, variance], x.channels)
  }

  pool(x: Value, kind: 'MaxPool' | 'AveragePool', kernel: number, stride: number): Value {
    const pad = stride === 2 && kernel === 2 ? 0 : kernel >> 1
    const attributes = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad] }
    return this.node(kind, [x.name], x.channels, attributes)
  }

  concat(parts: readonly Value[]): Value {
    const channels = parts.reduce((sum, part) => sum + part.channels, 0)
    return this.node(
      'Concat',
      parts.map(({ name }) => name),
      channels,
      { axis: 1 },
    )
  }

  split(x: Value, first: number): [Value, Value] {
    const names = [`split${this.#count++}_first`, `split${this.#count}_rest`]
    const sizes = this.#builder.ints(`sizes${this.#count++}`, [first, x.channels - first])
    this.#builder.node('Split', [x.name, sizes], { axis: 1 }, { outputs: names })
    return [
      { name: names[0]!, channels: first },
      { name: names[1]!, channels: x.channels - first },
    ]
  }

  add(a: Value, b: Value): Value {
    return this.node('Add', [a.name, b.name], a.channels)
  }

  /** @param size height and width of x */
  shuffle(x: Value, groups: number, size: number): Value {
    const shape = (...sizes: number[]) => this.#builder.ints(`shape${this.#count++}`, sizes)
    const apart = this.node('Reshape', [x.name, shape(1, groups, x.channels / groups, size, size)], x.channels)
    const turned = this.node('Transpose', [apart.name], x.channels, { perm: [0, 2, 1, 3, 4] })
    return this.node('Reshape', [turned.name, shape(1, x.channels, size, size)], x.channels)
  }

  upsample(x: Value, mode: 'nearest' | 'linear'): Value {
    const scales = this.#floats([4], (i) => (i < 2 ? 1 : 2))
    return this.node('Resize', [x.name, '', scales], x.channels, { mode })
  }

  transposed(x: Value, channels: number): Value {
    const weight = this.#drawn([x.channels, channels, 2, 2])
    return this.node('ConvTranspose', [x.name, weight], channels, { strides: [2, 2] })
  }

  model(outputs: Value): Model {
    this.#builder.output(outputs.name)
    return this.#builder.model()
  }

  #drawn(shape: readonly number[]): string {
    const fanIn = shape.slice(1).reduce((p, d) => p * d, 1)
    return this.#floats(shape, () => this.#random.normal() / Math.sqrt(fanIn))
  }

  #floats(shape: readonly number[], value: (i: number) => number): string {
    const values = Array.from({ length: shape.reduce((p, d) => p * d, 1) }, (_, i) => value(i))
    return this.#builder.constant(`c${this.#count++}`, tensorOf('float32', shape, values))
  }
}

const network = (build: (net: Blocks, x: Value) => Value) => (): Model => {
  const net = new Blocks()
  return net.model(build(net, net.conv(net.input, 24, { kernel: 3, stride: 2 })))
}

/** Huang et al., 2017: every layer reads all before it. */
const denseBlock = (net: Blocks, x: Value, layers: number): Value => {
  const features = [x]
  for (let i = 0; i < layers; i++) {
    const bottleneck = net.conv(net.node('Relu', [net.norm(net.concat(features)).name], 24 + 8 * i), 16)
    features.push(net.conv(bottleneck, 8, { kernel: 3, activation: 'none' }))
  }
  return net.concat(features)
}

/** Szegedy et al., 2015. */
const inception = (net: Blocks, x: Value): Value =>
  net.concat([
    net.conv(x, 16),
    net.conv(net.conv(x, 12), 20, { kernel: 3 }),
    net.conv(net.conv(x, 8), 12, { kernel: 5 }),
    net.conv(net.pool(x, 'MaxPool', 3, 1), 8),
  ])

/** Ma et al., 2018: half of the channels pass. */
const shuffleUnit = (net: Blocks, x: Value, size: number): Value => {
  const [passed, taken] = net.split(x, x.channels / 2)
  const y = net.conv(net.depthwise(net.conv(taken, taken.channels)), taken.channels)
  return net.shuffle(net.concat([passed, y]), 2, size)
}

const shuffleDown = (net: Blocks, x: Value, channels: number, size: number): Value => {
  const left = net.conv(net.depthwise(x, { stride: 2 }), channels / 2)
  const right = net.conv(net.depthwise(net.conv(x, channels / 2), { stride: 2 }), channels / 2)
  return net.shuffle(net.concat([left, right]), 2, size)
}

/** Zhang et al., 2018: a shuffle between grouped convolutions. */
const groupedUnit = (net: Blocks, x: Value, size: number, stride: 1 | 2): Value => {
  const hidden = net.shuffle(net.conv(x, 12, { groups: 3 }), 3, size)
  const moved = net.depthwise(hidden, { stride })
  if (stride === 1)
    return net.node(
      'Relu',
      [net.add(x, net.conv(moved, x.channels, { groups: 3, activation: 'none' })).name],
      x.channels,
    )
  const y = net.conv(moved, 24, { groups: 3, activation: 'none' })
  const joined = net.concat([net.pool(x, 'AveragePool', 3, 2), y])
  return net.node('Relu', [joined.name], joined.channels)
}

/** Jocher et al., 2023: a CSP block of bottlenecks with shortcuts. */
const c2f = (net: Blocks, x: Value, bottlenecks: number): Value => {
  const swish = { activation: 'swish' } as const
  const parts = net.split(net.conv(x, x.channels, swish), x.channels / 2)
  for (let i = 0; i < bottlenecks; i++) {
    const last = parts.at(-1)!
    const inner = net.conv(last, last.channels, { kernel: 3, ...swish })
    parts.push(net.add(last, net.conv(inner, last.channels, { kernel: 3, ...swish })))
  }
  return net.conv(net.concat(parts), x.channels, swish)
}

const sppf = (net: Blocks, x: Value): Value => {
  const parts = [net.conv(x, x.channels / 2, { activation: 'swish' })]
  for (let i = 0; i < 3; i++) parts.push(net.pool(parts.at(-1)!, 'MaxPool', 5, 1))
  return net.conv(net.concat(parts), x.channels, { activation: 'swish' })
}

/** Ronneberger et al., 2015. @param up how it comes back to size */
const unet = (net: Blocks, x: Value, up: (x: Value, channels: number) => Value): Value => {
  const double = (v: Value, channels: number) => net.conv(net.conv(v, channels, { kernel: 3 }), channels, { kernel: 3 })
  const first = double(x, 16)
  const second = double(net.pool(first, 'MaxPool', 2, 2), 24)
  const bottom = double(net.pool(second, 'MaxPool', 2, 2), 32)
  const back = double(net.concat([second, up(bottom, 24)]), 24)
  return net.conv(double(net.concat([first, up(back, 16)]), 16), 2, { activation: 'none' })
}

/** Han et al., 2020: half of the channels are made of the other half. */
const ghost = (net: Blocks, x: Value, channels: number): Value => {
  const primary = net.conv(x, channels / 2)
  return net.concat([primary, net.depthwise(primary, { activation: 'relu' })])
}

/** Chen et al., 2023: a part of the channels is convolved. */
const partialBlock = (net: Blocks, x: Value): Value => {
  const [first, rest] = net.split(x, x.channels / 4)
  const mixed = net.concat([net.conv(first, first.channels, { kernel: 3, activation: 'none' }), rest])
  return net.add(x, net.conv(net.conv(mixed, 2 * x.channels), x.channels, { activation: 'none' }))
}

/** By name. */
export const joiningNetworks = {
  DenseNet: network((net, x) => denseBlock(net, net.pool(net.conv(denseBlock(net, x, 4), 24), 'AveragePool', 2, 2), 3)),
  Inception: network((net, x) => inception(net, net.pool(inception(net, x), 'MaxPool', 3, 2))),
  'ShuffleNet v1': network((net, x) => groupedUnit(net, groupedUnit(net, groupedUnit(net, x, 16, 1), 16, 2), 8, 1)),
  'ShuffleNet v2': network((net) => {
    const x = net.pool(net.conv(net.input, 24, { kernel: 3 }), 'MaxPool', 2, 2)
    let y = shuffleDown(net, x, 58, 8)
    for (let i = 0; i < 4; i++) y = shuffleUnit(net, y, 8)
    y = shuffleUnit(net, shuffleDown(net, y, 44, 4), 4)
    return net.conv(y, 32)
  }),
  GhostNet: network((net, x) => net.add(x, ghost(net, ghost(net, x, 40), 24))),
  FasterNet: network((net, x) => partialBlock(net, partialBlock(net, x))),
  'partial, without 1×1': network((net, x) => {
    const mixed = (y: Value) => {
      const [first, rest] = net.split(y, 8)
      return net.concat([net.conv(first, 8, { kernel: 3 }), rest])
    }
    const y = net.conv(net.node('Relu', [net.norm(mixed(x)).name], 24), 24, { kernel: 3 })
    return net.conv(net.pool(mixed(y), 'MaxPool', 3, 2), 12, { kernel: 3 })
  }),
  'adder Inception': network((net, x) => {
    const narrow = net.adder(x, 12, 1)
    const joined = net.concat([narrow, net.adder(narrow, 20, 3), net.adder(x, 9, 1)])
    return net.add(joined, net.adder(joined, joined.channels, 3))
  }),
  'U-Net, transposed': network((net, x) => unet(net, x, (y, channels) => net.transposed(y, channels))),
  'U-Net, nearest': network((net, x) => unet(net, x, (y, channels) => net.upsample(net.conv(y, channels), 'nearest'))),
  'U-Net, bilinear': network((net, x) => unet(net, x, (y, channels) => net.upsample(net.conv(y, channels), 'linear'))),
  C2f: network((net, x) => c2f(net, c2f(net, x, 2), 1)),
  SPPF: network((net, x) => sppf(net, x)),
} satisfies Record<string, () => Model>
