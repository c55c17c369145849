// A program of its own: kernels in machine code with each of their operands at the very end of WebAssembly's memory, behind which nothing can be read: what goes
// beyond its operands ends the process. Arguments: the library, the instructions, and `beyond` to see that.

import { seededRandom } from '../../../../base/index.ts'
import { loadNative } from '../../../native.node.ts'
import { control } from '../engine/kernels.generated.ts'
import { allBinaries, instantiate, loadBinaries } from '../engine/module.ts'
import { lowerAdderInputGradient } from './adder/computed.ts'
import { lowerAdderConv, lowerAdderConvInteger } from './adder/layer.ts'
import { lowerBatchNorm, lowerBatchNormGradient } from './batch-norm.ts'
import { lowerConvCodes } from './codes/convolution.ts'
import { lowerSignGradient, lowerWeightGradient } from './convolution/gradient.ts'
import { lowerConv, lowerDense } from './convolution/layer.ts'
import type { ConvLayer } from './convolution/sizes.ts'
import { lowerPool, lowerPoolGradient } from './pool.ts'
import { type Allocator, programBytes, type Step, step, writeProgram } from './step.ts'

const [path, instructions, beyond] = process.argv.slice(2)
const native = loadNative(path!, instructions)
if (!native) throw new Error(`${path} is no library for ${instructions}`)

await loadBinaries(allBinaries)

const pages = 256
const random = seededRandom(5)
const floats = (count: number) => Float32Array.from({ length: count }, () => 2 * random.uniform() - 1)
const none = { lo: Number.NEGATIVE_INFINITY, hi: Number.POSITIVE_INFINITY }

interface Case {
  readonly name: string
  /** Bytes of the input, of which each is a number of its own, and of the output. */
  readonly x: Uint8Array
  readonly outputs: number
  /** Whether WebAssembly gives the same to the bit. */
  readonly isExact?: boolean
  lower(x: number, y: number, alloc: Allocator): Step[]
}

const layer = (sizes: Partial<ConvLayer>): ConvLayer => ({
  ...{ batch: 1, inHeight: 9, inWidth: 7, inChannels: 16, outHeight: 9, outWidth: 7, outChannels: 16, groups: 1 },
  ...{ kernelHeight: 3, kernelWidth: 3, strideHeight: 1, strideWidth: 1, dilationHeight: 1, dilationWidth: 1 },
  ...{ padTop: 1, padLeft: 1 },
  ...sizes,
})
const point = { kernelHeight: 1, kernelWidth: 1, padTop: 0, padLeft: 0 }
const layers: readonly ConvLayer[] = [
  ...[1, 3, 8, 13, 16, 20, 24, 31, 32, 40, 57].map((outChannels) => layer({ inChannels: 5, outChannels })),
  ...[1, 7, 12, 16, 33].map((inChannels) => layer({ ...point, inChannels, outChannels: 19 })),
  ...[8, 12, 20, 36].map((outChannels) => layer({ inChannels: 12, outChannels })),
  // Tiles enough for the gradient of their weights by Winograd's products.
  ...[12, 28, 40].map((outChannels) => layer({ batch: 8, inChannels: outChannels - 12 || 20, outChannels })),
  layer({ groups: 2, outChannels: 22 }),
  layer({ strideHeight: 2, strideWidth: 2, outHeight: 5, outWidth: 4 }),
  ...[4, 6, 16, 19, 37].map((channels) => layer({ groups: channels, inChannels: channels, outChannels: channels })),
  layer({ groups: 19, inChannels: 19, outChannels: 19, inHeight: 3, outHeight: 3, inWidth: 26, outWidth: 26 }),
]

/** An operand besides the input, which memory is given for like for all others. */
function put(values: Float32Array, { memory, alloc }: Allocator): number {
  const at = alloc(4 * values.length)
  new Float32Array(memory.buffer, at, values.length).set(values)
  return at
}

const weightsOf = (l: ConvLayer) => (l.outChannels * l.inChannels * l.kernelHeight * l.kernelWidth) / l.groups
const bytesOf = (values: Float32Array) => new Uint8Array(values.buffer)

function casesOf(l: ConvLayer): Case[] {
  const inputs = l.batch * l.inHeight * l.inWidth * l.inChannels
  const outputs = l.batch * l.outHeight * l.outWidth * l.outChannels
  const name = JSON.stringify(l)
  const [weights, bias] = [floats(weightsOf(l)), floats(l.outChannels)]
  const sparse = weights.map((w, i) => (i % 3 === 0 ? w : 0))
  const codes = { scale: 0.01, zeroPoint: 3, most: 255 }
  const bytes = Uint8Array.from({ length: weightsOf(l) }, () => 256 * random.uniform())
  const x = bytesOf(floats(inputs))
  const factors = new Float32Array(l.outChannels).fill(1 / 300)
  const scales = { xZero: 120, yZero: 130, lo: 2, hi: 250 }
  const isDepthwise = l.groups > 2
  const dy = floats(outputs)
  return [
    {
      ...{ name: `computed ${name}`, x, outputs: 4 * outputs },
      lower: (at, y, a) => {
        const computed = { weights: put(weights, a), bias: put(bias, a) }
        return lowerConv(l, { x: at, y, weights: computed, ...none }, a)
      },
    },
    {
      ...{ name: `gradient of weights ${name}`, x, outputs: 4 * weightsOf(l) },
      lower: (at, y, a) => lowerWeightGradient(l, { x: at, dy: put(dy, a), dw: y }, a),
    },
    {
      ...{ name: `gradient by the sign ${name}`, x, outputs: 4 * weightsOf(l) },
      lower: (at, y, a) => lowerSignGradient(l, { x: at, dy: put(dy, a), w: put(weights, a), dw: y }, a),
    },
    ...(['clip', 'full', 'sign'] as const).map((difference) => ({
      ...{ name: `gradient of an adder's input, ${difference} ${name}`, x, outputs: 4 * inputs },
      lower: (at: number, y: number, a: Allocator) =>
        lowerAdderInputGradient(l, difference, { dy: put(dy, a), x: at, w: put(weights, a), dx: y }, a),
    })),
    { name, x, outputs: 4 * outputs, lower: (at, y, a) => lowerConv(l, { x: at, y, weights, bias, ...none }, a) },
    {
      ...{ name: `without zeros ${name}`, x, outputs: 4 * outputs },
      lower: (at, y, a) => lowerConv(l, { x: at, y, weights: sparse, bias, ...none }, a, { sparse: 'always' }),
    },
    // Depthwise layers of codes, and adder layers, are WebAssembly's.
    ...(isDepthwise
      ? []
      : [
          {
            ...{ name: `adder ${name}`, x, outputs: 4 * outputs },
            lower: (at: number, y: number, a: Allocator) => lowerAdderConv(l, { x: at, y, weights, bias, ...none }, a),
          },
          {
            ...{ name: `codes ${name}`, x: x.slice(0, inputs), outputs, isExact: true },
            lower: (at: number, y: number, a: Allocator) =>
              lowerConvCodes(l, { x: at, y, weights: Int8Array.from(bytes), factors, ...scales }, a, 'words'),
          },
          ...(['float32', codes] as const).map((output) => ({
            ...{ name: `adder of codes ${name}`, x: x.slice(0, inputs) },
            outputs: (output === 'float32' ? 4 : 1) * outputs,
            lower: (at: number, y: number, a: Allocator) =>
              lowerAdderConvInteger(l, { x: at, y, weights: bytes, codes, output, ...none }, a),
          })),
        ]),
  ]
}

const linear = [1, 15, 16, 37].flatMap((inFeatures) =>
  [1, 4, 11].map((outFeatures): Case => {
    const weights = floats(inFeatures * outFeatures)
    const sizes = { rows: 1, inFeatures, outFeatures }
    return {
      ...{ name: `linear ${inFeatures} → ${outFeatures}`, x: bytesOf(floats(inFeatures)), outputs: 4 * outFeatures },
      lower: (x, y, a) => lowerDense(sizes, { x, y, weights, transposed: true, ...none }, a),
    }
  }),
)

/** Of so many channels: pixels 5 × 4, two images. */
function pixelCases(channels: number): Case[] {
  const rows = 2 * 5 * 4
  const x = bytesOf(floats(rows * channels))
  const sizes = { rows, channels, epsilon: 1e-5 }
  const more = floats(rows * channels)
  const perChannel = floats(channels)
  const pool = (average: boolean) => ({
    ...{ batch: 2, channels, input: [5, 4], output: [3, 2], kernel: [3, 3], strides: [2, 2], dilations: [1, 1] },
    ...{ padBegins: [1, 1], padEnds: [1, 1], average, countIncludePad: false },
  })
  return [
    {
      ...{ name: `normalisation of ${channels}`, x, outputs: 4 * rows * channels },
      lower: (at, y, a) => {
        const [scale, bias, runningMean, runningVariance] = [1, 2, 3, 4].map(() => put(perChannel, a)) as [
          ...[number, number, number, number],
        ]
        const [newMean, newVariance] = [a.alloc(4 * channels), a.alloc(4 * channels)]
        const places = { x: at, y, scale, bias, runningMean, runningVariance, newMean, newVariance }
        return lowerBatchNorm({ ...sizes, momentum: 0.9 }, { ...places, residual: put(more, a), ...none }, a)
      },
    },
    {
      ...{ name: `gradient of normalisation of ${channels}`, x, outputs: 4 * rows * channels },
      lower: (at, dx, a) => {
        const [dscale, dbias] = [a.alloc(4 * channels), a.alloc(4 * channels)]
        const places = { dy: put(more, a), x: at, dx, scale: put(perChannel, a), dscale, dbias }
        const pixels = { dyPixel: channels, yPixel: channels, dxPixel: channels }
        const clipped = { dy: dx, y: put(more, a), dx, rows, channels, ...pixels, lo: 0, hi: 6 }
        return [...lowerBatchNormGradient(sizes, places, a), step('clipGradientF32', clipped)]
      },
    },
    ...[true, false].flatMap((average): Case[] => [
      {
        ...{ name: `${average ? 'means' : 'maxima'} of ${channels}`, x, outputs: 4 * 2 * 6 * channels },
        lower: (at, y, a) => lowerPool(pool(average), at, y, a),
      },
      {
        ...{ name: `gradient of ${average ? 'means' : 'maxima'} of ${channels}`, x, outputs: 4 * rows * channels },
        lower: (at, dx, a) =>
          lowerPoolGradient(pool(average), { dy: put(more.slice(0, 2 * 6 * channels), a), x: at, dx }, a),
      },
    ]),
  ]
}

/** The outputs, with the allocation of this number at the end of the memory; and how many allocations there were. */
function outcome(
  { x, outputs, lower }: Case,
  last: number,
  isNative = true,
): { readonly y: Uint8Array; readonly count: number } {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
  const own = isNative ? native : undefined
  let next: number = control.firstFree
  let count = 0
  const alloc = (bytes: number): number => {
    if (count++ === last) return memory.buffer.byteLength - bytes
    const at = next
    next = 64 * Math.ceil((next + bytes) / 64)
    return at
  }
  const from = alloc(x.length)
  new Uint8Array(memory.buffer, from, x.length).set(x)
  const to = alloc(outputs)
  const steps = lower(from, to, { memory, alloc, scratch: alloc, native: own })
  const program = alloc(programBytes(steps))
  writeProgram(memory, program, steps, 1, own)
  instantiate(memory, { native: own, binaries: allBinaries }).run(program, steps.length, 0, 1)
  return { y: new Uint8Array(memory.buffer, to, outputs).slice(), count }
}

if (beyond) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 })
  const sizes = { bias: control.firstFree, weights: control.firstFree, y: control.firstFree, ...none }
  const x = memory.buffer.byteLength - 60
  const program = control.firstFree + 1024
  writeProgram(memory, program, [step('denseF32', { ...sizes, x, inFeatures: 16, outFeatures: 1 })], 1, native)
  instantiate(memory, { native, binaries: allBinaries }).run(program, 1, 0, 1)
}

let checked = 0
const pixels = [1, 3, 4, 16, 19, 23, 37].flatMap(pixelCases)
for (const one of [...layers.flatMap(casesOf), ...linear, ...pixels]) {
  const { y, count } = outcome(one, -1)
  if (one.isExact && outcome(one, -1, false).y.some((v, i) => v !== y[i]))
    throw new Error(`${one.name}: not as WebAssembly`)
  for (let last = 0; last < count; last++) {
    const other = outcome(one, last)
    if (other.y.some((v, i) => v !== y[i]))
      throw new Error(`${one.name}: other values with allocation ${last} at the end`)
    checked++
  }
}
console.log(`${checked} programs`)
