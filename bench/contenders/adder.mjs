// Kerf's adder convolution of one layer: `?type=f32`, or `?type=u8` with `&bits=8` … 5, codes in and out as the peers' int8. No bias. Codes and weights are spread
// over their whole range, the worst case for sums in bytes: weights of real layers, many of them 0 after clamping, allow more.

import { openKernels, randomFloats } from './kerf.mjs'

const parameters = new URL(import.meta.url).searchParams
const type = parameters.get('type')
const bits = Number(parameters.get('bits'))
const limits = { lo: Number.NEGATIVE_INFINITY, hi: Number.POSITIVE_INFINITY }
const randomCodes = (count) => Uint8Array.from({ length: count }, () => Math.floor(Math.random() * 2 ** bits))

/** @param {number} threads */
export const open = (threads) =>
  openKernels(threads, (kerf, layer, sizes, allocator) => {
    const inputs = layer.inChannels * layer.size * layer.size
    const outputs = layer.outChannels * layer.outSize * layer.outSize
    const weightCount = (layer.outChannels * layer.inChannels * layer.kernel * layer.kernel) / layer.groups
    if (type === 'f32') {
      const x = allocator.alloc(4 * inputs)
      const y = allocator.alloc(4 * outputs)
      const steps = kerf.lowerAdderConv(sizes, { x, y, weights: randomFloats(weightCount), ...limits }, allocator)
      return { steps, fill: (buffer) => new Float32Array(buffer, x, inputs).set(randomFloats(inputs)) }
    }
    const x = allocator.alloc(inputs)
    const weights = randomCodes(weightCount)
    const codes = { scale: 0.1, zeroPoint: 0, most: 2 ** bits - 1 }
    const output = { ...codes, scale: 10 }
    const tensors = { x, y: allocator.alloc(outputs), weights, codes, output, ...limits }
    const steps = kerf.lowerAdderConvInteger(sizes, tensors, allocator)
    return { steps, fill: (buffer) => new Uint8Array(buffer, x, inputs).set(randomCodes(inputs)) }
  })
