import type { Model } from '../graph/index.ts'
import { Layers } from './layers.ts'
import type { NetOptions } from './options.ts'

/**
 * AlexNet in its one-column form (Krizhevsky, 2014), as in torchvision: no local response normalisation, no groups. The first linear
 * layer takes what is left of the image, 6×6 at 224×224; torchvision's adaptive pooling does nothing there.
 */
export function alexnet(options: NetOptions = {}): Model {
  const net = new Layers('alexnet', options, { classes: 1000, inChannels: 3, inputSize: 224 })
  const pool = { kernel: 3, stride: 2 }
  let x = net.conv(net.input, 'features.0', {
    outChannels: 64,
    kernel: 11,
    stride: 4,
    padding: 2,
    bias: true,
    ordinary: true,
  })
  x = net.maxPool(net.relu(x, 'features.1'), 'features.2', pool)
  x = net.relu(net.conv(x, 'features.3', { outChannels: 192, kernel: 5, bias: true }), 'features.4')
  x = net.maxPool(x, 'features.5', pool)
  x = net.relu(net.conv(x, 'features.6', { outChannels: 384, kernel: 3, bias: true }), 'features.7')
  x = net.relu(net.conv(x, 'features.8', { outChannels: 256, kernel: 3, bias: true }), 'features.9')
  x = net.relu(net.conv(x, 'features.10', { outChannels: 256, kernel: 3, bias: true }), 'features.11')
  x = net.flatten(net.maxPool(x, 'features.12', pool), 'flatten')
  x = net.relu(net.linear(x, 'classifier.1', 4096), 'classifier.2')
  x = net.relu(net.linear(x, 'classifier.4', 4096), 'classifier.5')
  net.linear(x, 'classifier.6', net.classes)
  return net.model()
}
