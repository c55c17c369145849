// Layer shapes of whole networks, from the text files in bench/layers.

import { readFileSync } from 'node:fs'

/** Networks with a file of layer shapes, in the order of the tables. */
export const networks = ['resnet50', 'mobilenet_v2', 'vgg16', 'resnet20']

/**
 * @typedef {{ name: string, count: number, inChannels: number, size: number, outChannels: number, kernel: number, stride: number, pad: number,
 *   groups: number, outSize: number, macs: number, bytes: number }} Layer square layers of batch 1; `macs` and `bytes` (float32 input, weights
 *   and output, each once) of one run
 */

/**
 * @param {string} network
 * @returns {{ title: string, layers: Layer[] }}
 */
export function readLayers(network) {
  const [comment = '', ...lines] = readFileSync(new URL(`layers/${network}.txt`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
  const layers = lines
    .filter((line) => !line.startsWith('#'))
    .map((line) => {
      const [name = '', ...cells] = line.split(/ +/)
      const [count, inChannels, size, outChannels, kernel, stride, pad, groups] = cells.map(Number)
      const outSize = Math.floor((size + 2 * pad - kernel) / stride) + 1
      const weights = (outChannels * inChannels * kernel * kernel) / groups
      return {
        ...{ name, count, inChannels, size, outChannels, kernel, stride, pad, groups, outSize },
        macs: weights * outSize * outSize,
        bytes: 4 * (inChannels * size * size + weights + outChannels * outSize * outSize),
      }
    })
  return { title: comment.replace(/^# /, '').replace(/:.*/, ''), layers }
}

/** @param {Layer} layer */
export const isDepthwise = (layer) => layer.groups > 1 && layer.groups === layer.inChannels
