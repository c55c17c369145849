import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../base/index.ts'
import { spawnNodeWorker } from '../spawn.node.ts'
import { firstFree, kernels, writeArgs } from './abi.ts'
import { type ConvLayer, lowerConv, lowerConvTranspose, lowerDense } from './conv-layer.ts'
import { hasRelaxedSimd } from './module.ts'
import { Pool } from './pool.ts'
import type { Allocator, Step } from './step.ts'

// However the work is shared, every output is computed by one thread in the same order: results are equal to the bit.

const seed = 7
const random = seededRandom(seed)
const floats = (n: number): Float32Array => Float32Array.from({ length: n }, () => 2 * random.uniform() - 1)
const variant = hasRelaxedSimd() ? 'relaxedThreads' : 'simdThreads'
const memory = new WebAssembly.Memory({ initial: 1024, maximum: 1024, shared: true })

async function results(
  outputs: number,
  x: Float32Array,
  lower: (x: number, y: number, alloc: Allocator) => Step[],
): Promise<Float32Array[]> {
  const all: Float32Array[] = []
  for (const threads of [1, 2, 3]) {
    // One pool at a time may use the control block.
    const pool = await Pool.start(variant, memory, threads, threads > 1 ? spawnNodeWorker : undefined)
    let next = firstFree
    const alloc = (bytes: number) => {
      const at = Math.ceil(next / 64) * 64
      next = at + bytes
      new Uint8Array(memory.buffer, at, bytes).fill(0)
      return at
    }
    const place = alloc(4 * x.length)
    new Float32Array(memory.buffer, place, x.length).set(x)
    const y = alloc(4 * outputs)
    const steps = lower(place, y, { alloc, scratch: alloc, memory })
    const program = alloc(8 * steps.length)
    const view = new DataView(memory.buffer)
    steps.forEach(({ kernel, args }, i) => {
      const at = alloc(4 * kernels[kernel].args.length)
      writeArgs(view, at, kernel, args as never)
      view.setInt32(program + 8 * i, kernels[kernel].id, true)
      view.setInt32(program + 8 * i + 4, at, true)
    })
    pool.run(program, steps.length)
    all.push(new Float32Array(memory.buffer, y, outputs).slice())
    pool.dispose()
  }
  return all
}

const layer = (sizes: Partial<ConvLayer>): ConvLayer => ({
  ...{ batch: 1, inHeight: 9, inWidth: 9, inChannels: 16, outHeight: 9, outWidth: 9, outChannels: 16, groups: 1 },
  ...{
    kernelHeight: 3,
    kernelWidth: 3,
    strideHeight: 1,
    strideWidth: 1,
    dilationHeight: 1,
    dilationWidth: 1,
    padTop: 1,
    padLeft: 1,
  },
  ...sizes,
})

const none = { lo: Number.NEGATIVE_INFINITY, hi: Number.POSITIVE_INFINITY }
const cases: Record<string, ConvLayer> = {
  'pixels are shared': layer({ inHeight: 20, inWidth: 21, outHeight: 20, outWidth: 21, outChannels: 18 }),
  'tiles of 2×2 pixels are shared': layer({ inHeight: 20, inWidth: 21, outHeight: 20, outWidth: 21 }),
  'output channels are shared': layer({ inHeight: 3, inWidth: 3, outHeight: 3, outWidth: 3, outChannels: 77 }),
  'a padded copy': layer({ inChannels: 3 }),
  groups: layer({ groups: 2, outChannels: 50 }),
  'less work than threads': layer({ inHeight: 1, inWidth: 1, outHeight: 1, outWidth: 1, outChannels: 4 }),
  'depthwise, rows are shared': layer({ inHeight: 40, outHeight: 40, groups: 16 }),
  'depthwise, channels are shared': layer({ inChannels: 70, outChannels: 70, groups: 70 }),
  'depthwise, few channels': layer({ inChannels: 5, outChannels: 10, groups: 5 }),
}

describe('one, two and three threads give the same bits', () => {
  for (const [name, conv] of Object.entries(cases))
    it(name, async () => {
      const weights = floats((conv.outChannels * conv.inChannels * 9) / conv.groups)
      const bias = floats(conv.outChannels)
      const outputs = conv.outHeight * conv.outWidth * conv.outChannels
      const x = floats(conv.inHeight * conv.inWidth * conv.inChannels)
      const [one, two, three] = await results(outputs, x, (at, y, alloc) =>
        lowerConv(conv, { x: at, y, weights, bias, ...none }, alloc),
      )
      expect(one?.every((v) => v !== 0)).toBe(true)
      expect(two).toEqual(one)
      expect(three).toEqual(one)
    })
  it('transposed', async () => {
    const conv = layer({ strideHeight: 2, strideWidth: 2, outHeight: 17, outWidth: 17, outChannels: 9 })
    const weights = floats(16 * 9 * 9)
    const [one, two, three] = await results(17 * 17 * 9, floats(9 * 9 * 16), (x, y, alloc) =>
      lowerConvTranspose(conv, { x, y, weights, ...none }, alloc),
    )
    expect(one?.every((v) => v !== 0)).toBe(true)
    expect(two).toEqual(one)
    expect(three).toEqual(one)
  })
  it('dense', async () => {
    for (const rows of [1, 5]) {
      const weights = floats(30 * 45)
      const [one, two, three] = await results(rows * 45, floats(rows * 30), (x, y, alloc) =>
        lowerDense({ rows, inFeatures: 30, outFeatures: 45 }, { x, y, weights, transposed: true, ...none }, alloc),
      )
      expect(one?.every((v) => v !== 0)).toBe(true)
      expect(two).toEqual(one)
      expect(three).toEqual(one)
    }
  })
})
