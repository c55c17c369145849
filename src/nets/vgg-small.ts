import type { Model } from '../graph/index.ts'
import { Layers } from './layers.ts'
import type { NetOptions } from './options.ts'

/**
 * VGG-small: the CIFAR-10 network of the binary and adder literature (Cai et al., CVPR 2017; AdderNet), six 3×3 convolutions with
 * BatchNormalization, a pooling after every second one, and one linear layer.
 */
export function vggSmall(options: NetOptions = {}): Model {
  const net = new Layers('vgg_small', options, { classes: 10, inChannels: 3, inputSize: 32 })
  let x = net.input
  ;[128, 128, 256, 256, 512, 512].forEach((outChannels, i) => {
    const n = i + 1
    x = net.relu(net.convBn(x, `conv${n}`, `bn${n}`, { outChannels, kernel: 3, ordinary: i === 0 }), `relu${n}`)
    if (n % 2 === 0) x = net.maxPool(x, `pool${n / 2}`, { kernel: 2, stride: 2 })
  })
  net.linear(net.flatten(x, 'flatten'), 'fc', net.classes)
  return net.model()
}
