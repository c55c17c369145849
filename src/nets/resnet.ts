import type { Model } from '../graph/index.ts'
import { type Classifier, classify } from './classifier.ts'
import type { FeatureMap } from './layer-spec.ts'
import { Layers } from './layers.ts'
import type { NetOptions } from './options.ts'

/*
 * ResNet for ImageNet (He et al., CVPR 2016), weights named as in torchvision. Bottlenecks stride in their 3×3 convolution, as everywhere
 * since torchvision ("v1.5").
 */

/** What residual networks for ImageNet take besides. */
export interface ResNetOptions extends NetOptions {
  /** How it ends; a linear layer by default. */
  readonly classifier?: Classifier
}

const expansion = 4

/** relu(x + BN(conv3×3(relu(BN(conv3×3(x))))); the shortcut is a 1×1 convolution where the shape changes. */
function basicBlock(net: Layers, x: FeatureMap, name: string, width: number, stride: number): FeatureMap {
  let y = net.convBn(x, `${name}.conv1`, `${name}.bn1`, { outChannels: width, kernel: 3, stride })
  y = net.relu(y, `${name}.relu1`)
  y = net.convBn(y, `${name}.conv2`, `${name}.bn2`, { outChannels: width, kernel: 3, residual: true })
  return net.relu(net.add(y, shortcut(net, x, name, width, stride), `${name}.add`), `${name}.relu2`)
}

/** 1×1 to `width`, 3×3, 1×1 to four times `width`. */
function bottleneck(net: Layers, x: FeatureMap, name: string, width: number, stride: number): FeatureMap {
  const outChannels = expansion * width
  let y = net.relu(net.convBn(x, `${name}.conv1`, `${name}.bn1`, { outChannels: width }), `${name}.relu1`)
  y = net.relu(
    net.convBn(y, `${name}.conv2`, `${name}.bn2`, { outChannels: width, kernel: 3, stride }),
    `${name}.relu2`,
  )
  y = net.convBn(y, `${name}.conv3`, `${name}.bn3`, { outChannels, residual: true })
  return net.relu(net.add(y, shortcut(net, x, name, outChannels, stride), `${name}.add`), `${name}.relu3`)
}

function shortcut(net: Layers, x: FeatureMap, name: string, outChannels: number, stride: number): FeatureMap {
  if (stride === 1 && x.channels === outChannels) return x
  return net.convBn(x, `${name}.downsample.0`, `${name}.downsample.1`, { outChannels, stride })
}

function resnet(name: string, block: typeof basicBlock, depths: readonly number[], options: ResNetOptions): Model {
  const net = new Layers(name, options, { classes: 1000, inChannels: 3, inputSize: 224 })
  let x = net.convBn(net.input, 'conv1', 'bn1', { outChannels: 64, kernel: 7, stride: 2, ordinary: true })
  x = net.maxPool(net.relu(x, 'relu'), 'maxpool', { kernel: 3, stride: 2, padding: 1 })
  depths.forEach((depth, stage) => {
    for (let i = 0; i < depth; i++)
      x = block(net, x, `layer${stage + 1}.${i}`, 64 << stage, stage > 0 && i === 0 ? 2 : 1)
  })
  classify(net, x, options.classifier)
  return net.model()
}

export const resnet18 = (options: ResNetOptions = {}): Model => resnet('resnet18', basicBlock, [2, 2, 2, 2], options)
export const resnet34 = (options: ResNetOptions = {}): Model => resnet('resnet34', basicBlock, [3, 4, 6, 3], options)
export const resnet50 = (options: ResNetOptions = {}): Model => resnet('resnet50', bottleneck, [3, 4, 6, 3], options)
