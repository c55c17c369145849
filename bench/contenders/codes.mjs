// Kerf's ordinary convolution of one layer in codes: bytes in and out, weights of 8 bits, as networks run it on this engine; `?products=words` (or
// `winograd`, `bytes`) chooses how products are made.

import { openKernels } from './kerf.mjs'

const products = new URL(import.meta.url).searchParams.get('products') ?? undefined
const randomBytes = (count) => Uint8Array.from({ length: count }, () => Math.floor(Math.random() * 256))

/** @param {number} threads */
export const open = (threads) =>
  openKernels(threads, (kerf, layer, sizes, allocator) => {
    const inputs = layer.inChannels * layer.size * layer.size
    const outputs = layer.outChannels * layer.outSize * layer.outSize
    const weights = (layer.outChannels * layer.inChannels * layer.kernel * layer.kernel) / layer.groups
    const x = allocator.alloc(inputs)
    const tensors = {
      ...{ x, y: allocator.alloc(outputs), xZero: 128, yZero: 128, lo: 0, hi: 255 },
      weights: Int8Array.from(randomBytes(weights)),
      factors: new Float32Array(layer.outChannels).fill(1e-3),
    }
    const steps = kerf.lowerConvCodes(sizes, tensors, allocator, products)
    return { steps, fill: (buffer) => new Uint8Array(buffer, x, inputs).set(randomBytes(inputs)) }
  })
