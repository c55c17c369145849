import type { Model } from '../graph/index.ts'
import type { FeatureMap } from './layer-spec.ts'
import { Layers } from './layers.ts'
import type { NetOptions } from './options.ts'

/*
 * GoogLeNet (Szegedy et al., CVPR 2015), weights named as in torchvision: with BatchNormalization (its epsilon 0.001), without the auxiliary classifiers, and
 * with 3×3 convolutions where the paper has 5×5 ones.
 */

/** Filters of the four branches: 1×1, 1×1 and 3×3, 1×1 and "5×5", 1×1 behind the pooling. */
type Filters = readonly [
  first: number,
  second: readonly [number, number],
  third: readonly [number, number],
  last: number,
]

const stages: readonly (readonly Filters[])[] = [
  [
    [64, [96, 128], [16, 32], 32],
    [128, [128, 192], [32, 96], 64],
  ],
  [
    [192, [96, 208], [16, 48], 64],
    [160, [112, 224], [24, 64], 64],
    [128, [128, 256], [24, 64], 64],
    [112, [144, 288], [32, 64], 64],
    [256, [160, 320], [32, 128], 128],
  ],
  [
    [256, [160, 320], [32, 128], 128],
    [384, [192, 384], [48, 128], 128],
  ],
]

/** What of a convolution differs; the others are 1×1, stride 1, in the body. */
interface Spec {
  readonly kernel?: number
  readonly stride?: number
  readonly ordinary?: boolean
}

function conv(net: Layers, x: FeatureMap, name: string, outChannels: number, spec: Spec = {}): FeatureMap {
  const sums = net.convBn(x, `${name}.conv`, `${name}.bn`, { outChannels, epsilon: 0.001, ...spec })
  return net.relu(sums, `${name}.relu`)
}

function inception(net: Layers, x: FeatureMap, name: string, [first, second, third, last]: Filters): FeatureMap {
  const two = (branch: string, [narrow, wide]: readonly [number, number]) =>
    conv(net, conv(net, x, `${name}.${branch}.0`, narrow), `${name}.${branch}.1`, wide, { kernel: 3 })
  const pooled = net.maxPool(x, `${name}.branch4.0`, { kernel: 3, stride: 1, padding: 1, ceilMode: true })
  const branches = [
    conv(net, x, `${name}.branch1`, first),
    two('branch2', second),
    two('branch3', third),
    conv(net, pooled, `${name}.branch4.1`, last),
  ]
  return net.concat(branches, `${name}.concat`)
}

export function googlenet(options: NetOptions = {}): Model {
  const net = new Layers('googlenet', options, { classes: 1000, inChannels: 3, inputSize: 224 })
  const half = { kernel: 3, stride: 2, ceilMode: true }
  let x = conv(net, net.input, 'conv1', 64, { kernel: 7, stride: 2, ordinary: true })
  x = conv(net, net.maxPool(x, 'maxpool1', half), 'conv2', 64)
  x = conv(net, x, 'conv3', 192, { kernel: 3 })
  stages.forEach((blocks, stage) => {
    x = net.maxPool(x, `maxpool${stage + 2}`, stage === 2 ? { ...half, kernel: 2 } : half)
    blocks.forEach((filters, i) => {
      x = inception(net, x, `inception${stage + 3}${'abcde'[i]}`, filters)
    })
  })
  net.linear(net.flatten(net.globalAveragePool(x, 'avgpool'), 'flatten'), 'fc', net.classes)
  return net.model()
}
