import type { Model } from '../graph/index.ts'
import { type FeatureMap, Layers, trainingInitialization } from '../nets/index.ts'

/** What a small network's body is made of. */
export type Body =
  | { readonly kind: 'regular' }
  | { readonly kind: 'separable' }
  | {
      readonly kind: 'inverted-bottleneck'
      /** t. */
      readonly expansion: number
    }

export interface DigitNetOptions {
  /** Channels of the first stage; the second has twice as many. */
  readonly width: number
  readonly classes: number
  readonly seed: number
}

/**
 * A small network for pictures of 28×28: a stem of stride 2, then four layers of the body, at 14×14 and 7×7, and a classifier of the channels' means. All that differs
 * between two of them is what the body is made of: widths, strides and depth are the same.
 */
export function digitNet(body: Body, { width, classes, seed }: DigitNetOptions): Model {
  const options = { seed, classes, initialization: trainingInitialization }
  const net = new Layers(`digits-${body.kind}`, options, { classes, inChannels: 1, inputSize: 28 })
  const convBn = (x: FeatureMap, name: string, spec: Parameters<Layers['conv']>[2], isActive = true) => {
    const y = net.convBn(x, name, `${name}_bn`, spec)
    return isActive ? net.relu(y, `${name}_relu`) : y
  }
  const layer = (x: FeatureMap, name: string, outChannels: number, stride: number): FeatureMap => {
    if (body.kind === 'regular') return convBn(x, name, { outChannels, kernel: 3, stride })
    if (body.kind === 'separable') {
      const y = convBn(x, `${name}_depthwise`, { outChannels: x.channels, groups: x.channels, kernel: 3, stride })
      return convBn(y, `${name}_pointwise`, { outChannels })
    }
    const hidden = body.expansion * x.channels
    const wide = convBn(x, `${name}_expand`, { outChannels: hidden })
    const deep = convBn(wide, `${name}_depthwise`, { outChannels: hidden, groups: hidden, kernel: 3, stride })
    const isResidual = stride === 1 && outChannels === x.channels
    const y = convBn(deep, `${name}_project`, { outChannels, residual: isResidual }, false)
    return isResidual ? net.add(x, y, `${name}_add`) : y
  }
  let x = convBn(net.input, 'stem', { outChannels: width, kernel: 3, stride: 2 })
  x = layer(x, 'layer1', width, 1)
  x = layer(x, 'layer2', 2 * width, 2)
  x = layer(x, 'layer3', 2 * width, 1)
  x = layer(x, 'layer4', 2 * width, 1)
  net.linear(net.flatten(net.globalAveragePool(x, 'mean'), 'flatten'), 'fc', classes)
  return net.model()
}
