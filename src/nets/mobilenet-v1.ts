import type { Model } from '../graph/index.ts'
import type { FeatureMap } from './layer-spec.ts'
import { Layers } from './layers.ts'
import type { NetOptions } from './options.ts'

/** Output channels and stride of each block. */
const blocks = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [1024, 2],
  [1024, 1],
] as const

/** Depthwise separable: 3×3 depthwise, BN, ReLU, 1×1, BN, ReLU. */
function separable(net: Layers, x: FeatureMap, name: string, outChannels: number, stride: number): FeatureMap {
  const depthwise = { outChannels: x.channels, kernel: 3, stride, groups: x.channels }
  const y = net.relu(net.convBn(x, `${name}.conv_dw`, `${name}.bn1`, depthwise), `${name}.relu1`)
  return net.relu(net.convBn(y, `${name}.conv_pw`, `${name}.bn2`, { outChannels }), `${name}.relu2`)
}

/** MobileNetV1 at width 1.0 (Howard et al., 2017). */
export function mobilenetV1(options: NetOptions = {}): Model {
  const net = new Layers('mobilenet_v1', options, { classes: 1000, inChannels: 3, inputSize: 224 })
  let x = net.relu(
    net.convBn(net.input, 'conv_stem', 'bn1', { outChannels: 32, kernel: 3, stride: 2, ordinary: true }),
    'relu',
  )
  blocks.forEach(([outChannels, stride], i) => {
    x = separable(net, x, `blocks.${i}`, outChannels, stride)
  })
  net.linear(net.flatten(net.globalAveragePool(x, 'global_pool'), 'flatten'), 'classifier', net.classes)
  return net.model()
}
