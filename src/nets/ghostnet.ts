import type { Model } from '../graph/index.ts'
import type { FeatureMap } from './layer-spec.ts'
import { Layers } from './layers.ts'
import type { NetOptions } from './options.ts'

/*
 * GhostNet 1.0 (Han et al., CVPR 2020), weights named as in timm.
 *
 * A ghost module makes half of its channels by a 1×1 convolution and the other half from those by a 3×3 depthwise one, and concatenates.
 */

/** Rows of a stage: kernel of the strided depthwise convolution, hidden width, output channels, squeeze-and-excite, stride. */
const stages: readonly (readonly (readonly [
  kernel: number,
  hidden: number,
  outChannels: number,
  squeeze: boolean,
  stride: number,
])[])[] = [
  [[3, 16, 16, false, 1]],
  [[3, 48, 24, false, 2]],
  [[3, 72, 24, false, 1]],
  [[5, 72, 40, true, 2]],
  [[5, 120, 40, true, 1]],
  [[3, 240, 80, false, 2]],
  [
    [3, 200, 80, false, 1],
    [3, 184, 80, false, 1],
    [3, 184, 80, false, 1],
    [3, 480, 112, true, 1],
    [3, 672, 112, true, 1],
  ],
  [[5, 672, 160, true, 2]],
  [
    [5, 960, 160, false, 1],
    [5, 960, 160, true, 1],
    [5, 960, 160, false, 1],
    [5, 960, 160, true, 1],
  ],
]

/** @param activation ReLU after both halves: in the first module of a block, not in the second, which ends a residual branch */
function ghostModule(net: Layers, x: FeatureMap, name: string, outChannels: number, activation: boolean): FeatureMap {
  const half = outChannels / 2
  const act = (y: FeatureMap, part: string) => (activation ? net.relu(y, `${name}.${part}.2`) : y)
  const end = { outChannels: half, residual: !activation }
  const primary = act(net.convBn(x, `${name}.primary_conv.0`, `${name}.primary_conv.1`, end), 'primary_conv')
  const cheap = net.convBn(primary, `${name}.cheap_operation.0`, `${name}.cheap_operation.1`, {
    ...end,
    kernel: 3,
    groups: half,
  })
  return net.concat([primary, act(cheap, 'cheap_operation')], `${name}.concat`)
}

/** The nearest multiple of 4, but not below 90 % of the value (the rounding of MobileNets). */
function toMultipleOf4(value: number): number {
  const rounded = Math.max(4, Math.floor((value + 2) / 4) * 4)
  return rounded < 0.9 * value ? rounded + 4 : rounded
}

/** Scales each channel by what two small layers make of all channels' means. */
function squeezeExcite(net: Layers, x: FeatureMap, name: string): FeatureMap {
  let gate = net.globalAveragePool(x, `${name}.pool`)
  gate = net.conv(gate, `${name}.conv_reduce`, {
    outChannels: toMultipleOf4(x.channels / 4),
    bias: true,
    ordinary: true,
  })
  gate = net.conv(net.relu(gate, `${name}.relu`), `${name}.conv_expand`, {
    outChannels: x.channels,
    bias: true,
    ordinary: true,
  })
  return net.mul(x, net.hardSigmoid(gate, `${name}.gate`), `${name}.mul`)
}

function ghostBottleneck(net: Layers, x: FeatureMap, name: string, row: (typeof stages)[number][number]): FeatureMap {
  const [kernel, hidden, outChannels, squeeze, stride] = row
  let y = ghostModule(net, x, `${name}.ghost1`, hidden, true)
  if (stride > 1)
    y = net.convBn(y, `${name}.conv_dw`, `${name}.bn_dw`, { outChannels: hidden, kernel, stride, groups: hidden })
  if (squeeze) y = squeezeExcite(net, y, `${name}.se`)
  y = ghostModule(net, y, `${name}.ghost2`, outChannels, false)
  let shortcut = x
  if (stride > 1 || x.channels !== outChannels) {
    const depthwise = { outChannels: x.channels, kernel, stride, groups: x.channels }
    shortcut = net.convBn(x, `${name}.shortcut.0`, `${name}.shortcut.1`, depthwise)
    shortcut = net.convBn(shortcut, `${name}.shortcut.2`, `${name}.shortcut.3`, { outChannels })
  }
  return net.add(y, shortcut, `${name}.add`)
}

/** GhostNet 1.0. */
export function ghostnet(options: NetOptions = {}): Model {
  const net = new Layers('ghostnet', options, { classes: 1000, inChannels: 3, inputSize: 224 })
  let x = net.relu(
    net.convBn(net.input, 'conv_stem', 'bn1', { outChannels: 16, kernel: 3, stride: 2, ordinary: true }),
    'relu',
  )
  stages.forEach((rows, stage) => {
    rows.forEach((row, i) => {
      x = ghostBottleneck(net, x, `blocks.${stage}.${i}`, row)
    })
  })
  const last = `blocks.${stages.length}.0`
  x = net.relu(net.convBn(x, `${last}.conv`, `${last}.bn1`, { outChannels: 960 }), `${last}.relu`)
  x = net.globalAveragePool(x, 'global_pool')
  x = net.relu(net.conv(x, 'conv_head', { outChannels: 1280, bias: true, ordinary: true }), 'relu_head')
  net.linear(net.flatten(x, 'flatten'), 'classifier', net.classes)
  return net.model()
}
