import type { Model } from '../graph/index.ts'
import { adderConvolution, type FeatureMap, Layers, trainingInitialization } from '../nets/index.ts'

/** Designs of whole networks, by what their blocks are. */
export const smallDesigns = ['resnet', 'mobilenet', 'fasternet', 'adder-resnet'] as const

/** One of `smallDesigns`. */
export type SmallDesign = (typeof smallDesigns)[number]

/** Sizes of a small network. */
export interface SmallNetwork {
  /** Channels of the first stage, a multiple of 4; every further one has twice as many at half the height and width. */
  readonly width: number
  readonly stages: number
  /** Blocks of a stage. */
  readonly blocks: number
  /** Of the first convolution. */
  readonly stride: number
  /** Of the images. */
  readonly inChannels: number
  /** Height and width of the images. */
  readonly inputSize: number
  readonly classes: number
  readonly seed: number
}

/** Hidden channels of an inverted bottleneck by its input's, as MobileNetV2 has them. */
const expansion = 6

/** How a design's stage narrows what it is given, and what its blocks are. */
interface Design {
  readonly convolution?: typeof adderConvolution
  readonly block: (net: Layers, x: FeatureMap, name: string, outChannels: number, stride: number) => FeatureMap
}

function convBn(net: Layers, x: FeatureMap, name: string, spec: Parameters<Layers['conv']>[2]): FeatureMap {
  return net.convBn(x, name, `${name}_bn`, spec)
}

/** He et al., CVPR 2016: two 3×3 convolutions; a 1×1 one beside them where the shape changes. */
function basicBlock(net: Layers, x: FeatureMap, name: string, outChannels: number, stride: number): FeatureMap {
  const y = net.relu(convBn(net, x, `${name}.conv1`, { outChannels, kernel: 3, stride }), `${name}.relu1`)
  const z = convBn(net, y, `${name}.conv2`, { outChannels, kernel: 3, residual: true })
  const isSame = stride === 1 && x.channels === outChannels
  const shortcut = isSame ? x : convBn(net, x, `${name}.shortcut`, { outChannels, stride })
  return net.relu(net.add(z, shortcut, `${name}.add`), `${name}.relu2`)
}

/** Sandler et al., CVPR 2018. */
function invertedBottleneck(net: Layers, x: FeatureMap, name: string, outChannels: number, stride: number): FeatureMap {
  const hidden = expansion * x.channels
  const residual = stride === 1 && x.channels === outChannels
  const wide = net.relu6(convBn(net, x, `${name}.expand`, { outChannels: hidden }), `${name}.relu1`)
  const depthwise = { outChannels: hidden, groups: hidden, kernel: 3, stride }
  const deep = net.relu6(convBn(net, wide, `${name}.depthwise`, depthwise), `${name}.relu2`)
  const y = convBn(net, deep, `${name}.project`, { outChannels, residual })
  return residual ? net.add(x, y, `${name}.add`) : y
}

/** Chen et al., CVPR 2023: a 2×2 convolution of stride 2 between stages; partial convolution, then two 1×1 ones. */
function fasternetBlock(net: Layers, given: FeatureMap, name: string, outChannels: number, stride: number): FeatureMap {
  const merging = { outChannels, kernel: stride, stride, padding: 0 }
  const isSame = stride === 1 && given.channels === outChannels
  const x = isSame ? given : convBn(net, given, `${name}.merge`, merging)
  const [first, rest] = net.split(x, `${name}.split`, x.channels / 4)
  const mixed = net.conv(first, `${name}.partial`, { outChannels: first.channels, kernel: 3 })
  const y = net.concat([mixed, rest], `${name}.concat`)
  const wide = net.relu(convBn(net, y, `${name}.expand`, { outChannels: 2 * x.channels }), `${name}.relu`)
  return net.add(x, net.conv(wide, `${name}.project`, { outChannels, residual: true }), `${name}.add`)
}

const designs: Readonly<Record<SmallDesign, Design>> = {
  resnet: { block: basicBlock },
  mobilenet: { block: invertedBottleneck },
  fasternet: { block: fasternetBlock },
  'adder-resnet': { block: basicBlock, convolution: adderConvolution },
}

/**
 * A small network of a design, as training begins: a 3×3 convolution, stages of blocks, a classifier of the channels' means. Stem, stages and classifier are the same for all designs.
 */
export function smallNetwork(design: SmallDesign, sizes: SmallNetwork): Model {
  const { width, stages, blocks, stride, inChannels, inputSize, classes, seed } = sizes
  const { block, convolution } = designs[design]
  const options = { seed, classes, convolution, initialization: trainingInitialization }
  const net = new Layers(`small-${design}`, options, { classes, inChannels, inputSize })
  const stem = { outChannels: width, kernel: 3, stride, ordinary: true }
  let x = net.relu(convBn(net, net.input, 'stem', stem), 'stem.relu')
  for (let stage = 0; stage < stages; stage++)
    for (let i = 0; i < blocks; i++)
      x = block(net, x, `stage${stage + 1}.${i}`, width << stage, stage > 0 && i === 0 ? 2 : 1)
  net.linear(net.flatten(net.globalAveragePool(x, 'mean'), 'flatten'), 'fc', classes)
  return net.model()
}
