import type { Model } from '../graph/index.ts'
import type { FeatureMap } from './layer-spec.ts'
import { Layers } from './layers.ts'
import type { NetOptions } from './options.ts'

/** A 1×1 convolution to few channels, then 1×1 and 3×3 ones side by side, concatenated. */
function fire(net: Layers, x: FeatureMap, name: string, squeeze: number, expand: number): FeatureMap {
  const conv = (from: FeatureMap, part: string, outChannels: number, kernel: number) =>
    net.relu(net.conv(from, `${name}.${part}`, { outChannels, kernel, bias: true }), `${name}.${part}_activation`)
  const y = conv(x, 'squeeze', squeeze, 1)
  return net.concat([conv(y, 'expand1x1', expand, 1), conv(y, 'expand3x3', expand, 3)], `${name}.concat`)
}

/** SqueezeNet 1.1 (Iandola et al., 2016), weights named as in torchvision. */
export function squeezenet11(options: NetOptions = {}): Model {
  const net = new Layers('squeezenet1_1', options, { classes: 1000, inChannels: 3, inputSize: 224 })
  const pool = { kernel: 3, stride: 2, ceilMode: true }
  let x = net.conv(net.input, 'features.0', {
    outChannels: 64,
    kernel: 3,
    stride: 2,
    padding: 0,
    bias: true,
    ordinary: true,
  })
  x = net.maxPool(net.relu(x, 'features.1'), 'features.2', pool)
  x = fire(net, x, 'features.3', 16, 64)
  x = fire(net, x, 'features.4', 16, 64)
  x = net.maxPool(x, 'features.5', pool)
  x = fire(net, x, 'features.6', 32, 128)
  x = fire(net, x, 'features.7', 32, 128)
  x = net.maxPool(x, 'features.8', pool)
  x = fire(net, x, 'features.9', 48, 192)
  x = fire(net, x, 'features.10', 48, 192)
  x = fire(net, x, 'features.11', 64, 256)
  x = fire(net, x, 'features.12', 64, 256)
  x = net.relu(net.conv(x, 'classifier.1', { outChannels: net.classes, bias: true, ordinary: true }), 'classifier.2')
  net.flatten(net.globalAveragePool(x, 'classifier.3'), 'flatten')
  return net.model()
}
