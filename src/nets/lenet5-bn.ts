import type { Model } from '../graph/index.ts'
import type { Classifier } from './classifier.ts'
import { Layers } from './layers.ts'
import type { NetOptions } from './options.ts'

/** What LeNet-5 takes besides. */
export interface LenetOptions extends NetOptions {
  /** How it ends; a linear layer by default. The other way's BatchNormalization is `bn5`. */
  readonly classifier?: Classifier
}

/**
 * LeNet-5 (LeCun et al., 1998) with BatchNormalization after every layer but the last, as AdderNet trains it on MNIST: convolutions to 6 and 16
 * channels with pooling, a convolution over all of what is left to 120, a 1×1 one to 84, and the classifier. C5 and F6 are
 * written as convolutions, as in the original, so that they can be exchanged for another kind; the first one and the classifier stay ordinary.
 */
export function lenet5Bn(options: LenetOptions = {}): Model {
  const net = new Layers('lenet5_bn', options, { classes: 10, inChannels: 1, inputSize: 28 })
  let x = net.relu(
    net.convBn(net.input, 'conv1', 'bn1', { outChannels: 6, kernel: 5, padding: 2, ordinary: true }),
    'relu1',
  )
  x = net.maxPool(x, 'pool1', { kernel: 2, stride: 2 })
  x = net.relu(net.convBn(x, 'conv2', 'bn2', { outChannels: 16, kernel: 5, padding: 0 }), 'relu2')
  x = net.maxPool(x, 'pool2', { kernel: 2, stride: 2 })
  x = net.relu(net.convBn(x, 'conv3', 'bn3', { outChannels: 120, kernel: [x.height, x.width], padding: 0 }), 'relu3')
  x = net.relu(net.convBn(x, 'conv4', 'bn4', { outChannels: 84 }), 'relu4')
  if (options.classifier === 'convBn')
    net.flatten(net.convBn(x, 'fc', 'bn5', { outChannels: net.classes, ordinary: true }), 'flatten')
  else net.linear(net.flatten(x, 'flatten'), 'fc', net.classes)
  return net.model()
}
