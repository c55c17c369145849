import { expect, it } from 'vitest'
import { seededRandom } from '../../../../../base/index.ts'
import { firstDifference, StepBench } from '../step-bench.node.ts'
import { lowerCombineCodes, lowerMapCodes, lowerPoolCodes } from './between.ts'

const random = seededRandom(3)
const someBytes = (count: number) => Uint8Array.from({ length: count }, () => random.below(256))

function rounded(v: number): number {
  const floor = Math.floor(v)
  const rest = v - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor
}

const code = (v: number, zero: number, lo: number, hi: number) => Math.min(hi, Math.max(lo, rounded(v) + zero))

/** Runs steps that write `count` bytes at `y`. */
function made(bench: StepBench, steps: Parameters<StepBench['run']>[0], y: number, count: number, threads: number) {
  bench.run(steps, threads)
  return new Uint8Array(bench.memory.buffer, y, count).slice()
}

it.each([1, 7, 8, 9, 64, 65, 200])('%i sums of codes are rounded once', (count) => {
  const bench = new StepBench(1 << 20)
  for (const threads of [1, 3]) {
    const [x, w] = [someBytes(count), someBytes(count)]
    const [xFactor, wFactor] = [0.5, 0.75]
    const wanted = Array.from(x, (v, i) => code((v - 120) * xFactor + (w[i]! - 131) * wFactor, 90, 5, 240))
    const places = { x: bench.bytes(x), w: bench.bytes(w), y: bench.alloc(count) }
    const pixels = { rows: 1, channels: count, xPixel: count, wPixel: count, yPixel: count }
    const settings = {
      ...pixels,
      isProduct: false,
      xFactor,
      wFactor,
      xZero: 120,
      wZero: 131,
      outZero: 90,
      lo: 5 - 90,
      hi: 240 - 90,
    }
    expect(
      firstDifference(made(bench, lowerCombineCodes({ ...places, ...settings }), places.y, count, threads), wanted),
    ).toBe(-1)
    // In place.
    const own = { ...places, y: places.x, ...settings }
    expect(firstDifference(made(bench, lowerCombineCodes(own), own.y, count, threads), wanted)).toBe(-1)
  }
})

it.each([
  [1, 3],
  [5, 4],
  [9, 17],
])('%i rows of %i codes are added among others', (rows, channels) => {
  const bench = new StepBench(1 << 20)
  const [xPixel, wPixel, yPixel] = [channels + 2, channels, channels + 5]
  for (const threads of [1, 3]) {
    const [x, w] = [someBytes(rows * xPixel), someBytes(rows * wPixel)]
    const y = bench.alloc(rows * yPixel)
    const before = new Uint8Array(bench.memory.buffer, y, rows * yPixel).fill(7).slice()
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < channels; c++)
        before[r * yPixel + c] = code((x[r * xPixel + c]! - 9) * 0.5 + (w[r * wPixel + c]! - 200) * 0.25, 100, 0, 255)
    const scales = {
      isProduct: false,
      xFactor: 0.5,
      wFactor: 0.25,
      xZero: 9,
      wZero: 200,
      outZero: 100,
      lo: -100,
      hi: 155,
    }
    const steps = lowerCombineCodes({
      x: bench.bytes(x),
      w: bench.bytes(w),
      y,
      rows,
      channels,
      xPixel,
      wPixel,
      yPixel,
      ...scales,
    })
    expect(firstDifference(made(bench, steps, y, before.length, threads), before)).toBe(-1)
  }
})

it.each([
  [1, 3],
  [5, 4],
  [9, 17],
])('%i rows of %i codes are multiplied, by as many or by one for each channel', (rows, channels) => {
  const bench = new StepBench(1 << 20)
  const [xPixel, yPixel] = [channels + 2, channels + 5]
  for (const wPixel of [channels + 1, 0])
    for (const threads of [1, 3]) {
      const [x, w] = [someBytes(rows * xPixel), someBytes(rows * wPixel + channels)]
      const y = bench.alloc(rows * yPixel)
      const wanted = new Uint8Array(bench.memory.buffer, y, rows * yPixel).fill(7).slice()
      const factor = 2 ** -6
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < channels; c++)
          wanted[r * yPixel + c] = code((x[r * xPixel + c]! - 9) * (w[r * wPixel + c]! - 200) * factor, 100, 3, 250)
      const scales = {
        isProduct: true,
        xFactor: factor,
        wFactor: 0,
        xZero: 9,
        wZero: 200,
        outZero: 100,
        lo: 3 - 100,
        hi: 250 - 100,
      }
      const places = { x: bench.bytes(x), w: bench.bytes(w), y }
      const steps = lowerCombineCodes({ ...places, rows, channels, xPixel, wPixel, yPixel, ...scales })
      expect(firstDifference(made(bench, steps, y, wanted.length, threads), wanted)).toBe(-1)
    }
})

it.each([
  [1, 3],
  [5, 4],
  [9, 17],
])('%i rows of %i codes go to their places, by a table or as they are', (rows, channels) => {
  const bench = new StepBench(1 << 20)
  const table = someBytes(256)
  const [xPixel, yPixel] = [channels + 2, 2 * channels + 5]
  for (const [own, yStep] of [
    [table, 1],
    [undefined, 1],
    [table, 2],
    [undefined, 2],
  ] as const) {
    const x = someBytes(rows * xPixel)
    const places = { x: bench.bytes(x), y: bench.alloc(rows * yPixel) }
    const wanted = new Uint8Array(rows * yPixel)
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < channels; c++) {
        const byte = x[r * xPixel + c]!
        wanted[r * yPixel + c * yStep] = own ? table[byte]! : byte
      }
    const steps = lowerMapCodes({ ...places, rows, channels, xPixel, yPixel, yStep, table: own }, bench)
    expect(firstDifference(made(bench, steps, places.y, wanted.length, 2), wanted)).toBe(-1)
  }
})

it.each([3, 8, 15, 16, 17, 40])('pools %i channels, largest codes and means', (channels) => {
  const bench = new StepBench(1 << 20)
  const [size, out] = [7, 4]
  const layer = {
    ...{
      batch: 2,
      channels,
      input: [size, size],
      output: [out, out],
      kernel: [3, 3],
      strides: [2, 2],
      dilations: [1, 1],
    },
    ...{ padBegins: [1, 1], padEnds: [1, 1], countIncludePad: false },
  }
  const x = someBytes(2 * size * size * channels)
  for (const average of [false, true])
    for (const threads of [1, 2]) {
      const scales = { factor: 0.8, xZero: 100, yZero: 110, lo: 3, hi: 230 }
      const wanted: number[] = []
      for (let n = 0; n < 2; n++)
        for (let oy = 0; oy < out; oy++)
          for (let ox = 0; ox < out; ox++)
            for (let c = 0; c < channels; c++) {
              const under: number[] = []
              for (let iy = 2 * oy - 1; iy < 2 * oy + 2; iy++)
                for (let ix = 2 * ox - 1; ix < 2 * ox + 2; ix++)
                  if (iy >= 0 && ix >= 0 && iy < size && ix < size)
                    under.push(x[((n * size + iy) * size + ix) * channels + c]!)
              const sum = under.reduce((a, b) => a + b - scales.xZero, 0)
              const mean = Math.fround(sum * Math.fround(Math.fround(scales.factor) / under.length))
              wanted.push(average ? code(mean, scales.yZero, scales.lo, scales.hi) : Math.max(...under))
            }
      const places = { x: bench.bytes(x), y: bench.alloc(wanted.length) }
      const steps = lowerPoolCodes({ ...layer, average }, places, scales, bench)
      expect(firstDifference(made(bench, steps, places.y, wanted.length, threads), wanted)).toBe(-1)
    }
})
