import type { Model } from '../graph/index.ts'
import type { FeatureMap } from './layer-spec.ts'
import { Layers } from './layers.ts'
import type { NetOptions } from './options.ts'

/*
 * FasterNet (Chen et al., CVPR 2023), weights named as in the authors' code.
 *
 * Partial convolution: a 3×3 convolution over the first quarter of the channels, the others pass. In ONNX that is Split, Conv,
 * Concat, whose copies cost memory accesses that a runtime has to save again.
 */

interface Variant {
  readonly width: number
  readonly depths: readonly number[]
  readonly activation: 'gelu' | 'relu'
}

const variants = {
  t0: { width: 40, depths: [1, 2, 8, 2], activation: 'gelu' },
  t1: { width: 64, depths: [1, 2, 8, 2], activation: 'gelu' },
  t2: { width: 96, depths: [1, 2, 8, 2], activation: 'relu' },
  s: { width: 128, depths: [1, 2, 13, 2], activation: 'relu' },
  m: { width: 144, depths: [3, 4, 18, 3], activation: 'relu' },
  l: { width: 192, depths: [3, 4, 18, 3], activation: 'relu' },
} as const satisfies Record<string, Variant>

/** x + conv1×1(activation(BN(conv1×1(partial 3×3(x))))), twice the channels in between. */
function block(net: Layers, x: FeatureMap, name: string, activation: Variant['activation']): FeatureMap {
  const mixing = `${name}.spatial_mixing`
  const [first, rest] = net.split(x, `${mixing}.split`, x.channels / 4)
  const mixed = net.conv(first, `${mixing}.partial_conv3`, { outChannels: first.channels, kernel: 3 })
  let y = net.concat([mixed, rest], `${mixing}.concat`)
  y = net.convBn(y, `${name}.mlp.0`, `${name}.mlp.1`, { outChannels: 2 * x.channels })
  y = net.conv(net[activation](y, `${name}.mlp.2`), `${name}.mlp.3`, { outChannels: x.channels, residual: true })
  return net.add(x, y, `${name}.add`)
}

function fasternet(variant: keyof typeof variants, options: NetOptions): Model {
  const { width, depths, activation } = variants[variant]
  const net = new Layers(`fasternet_${variant}`, options, { classes: 1000, inChannels: 3, inputSize: 224 })
  const patches = { outChannels: width, kernel: 4, stride: 4, padding: 0, ordinary: true }
  let x = net.convBn(net.input, 'patch_embed.proj', 'patch_embed.norm', patches)
  depths.forEach((depth, stage) => {
    // The authors' list of stages holds the mergings between them as well: 0, 2, 4, 6 are stages, 1, 3, 5 mergings.
    const merge = `stages.${2 * stage - 1}`
    if (stage > 0)
      x = net.convBn(x, `${merge}.reduction`, `${merge}.norm`, {
        outChannels: 2 * x.channels,
        kernel: 2,
        stride: 2,
        padding: 0,
      })
    for (let i = 0; i < depth; i++) x = block(net, x, `stages.${2 * stage}.blocks.${i}`, activation)
  })
  x = net.globalAveragePool(x, 'avgpool_pre_head.0')
  x = net[activation](net.conv(x, 'avgpool_pre_head.1', { outChannels: 1280 }), 'avgpool_pre_head.2')
  net.linear(net.flatten(x, 'flatten'), 'head', net.classes)
  return net.model()
}

export const fasternetT0 = (options: NetOptions = {}): Model => fasternet('t0', options)
export const fasternetT1 = (options: NetOptions = {}): Model => fasternet('t1', options)
export const fasternetT2 = (options: NetOptions = {}): Model => fasternet('t2', options)
export const fasternetS = (options: NetOptions = {}): Model => fasternet('s', options)
export const fasternetM = (options: NetOptions = {}): Model => fasternet('m', options)
export const fasternetL = (options: NetOptions = {}): Model => fasternet('l', options)
