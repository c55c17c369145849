import { KerfError } from '../base/index.ts'
import { GraphBuilder, type Model } from '../graph/index.ts'
import { adderConvolution } from './adder.ts'
import { drawn, heDeviation, trainingInitialization } from './init.ts'
import type { FeatureMap } from './layer-spec.ts'
import { Layers } from './layers.ts'

/*
 * Single layers and blocks as networks of their own: input `input` [batch, C_in, H, W], output `output` [batch, C_out, H', W']. As published, with
 * BatchNormalization and activation where the block has them; `bare` leaves the convolutions alone, as the formulas of cost/ count them.
 */

/** Sizes of a block. */
export interface BlockOptions {
  /** Of the input. */
  readonly inChannels: number
  /** Those of the input by default. */
  readonly outChannels?: number
  /** Height and width of the input; 56 by default. */
  readonly inputSize?: number | readonly [height: number, width: number]
  /** Of the k×k convolution; 3 by default. */
  readonly kernel?: number
  /** Of the k×k convolution; 1 by default. */
  readonly stride?: number
  /** Of `grouped` and `grouped-shuffle`; 4 by default. */
  readonly groups?: number
  /** Pairs of depthwise and pointwise that `separable-branches` adds up; 2 by default. */
  readonly branches?: number
  /** Hidden width of `inverted-bottleneck` by that of the input, of whole channels where it is none of the whole numbers; 6 by default. */
  readonly expansion?: number
  /** Part of the channels that `partial`, `t-shaped` and `fasternet` convolve, or that is the rank of `low-rank`, `low-rank-space` and `tucker`; 1/4 by default. */
  readonly part?: number
  /** A bias for single convolutions, and for `linear` (there true by default). */
  readonly bias?: boolean
  /** Convolutions only: no BatchNormalization, activation or residual. */
  readonly bare?: boolean
  /** First dimension; 1 by default. */
  readonly batch?: number | string
  /** Draws the weights; 0 by default. */
  readonly seed?: number
}

type Block = (net: Layers, o: Required<BlockOptions>) => FeatureMap

const single =
  (more: (o: Required<BlockOptions>) => { readonly kernel?: number; readonly groups?: number }): Block =>
  (net, o) =>
    net.conv(net.input, 'conv', {
      outChannels: o.outChannels,
      stride: o.stride,
      kernel: o.kernel,
      bias: o.bias,
      ...more(o),
    })

/** A convolution, and what stands behind it unless the block is bare. */
function convolved(
  net: Layers,
  o: Required<BlockOptions>,
  x: FeatureMap,
  name: string,
  spec: Parameters<Layers['conv']>[2],
  activation?: 'relu' | 'relu6',
): FeatureMap {
  if (o.bare) return net.conv(x, name, spec)
  const y = net.convBn(x, name, `${name}_bn`, spec)
  return activation ? net[activation](y, `${name}_${activation}`) : y
}

/**
 * A part of some channels.
 * @throws KerfError `wrong-option` where it is no whole number of them
 */
function partOf(channels: number, part: number): number {
  const some = Math.round(part * channels)
  // 1/3 is no exact number.
  if (Math.abs(some - part * channels) < 1e-9 * channels && some >= 1 && some <= channels) return some
  throw new KerfError(
    'wrong-option',
    `${part} of ${channels} channels is not a whole number of them. Choose another part or width.`,
  )
}

/** The first part of the channels convolved, the others as they are. */
function partial(net: Layers, o: Required<BlockOptions>, x: FeatureMap): FeatureMap {
  const channels = partOf(x.channels, o.part)
  if (o.stride !== 1)
    throw new KerfError(
      'wrong-option',
      'A partial convolution has stride 1: the channels that it leaves keep their size.',
    )
  if (channels === x.channels) return net.conv(x, 'partial_conv', { outChannels: channels, kernel: o.kernel })
  const [first, rest] = net.split(x, 'split', channels)
  return net.concat([net.conv(first, 'partial_conv', { outChannels: channels, kernel: o.kernel }), rest], 'concat')
}

/** The sum over branches lies in the pointwise convolution: it reads all their filters' results at once. */
function branches(net: Layers, o: Required<BlockOptions>): FeatureMap {
  const { inChannels: groups, outChannels, kernel, stride } = o
  const spec = { outChannels: o.branches * groups, groups, kernel, stride }
  return net.conv(net.conv(net.input, 'depthwise', spec), 'pointwise', { outChannels })
}

const residual = (net: Layers, o: Required<BlockOptions>, x: FeatureMap, y: FeatureMap): FeatureMap =>
  !o.bare && x.channels === y.channels && x.height === y.height && x.width === y.width ? net.add(x, y, 'add') : y

const blocks = {
  regular: single(() => ({})),
  adder: single(() => ({})),
  grouped: single(({ groups }) => ({ groups })),
  depthwise: single(({ inChannels }) => ({ groups: inChannels })),
  pointwise: single(() => ({ kernel: 1 })),
  separable: (net, o) => {
    const { inChannels, outChannels, kernel, stride } = o
    const depthwise = { outChannels: inChannels, groups: inChannels, kernel, stride }
    const x = convolved(net, o, net.input, 'depthwise', depthwise, 'relu')
    return convolved(net, o, x, 'pointwise', { outChannels }, 'relu')
  },
  'separable-branches': branches,
  'low-rank': (net, o) => {
    const { outChannels, kernel, stride } = o
    const x = net.conv(net.input, 'spatial', { outChannels: partOf(outChannels, o.part), kernel, stride })
    return net.conv(x, 'pointwise', { outChannels })
  },
  'low-rank-space': (net, o) => {
    const { outChannels, kernel: k, stride: s } = o
    const rank = partOf(outChannels, o.part)
    const x = net.conv(net.input, 'column', { outChannels: rank, kernel: [k, 1], stride: [s, 1] })
    return net.conv(x, 'row', { outChannels, kernel: [1, k], stride: [1, s] })
  },
  tucker: (net, o) => {
    const { inChannels, outChannels, kernel, stride } = o
    const x = net.conv(net.input, 'reduce', { outChannels: partOf(inChannels, o.part) })
    const y = net.conv(x, 'core', { outChannels: partOf(outChannels, o.part), kernel, stride })
    return net.conv(y, 'restore', { outChannels })
  },
  'grouped-shuffle': (net, o) => {
    const { outChannels, groups, kernel, stride } = o
    const x = convolved(net, o, net.input, 'grouped', { outChannels, groups, kernel, stride }, 'relu')
    return convolved(net, o, net.shuffle(x, 'shuffle', groups), 'pointwise', { outChannels, groups }, 'relu')
  },
  'inverted-bottleneck': (net, o) => {
    const { inChannels, outChannels, kernel, stride, expansion } = o
    const hidden = Math.round(expansion * inChannels)
    const x = convolved(net, o, net.input, 'expand', { outChannels: hidden }, 'relu6')
    const y = convolved(net, o, x, 'depthwise', { outChannels: hidden, groups: hidden, kernel, stride }, 'relu6')
    return residual(net, o, net.input, convolved(net, o, y, 'project', { outChannels, residual: true }))
  },
  partial: (net, o) => partial(net, o, net.input),
  't-shaped': (net, o) =>
    convolved(net, o, partial(net, o, net.input), 'pointwise', { outChannels: o.outChannels }, 'relu'),
  fasternet: (net, o) => {
    const x = convolved(net, o, partial(net, o, net.input), 'expand', { outChannels: 2 * o.inChannels }, 'relu')
    return residual(net, o, net.input, net.conv(x, 'project', { outChannels: o.outChannels, residual: true }))
  },
} as const satisfies Record<string, Block>

/** The name of a block. */
export type BlockName = keyof typeof blocks | 'linear'

/** What each block is, in a line. */
export const blockDescriptions: Readonly<Record<BlockName, string>> = {
  regular: 'k×k convolution',
  adder: 'k×k convolution of L1 distances (AdderConv)',
  grouped: 'k×k convolution in g groups',
  depthwise: 'k×k convolution, each channel by itself',
  pointwise: '1×1 convolution',
  separable: 'depthwise, then pointwise, each with BatchNormalization and ReLU (MobileNetV1)',
  'separable-branches': 'n depthwise filters on each channel, pointwise: a sum of n separable convolutions',
  'low-rank': 'k×k to r of the channels, pointwise',
  'low-rank-space': 'k×1 to r of the channels, 1×k',
  tucker: 'pointwise to r of the channels, k×k, pointwise back',
  'grouped-shuffle':
    'k×k in g groups, shuffle, pointwise in g groups, each with BatchNormalization and ReLU (ShuffleNet)',
  'inverted-bottleneck': '1×1 to t times the channels, depthwise, 1×1 back; residual (MobileNetV2)',
  partial: 'k×k convolution on a part of the channels, the others stay',
  't-shaped': 'partial, pointwise with BatchNormalization and ReLU',
  fasternet: 'partial, 1×1 to twice the channels, ReLU, 1×1 back; residual (FasterNet)',
  linear: 'fully connected layer on [batch, features]',
}

/** Every block by its name. */
export const blockNames = Object.keys(blockDescriptions) as BlockName[]

/**
 * Builds one layer or block.
 * @throws KerfError `wrong-option` for sizes that do not go together
 */
export function buildBlock(name: BlockName, options: BlockOptions): Model {
  const { batch = 1, seed = 0, inChannels, outChannels = inChannels } = options
  if (name === 'linear') return linear(inChannels, outChannels, options.bias ?? true, batch, seed)
  const o = {
    inputSize: 56,
    kernel: 3,
    stride: 1,
    groups: 4,
    branches: 2,
    expansion: 6,
    part: 1 / 4,
    bias: false,
    bare: false,
    ...options,
    outChannels,
    batch,
    seed,
  }
  const divided = name.startsWith('grouped') ? o.groups : name === 'depthwise' ? inChannels : 1
  for (const [what, channels] of [['input', inChannels] as const, ['output', outChannels] as const])
    if (channels % divided !== 0)
      throw new KerfError('wrong-option', `${channels} ${what} channels do not divide into ${divided} groups.`)
  const net = new Layers(
    name,
    {
      batch,
      seed,
      initialization: trainingInitialization,
      ...(name === 'adder' ? { convolution: adderConvolution } : {}),
    },
    { classes: 1, inChannels, inputSize: o.inputSize },
  )
  return net.block(blocks[name](net, o))
}

/** y = x·Wᵀ + b, as torch.nn.Linear. */
function linear(inFeatures: number, outFeatures: number, bias: boolean, batch: number | string, seed: number): Model {
  const b = new GraphBuilder('linear')
  const normal = (deviation: number) => (z: number) => deviation * z
  const weight = drawn(seed, 'weight', [outFeatures, inFeatures], normal(heDeviation(inFeatures)))
  const inputs = [b.input('input', 'float32', [batch, inFeatures]), b.constant('weight', weight)]
  if (bias) inputs.push(b.constant('bias', drawn(seed, 'bias', [outFeatures], normal(0))))
  b.node('Gemm', inputs, { transB: 1 }, { name: 'linear', outputs: ['output'] })
  b.output('output', { kind: 'tensor', elementType: 'float32', shape: [batch, outFeatures] })
  return b.model()
}
