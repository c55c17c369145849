import type { FeatureMap } from './layer-spec.ts'
import type { Layers } from './layers.ts'

/**
 * What a residual network ends in, on the mean of its last feature map. 'linear', the default: a linear layer with bias (`fc`). 'convBn': a 1×1
 * convolution without bias (`fc`) and BatchNormalization (`bn2`), as the public AdderNet code has it.
 */
export type Classifier = 'linear' | 'convBn'

/** From the last feature map [batch, channels, height, width] to [batch, classes]. */
export function classify(net: Layers, x: FeatureMap, classifier: Classifier = 'linear'): FeatureMap {
  const mean = net.globalAveragePool(x, 'avgpool')
  if (classifier === 'linear') return net.linear(net.flatten(mean, 'flatten'), 'fc', net.classes)
  return net.flatten(net.convBn(mean, 'fc', 'bn2', { outChannels: net.classes, ordinary: true }), 'flatten')
}
