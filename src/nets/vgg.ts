import type { Model } from '../graph/index.ts'
import { Layers } from './layers.ts'
import type { NetOptions } from './options.ts'

/*
 * VGG (Simonyan & Zisserman, ICLR 2015), weights named as in torchvision: convolutions with bias, with or without
 * BatchNormalization. The first linear layer takes what is left of the image, 7×7 at 224×224; torchvision's adaptive pooling does nothing there.
 */

/** Output channels of the convolutions of each stage; a pooling ends a stage. */
const stagesOf = {
  11: [[64], [128], [256, 256], [512, 512], [512, 512]],
  16: [
    [64, 64],
    [128, 128],
    [256, 256, 256],
    [512, 512, 512],
    [512, 512, 512],
  ],
  19: [
    [64, 64],
    [128, 128],
    [256, 256, 256, 256],
    [512, 512, 512, 512],
    [512, 512, 512, 512],
  ],
} as const

function vgg(depth: keyof typeof stagesOf, withBatchNorm: boolean, options: NetOptions): Model {
  const net = new Layers(`vgg${depth}${withBatchNorm ? '_bn' : ''}`, options, {
    classes: 1000,
    inChannels: 3,
    inputSize: 224,
  })
  let x = net.input
  // torchvision numbers convolutions, BatchNormalizations, activations and poolings in one sequence.
  let index = 0
  const next = () => `features.${index++}`
  for (const stage of stagesOf[depth]) {
    for (const outChannels of stage) {
      x = net.conv(x, next(), { outChannels, kernel: 3, bias: true, ordinary: index === 1 })
      if (withBatchNorm) x = net.batchNorm(x, next())
      x = net.relu(x, next())
    }
    x = net.maxPool(x, next(), { kernel: 2, stride: 2 })
  }
  x = net.flatten(x, 'flatten')
  x = net.relu(net.linear(x, 'classifier.0', 4096), 'classifier.1')
  x = net.relu(net.linear(x, 'classifier.3', 4096), 'classifier.4')
  net.linear(x, 'classifier.6', net.classes)
  return net.model()
}

export const vgg11 = (options: NetOptions = {}): Model => vgg(11, false, options)
export const vgg16 = (options: NetOptions = {}): Model => vgg(16, false, options)
export const vgg19 = (options: NetOptions = {}): Model => vgg(19, false, options)
export const vgg11Bn = (options: NetOptions = {}): Model => vgg(11, true, options)
export const vgg16Bn = (options: NetOptions = {}): Model => vgg(16, true, options)
export const vgg19Bn = (options: NetOptions = {}): Model => vgg(19, true, options)
