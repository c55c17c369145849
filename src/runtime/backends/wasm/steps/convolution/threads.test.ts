import { afterAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../../../../../base/index.ts'
import { nativeKernels } from '../../../../native.node.ts'
import { spawnNodeWorker } from '../../../../spawn.node.ts'
import { control } from '../../engine/kernels.generated.ts'
import { allBinaries } from '../../engine/module.ts'
import { Pool } from '../../engine/pool.ts'
import { lowerAdderConv, lowerAdderConvInteger } from '../adder/layer.ts'
import { type Allocator, programBytes, type Step, writeProgram } from '../step.ts'
import { firstDifference, StepBench } from '../step-bench.node.ts'
import { lowerConv, lowerConvTranspose, lowerDense } from './layer.ts'
import type { ConvLayer } from './sizes.ts'

// However the work is shared, every output is computed by one thread in the same order: results are equal to the bit.

const seed = 7
const random = seededRandom(seed)
const floats = (n: number): Float32Array => Float32Array.from({ length: n }, () => 2 * random.uniform() - 1)
/** How often the steps stand in the program: each turn reads what the one before has written, so a barrier that fails shows. */
const turns = 12
const crowds = [1, 2, 3, 7]
// Each with a memory of its own: two may not use one control block.
const native = nativeKernels()
const pools = await Promise.all(
  crowds.map(async (threads) => {
    const memory = new WebAssembly.Memory({ initial: 256, maximum: 256, shared: true })
    return {
      memory,
      pool: await Pool.start(memory, threads, threads > 1 ? spawnNodeWorker : undefined, {
        native,
        binaries: allBinaries,
      }),
    }
  }),
)
afterAll(() => Promise.all(pools.map(({ pool }) => pool.dispose())))

/** What the steps make of `outputs` zeros, turn after turn, on each number of threads. */
function results(
  outputs: number,
  x: Float32Array,
  lower: (x: number, y: number, alloc: Allocator) => Step[],
): Float32Array[] {
  return pools.map(({ memory, pool }) => {
    let next: number = control.firstFree
    const alloc = (bytes: number) => {
      const at = Math.ceil(next / 64) * 64
      next = at + bytes
      new Uint8Array(memory.buffer, at, bytes).fill(0)
      return at
    }
    const place = alloc(4 * x.length)
    new Float32Array(memory.buffer, place, x.length).set(x)
    const y = alloc(4 * outputs)
    const steps = lower(place, y, { alloc, scratch: alloc, memory, native })
    const program = alloc(programBytes(steps, turns))
    writeProgram(memory, program, steps, turns, native)
    pool.run(program, steps.length * turns)
    return new Float32Array(memory.buffer, y, outputs).slice()
  })
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

/** A layer's steps, which add to what y holds: in place, so that what is done twice shows. */
type Lower = (conv: ConvLayer, x: number, y: number, alloc: Allocator) => Step[]

const inputs = (conv: ConvLayer) => conv.inHeight * conv.inWidth * conv.inChannels
const outputsOf = (conv: ConvLayer) => conv.outHeight * conv.outWidth * conv.outChannels
const weightsOf = (conv: ConvLayer) => (conv.outChannels * conv.inChannels * 9) / conv.groups
/** 63 is the most that 6 bits hold. Four to a float, which is what memory is filled with. */
const codes = (n: number) => Uint8Array.from({ length: 4 * Math.ceil(n / 4) }, () => Math.floor(64 * random.uniform()))

/** The kinds of layers, each with its input. */
const kinds: Record<string, (conv: ConvLayer) => { x: Float32Array; lower: Lower }> = {
  convolution: (conv) => {
    const [weights, bias] = [floats(weightsOf(conv)), floats(conv.outChannels)]
    return {
      x: floats(inputs(conv)),
      lower: (c, x, y, alloc) => lowerConv(c, { x, y, residual: y, weights, bias, ...none }, alloc),
    }
  },
  'convolution without zeros': (conv) => {
    const [weights, bias] = [floats(weightsOf(conv)).map((w, i) => (i % 3 === 0 ? w : 0)), floats(conv.outChannels)]
    return {
      x: floats(inputs(conv)),
      lower: (c, x, y, alloc) =>
        lowerConv(c, { x, y, residual: y, weights, bias, ...none }, alloc, { sparse: 'always' }),
    }
  },
  'adder convolution': (conv) => {
    const weights = floats(weightsOf(conv))
    return {
      x: floats(inputs(conv)),
      lower: (c, x, y, alloc) => lowerAdderConv(c, { x, y, residual: y, weights, ...none }, alloc),
    }
  },
  'adder convolution of codes': (conv) => {
    const weights = codes(weightsOf(conv)).subarray(0, weightsOf(conv))
    const settings = { codes: { scale: 0.01, zeroPoint: 3, most: 63 }, output: 'float32' } as const
    return {
      x: new Float32Array(codes(inputs(conv)).buffer),
      lower: (c, x, y, alloc) => lowerAdderConvInteger(c, { x, y, residual: y, weights, ...settings, ...none }, alloc),
    }
  },
}

/** On any number of threads the same bits, none of them 0. */
function expectEqual([one, ...others]: readonly Float32Array[]): void {
  expect(one?.every((v) => v !== 0 && Number.isFinite(v))).toBe(true)
  expect(others).toHaveLength(crowds.length - 1)
  for (const other of others) expect(firstDifference(other, one!)).toBe(-1)
}

describe('one, two, three and seven threads give the same bits', () => {
  for (const [kind, make] of Object.entries(kinds))
    it.each(Object.entries(cases))(`${kind}: %s`, (_, conv) => {
      const { x, lower } = make(conv)
      expectEqual(results(outputsOf(conv), x, (at, y, alloc) => lower(conv, at, y, alloc)))
    })
  it('transposed', () => {
    const conv = layer({ strideHeight: 2, strideWidth: 2, outHeight: 17, outWidth: 17, outChannels: 9 })
    const weights = floats(16 * 9 * 9)
    expectEqual(
      results(17 * 17 * 9, floats(9 * 9 * 16), (x, y, alloc) =>
        lowerConvTranspose(conv, { x, y, residual: y, weights, ...none }, alloc),
      ),
    )
  })
  it('dense', () => {
    for (const rows of [1, 5]) {
      const weights = floats(30 * 45)
      expectEqual(
        results(rows * 45, floats(rows * 30), (x, y, alloc) =>
          lowerDense({ rows, inFeatures: 30, outFeatures: 45 }, { x, y, weights, transposed: true, ...none }, alloc),
        ),
      )
    }
  })
})

describe('the first thread does what others are late for, once', () => {
  const bench = new StepBench(1 << 24)
  for (const [kind, make] of Object.entries(kinds))
    it.each(Object.entries(cases))(`${kind}: %s`, (_, conv) => {
      const { x, lower } = make(conv)
      const before = floats(outputsOf(conv))
      const outcome = (threads: number, late: boolean) => {
        bench.reset()
        const y = bench.floats(before)
        bench.run(lower(conv, bench.floats(x), y, bench), threads, late)
        return bench.read(y, before.length)
      }
      const one = outcome(1, false)
      expect(firstDifference(one, before)).not.toBe(-1)
      for (const threads of [2, 3, 7])
        for (const late of [false, true]) expect(firstDifference(outcome(threads, late), one)).toBe(-1)
    })
})
