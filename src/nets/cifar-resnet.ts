import { KerfError } from '../base/index.ts'
import type { Model } from '../graph/index.ts'
import { type Classifier, classify } from './classifier.ts'
import type { FeatureMap } from './layer-spec.ts'
import { Layers } from './layers.ts'
import type { NetOptions } from './options.ts'

/*
 * ResNet for CIFAR (He et al., CVPR 2016, section 4.2): three stages of n blocks with 16, 32 and 64 channels, 6n + 2 layers.
 */

/** What residual networks for CIFAR take besides. */
export interface CifarResNetOptions extends NetOptions {
  /**
   * The shortcut where the shape changes. 'conv', the default: 1×1 convolution with stride 2 and BatchNormalization, which AdderNet and the
   * pruning libraries use (272,474 parameters for ResNet-20). 'pad': every second pixel and zeros for the new channels, half of
   * them on either side, which adds no parameters (269,722) and is what the ResNet paper did on CIFAR.
   */
  readonly shortcut?: 'conv' | 'pad'
  /** How it ends; a linear layer by default. */
  readonly classifier?: Classifier
}

function block(
  net: Layers,
  x: FeatureMap,
  name: string,
  outChannels: number,
  stride: number,
  kind: 'conv' | 'pad',
): FeatureMap {
  let y = net.relu(net.convBn(x, `${name}.conv1`, `${name}.bn1`, { outChannels, kernel: 3, stride }), `${name}.relu1`)
  y = net.convBn(y, `${name}.conv2`, `${name}.bn2`, { outChannels, kernel: 3, residual: true })
  let shortcut = x
  if (x.channels !== outChannels && kind === 'conv')
    shortcut = net.convBn(x, `${name}.downsample.0`, `${name}.downsample.1`, { outChannels, stride })
  else if (x.channels !== outChannels) {
    const missing = outChannels - x.channels
    shortcut = net.padChannels(
      net.subsample(x, `${name}.downsample.slice`, stride),
      `${name}.downsample.pad`,
      missing >> 1,
      missing - (missing >> 1),
    )
  }
  return net.relu(net.add(y, shortcut, `${name}.add`), `${name}.relu2`)
}

/**
 * @param depth number of layers with weights, 6n + 2: 20, 32, 44, 56, 110 …
 * @throws KerfError `wrong-option` for another depth
 */
export function cifarResNet(depth: number, options: CifarResNetOptions = {}): Model {
  const blocks = (depth - 2) / 6
  if (!Number.isInteger(blocks) || blocks < 1)
    throw new KerfError(
      'wrong-option',
      `A CIFAR ResNet has 6n + 2 layers, not ${depth}. Choose 20, 32, 44, 56 or 110.`,
      { depth },
    )
  const net = new Layers(`resnet${depth}`, options, { classes: 10, inChannels: 3, inputSize: 32 })
  let x = net.relu(net.convBn(net.input, 'conv1', 'bn1', { outChannels: 16, kernel: 3, ordinary: true }), 'relu')
  for (let stage = 0; stage < 3; stage++)
    for (let i = 0; i < blocks; i++)
      x = block(net, x, `layer${stage + 1}.${i}`, 16 << stage, stage > 0 && i === 0 ? 2 : 1, options.shortcut ?? 'conv')
  classify(net, x, options.classifier)
  return net.model()
}
