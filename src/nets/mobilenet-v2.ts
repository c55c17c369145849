import type { Model } from '../graph/index.ts'
import type { FeatureMap } from './layer-spec.ts'
import { Layers } from './layers.ts'
import type { NetOptions } from './options.ts'

/** Rows of the paper's table 2: expansion t, output channels c, number of blocks n, stride s of the first. */
const rows = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const

/** 1×1 to t times the channels, 3×3 depthwise, 1×1 without activation; a residual where the shape stays. */
function invertedBottleneck(
  net: Layers,
  x: FeatureMap,
  name: string,
  t: number,
  outChannels: number,
  stride: number,
): FeatureMap {
  const hidden = t * x.channels
  let y = x
  let index = 0
  if (t !== 1) {
    y = net.relu6(
      net.convBn(y, `${name}.${index}.0`, `${name}.${index}.1`, { outChannels: hidden }),
      `${name}.${index}.2`,
    )
    index++
  }
  const depthwise = { outChannels: hidden, kernel: 3, stride, groups: hidden }
  y = net.relu6(net.convBn(y, `${name}.${index}.0`, `${name}.${index}.1`, depthwise), `${name}.${index}.2`)
  const residual = stride === 1 && x.channels === outChannels
  y = net.convBn(y, `${name}.${index + 1}`, `${name}.${index + 2}`, { outChannels, residual })
  return residual ? net.add(x, y, `${name}.add`) : y
}

/** MobileNetV2 at width 1.0 (Sandler et al., CVPR 2018), weights named as in torchvision. */
export function mobilenetV2(options: NetOptions = {}): Model {
  const net = new Layers('mobilenet_v2', options, { classes: 1000, inChannels: 3, inputSize: 224 })
  let x = net.convBn(net.input, 'features.0.0', 'features.0.1', {
    outChannels: 32,
    kernel: 3,
    stride: 2,
    ordinary: true,
  })
  x = net.relu6(x, 'features.0.2')
  let index = 1
  for (const [t, outChannels, n, s] of rows)
    for (let i = 0; i < n; i++)
      x = invertedBottleneck(net, x, `features.${index++}.conv`, t, outChannels, i === 0 ? s : 1)
  x = net.relu6(
    net.convBn(x, `features.${index}.0`, `features.${index}.1`, { outChannels: 1280 }),
    `features.${index}.2`,
  )
  net.linear(net.flatten(net.globalAveragePool(x, 'avgpool'), 'flatten'), 'classifier.1', net.classes)
  return net.model()
}
