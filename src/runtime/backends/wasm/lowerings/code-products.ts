import type { InferredCall } from '../../../../graph/index.ts'
import { type ConvAttributes, type GemmAttributes, rangeOf } from '../../../../ops/index.ts'
import { isCode, type WholesRule, within } from '../../../../plan/index.ts'
import type { CodeWeights } from '../packing/codes.ts'
import { unbounded } from '../packing/computed.ts'
import { lowerConvCodes, sumsFit } from '../steps/codes/convolution.ts'
import type { CodeTensors } from '../steps/codes/tensors.ts'
import { isDepthwise } from '../steps/convolution/depthwise.ts'
import { lowerConv } from '../steps/convolution/layer.ts'
import { denseLayer, denseOrder } from '../steps/convolution/panels.ts'
import { type ConvLayer, type DenseSizes, isPointwise } from '../steps/convolution/sizes.ts'
import { lowerBinary } from '../steps/elementwise.ts'
import { lowerQuantiseFloats } from '../steps/quantise.ts'
import type { Allocator, Step } from '../steps/step.ts'
import type { PlacedRun } from '../steps/strides.ts'
import { byteLimits, isScalar, numbers, refusesComputed } from './code-parameters.ts'
import { convLayer, packedFor, refusesConv } from './convolution.ts'
import { gemm, matMul } from './dense.ts'
import { type Lowering, type LoweringContext, type Lowerings, type Place, shapeOf } from './lowering.ts'
import { count, inMemory, inTurn, stored } from './operands.ts'

/*
 * Quantised networks on float32 kernels. Codes are whole numbers held as float32, and so are their sums where that is enough (plan/whole-numbers.ts):
 * exact up to 2^24, beyond that rounded like any float32 sum. A convolution of (x − x0) and (w − w0) is an ordinary one then. Codes that are made for such a reader are held without their zero
 * point (`zeroPoints`, plan/centred.ts), so that nobody takes it off again.
 */

/** Inputs: codes, their zero point, stored codes, their zero point. */
type Operands = readonly [codes: number, zeroPoint: number, weights: number, weightZero: number]

/** Of ConvInteger and MatMulInteger. */
const integerOperands = [0, 2, 1, 3] as const

/** Codes less their zero point (one for all): where they lie, after the steps. */
function centredCodes(context: LoweringContext, codes: number, zeroPoint: number): { at: Place; steps: Step[] } {
  const at = context.input(codes)
  const zero = numbers(context, zeroPoint)
  const none = (context.call.node.inputs[zeroPoint] ?? '') === '' || zero?.[0] === 0
  if (none || context.isCentred(codes)) return { at, steps: [] }
  const shape = inMemory(at.shape, at.layout)
  const address = context.alloc.scratch(4 * count(shape))
  const zeroAt = zero ? stored(zero, context.alloc) : context.input(zeroPoint).address
  const steps = lowerBinary('sub', { address: at.address, shape }, { address: zeroAt, shape: [1] }, address, shape)
  return { at: { ...at, address }, steps }
}

/** Stored weights less their zero points, one for all or one along an axis. */
function centredWeights(
  { constant }: Pick<LoweringContext, 'constant'>,
  weights: number,
  zeroPoint: number,
  axis: number,
): Float32Array {
  const { shape, data } = constant(weights)!
  const zeros = constant(zeroPoint)?.data ?? [0]
  const inner = count(shape.slice(shape.length + axis + 1))
  return Float32Array.from(
    data,
    zeros.length === 1 ? (q) => q - zeros[0]! : (q, i) => q - zeros[Math.floor(i / inner) % zeros.length]!,
  )
}

/**
 * How large sums of products of codes and stored codes may be, both less their zero points: the greatest code times the sizes of the weights of a sum.
 * @param axis of the weights' zero points
 * @param sumOf the sum that a stored weight is in, by its index
 */
function productWholes(
  [codes, zeroPoint, weights, weightZero]: Operands,
  axis: (rank: number) => number,
  sumOf: (shape: readonly number[]) => (i: number) => number,
): WholesRule {
  return (_, call, constant) => {
    const shape = constant(weights)?.shape
    if (!shape) return within(Number.POSITIVE_INFINITY)
    const [lo, hi] = rangeOf(call.inputs[codes]!.elementType!)
    const zero = call.inputs[zeroPoint] ? constant(zeroPoint)?.data[0] : 0
    const most = zero === undefined ? hi - lo : Math.max(hi - zero, zero - lo)
    const of = sumOf(shape)
    const sums: number[] = []
    centredWeights({ constant }, weights, weightZero, axis(shape.length)).forEach((w, i) => {
      sums[of(i)] = (sums[of(i)] ?? 0) + most * Math.abs(w)
    })
    return within(sums.reduce((a, b) => Math.max(a, b), 0))
  }
}

/** Weights [M, …]: a sum for each M. */
const perFilter = (shape: readonly number[]) => {
  const filter = count(shape.slice(1))
  return (i: number) => Math.floor(i / filter)
}

/** Matrices […, K, N]: a sum for each column of each. */
const perColumn = (shape: readonly number[]) => {
  const columns = shape.length < 2 ? 1 : shape.at(-1)!
  const matrix = count(shape.slice(-2))
  return (i: number) => Math.floor(i / matrix) * columns + (i % columns)
}

const refusesVectors = (call: InferredCall, ...inputs: number[]): string | undefined =>
  inputs.every((i) => isScalar(call, i)) ? undefined : 'scales or zero points of its activations are several'

const convInteger: Lowering<ConvAttributes> = {
  layout: 'channelsLast',
  integers: productWholes(integerOperands, (rank) => -rank, perFilter),
  zeroPoints: { reads: [[0, 2]] },
  refuses(call, isConstant) {
    return refusesConv(call, isConstant) ?? refusesComputed(isConstant, call, 1, 3) ?? refusesVectors(call, 2)
  },
  lower(context) {
    const x = centredCodes(context, 0, 2)
    const weights = centredWeights(context, 1, 3, -shapeOf(context.call.inputs[1]).length)
    const tensors = { x: x.at.address, y: context.output(0).address, weights, ...unbounded }
    return [...x.steps, ...lowerConv(convLayer(context.call), tensors, context.alloc)]
  },
}

/** A product of A with stored B, both less their zero points. */
function integerProduct(context: LoweringContext, [a, aZero, b, bZero]: Operands): Step[] {
  const x = centredCodes(context, a, aZero)
  const weights = centredWeights(context, b, bZero, -1)
  const { call } = context
  return [
    ...x.steps,
    ...matMul.lower({
      ...context,
      call: { ...call, inputs: [call.inputs[a], call.inputs[b]] },
      input: () => x.at,
      pieces: (i) => (i === 1 ? weights : undefined),
      floats: (i) => (i === 1 ? weights : undefined),
      epilogue: unbounded,
    }),
  ]
}

const refusesProduct = (
  call: InferredCall,
  isConstant: (input: number) => boolean,
  [a, aZero, b, bZero]: Operands,
): string | undefined =>
  isConstant(a)
    ? 'its left matrix is known beforehand'
    : (refusesComputed(isConstant, call, b, bZero) ??
      refusesVectors(call, aZero) ??
      matMul.refuses?.({ ...call, inputs: [call.inputs[a], call.inputs[b]] }, isConstant))

const matMulInteger: Lowering = {
  layout: 'plain',
  integers: productWholes(integerOperands, () => -1, perColumn),
  zeroPoints: { reads: [[0, 2]] },
  refuses: (call, isConstant) => refusesProduct(call, isConstant, integerOperands),
  lower: (context) => integerProduct(context, integerOperands),
}

/** Inputs: the scales of both operands, scale and zero point of the result. */
type Scales = readonly [a: number, b: number, y: number, zeroPoint: number]

/**
 * Output 0 from sums of products of codes, in place: times a's scale · b's scale, one for each last element in memory or for all. Codes where there is a scale
 * for them: sums are multiplied by a's · b's / y's, in single precision as runtimes calculate; then rounded, y's zero point added, saturated. Sums are not
 * scaled before: whole ones stay exact so.
 * @param alpha what a's scale is multiplied by
 */
function scaled(context: LoweringContext, [a, b, y, zeroPoint]: Scales, alpha = 1): Step[] {
  const { alloc, call } = context
  const { address, shape: plain, layout } = context.output(0)
  const shape = inMemory(plain, layout)
  const scaleA = Math.fround(alpha * numbers(context, a)![0]!)
  const scaleY = numbers(context, y)?.[0]
  const factors = Float32Array.from(numbers(context, b)!, (s) => Math.fround(scaleA * s) / (scaleY ?? 1))
  const along = { address: stored(factors, alloc), shape: [factors.length] }
  const numbered = lowerBinary('mul', { address, shape }, along, address, shape)
  if (scaleY === undefined) return numbered
  const [lo, hi] = rangeOf(call.outputs[0]!.elementType!)
  return [
    ...numbered,
    ...lowerQuantiseFloats({
      ...{ x: address, y: address, count: count(shape), lo, hi, centred: context.makesCentred },
      scale: stored([1], alloc),
      zeroPoint: stored(numbers(context, zeroPoint) ?? [0], alloc),
    }),
  ]
}

/** Stored weights less their zero points, as narrow as they are. */
function narrowWeights(context: LoweringContext, weights: number, zeroPoint: number, axis: number): CodeWeights {
  const centred = centredWeights(context, weights, zeroPoint, axis)
  return centred.every((w) => w >= -128 && w <= 127) ? Int8Array.from(centred) : Int16Array.from(centred)
}

/** What sums are multiplied by, in single precision as runtimes calculate. Inputs: scales of both operands and of the result. */
function codeFactors(
  context: LoweringContext,
  [a, b, y]: readonly [number, number, number],
  channels: number,
  alpha = 1,
) {
  const scaleA = Math.fround(alpha * numbers(context, a)![0]!)
  const scaleY = numbers(context, y)![0]!
  const scales = numbers(context, b)!
  return Float32Array.from({ length: channels }, (_, o) => {
    return Math.fround(scaleA * scales[scales.length === 1 ? 0 : o]!) / scaleY
  })
}

const qLinearConvOfBytes: Lowering<ConvAttributes> = {
  layout: 'channelsLast',
  fuses: { clamp: true },
  parts(call) {
    const layer = convLayer(call, 3)
    if (isDepthwise(layer)) return { scattered: [0], eachChannel: true, output: true }
    return { output: true, ...(isPointwise(layer) ? { scattered: [0] } : { inputs: [0] }) }
  },
  refuses(call) {
    const layer = convLayer(call, 3)
    if (!sumsFit(layer)) return 'its sums could exceed 32 bits'
    return isDepthwise(layer) && layer.outChannels > layer.inChannels ? 'its channels have several filters' : undefined
  },
  lower(context) {
    const layer = convLayer(context.call, 3)
    const [x, y] = [context.input(0), context.output(0)]
    const tensors = {
      ...{
        x: x.address,
        y: y.address,
        xPixel: x.pixel,
        yPixel: y.pixel,
        xRuns: x.runs,
        ...byteLimits(context, y.least!),
      },
      xZero: (numbers(context, 2)?.[0] ?? 0) - x.least!,
      yZero: numbers(context, 7)![0]! - y.least!,
      weights: narrowWeights(context, 3, 5, -shapeOf(context.call.inputs[3]).length),
      bias: numbers(context, 8),
      factors: codeFactors(context, [1, 4, 6], layer.outChannels),
    }
    return x.runs && isDepthwise(layer)
      ? scatteredDepthwise(layer, tensors, x.runs, y, context.packing)
      : lowerConvCodes(layer, tensors, context.packing)
  },
}

/** A depthwise convolution of channels that lie in several places: one after the other, the result side by side. */
function scatteredDepthwise(
  layer: ConvLayer,
  tensors: CodeTensors,
  runs: readonly PlacedRun[],
  y: Place,
  packing: Allocator,
): Step[] {
  const taps = layer.kernelHeight * layer.kernelWidth
  const { weights, bias, factors } = tensors
  return inTurn(runs, y).flatMap(({ address, pixel, channels, to }) => {
    const own = new (weights instanceof Int8Array ? Int8Array : Int16Array)(taps * channels.length)
    channels.forEach((c, i) => {
      own.set(weights.subarray(c * taps, (c + 1) * taps), i * taps)
    })
    const sizes = { ...layer, inChannels: channels.length, outChannels: channels.length, groups: channels.length }
    const places = { x: address, xPixel: pixel, xRuns: undefined, y: to }
    const some = {
      weights: own,
      bias: bias && channels.map((c) => bias[c]!),
      factors: channels.map((c) => factors[c]!),
    }
    return lowerConvCodes(sizes, { ...tensors, ...places, ...some }, packedFor(packing, channels))
  })
}

const qLinearConv: Lowering<ConvAttributes> = {
  layout: 'channelsLast',
  bytes: qLinearConvOfBytes,
  integers: true,
  zeroPoints: { reads: [[0, 2]], makes: 7 },
  refuses(call, isConstant) {
    return (
      refusesConv(call, isConstant) ??
      refusesComputed(isConstant, call, 1, 2, 3, 4, 5, 6, 7, 8) ??
      refusesVectors(call, 1, 2, 6, 7)
    )
  },
  lower(context) {
    const layer = convLayer(context.call, 3)
    const x = centredCodes(context, 0, 2)
    const weights = centredWeights(context, 3, 5, -shapeOf(context.call.inputs[3]).length)
    const own = numbers(context, 8)
    const bias = own && Float32Array.from(own)
    const tensors = { x: x.at.address, y: context.output(0).address, weights, bias, ...unbounded }
    return [...x.steps, ...lowerConv(layer, tensors, context.alloc), ...scaled(context, [1, 4, 6, 7])]
  },
}

const qLinearOperands = [0, 2, 3, 5] as const

/** Inputs of a product on codes: the left matrix, its scale and zero point, the right one and its, the bias, scale and zero point of the result. */
interface ProductInputs {
  readonly a: readonly [codes: number, scale: number, zeroPoint: number]
  readonly b: readonly [codes: number, scale: number, zeroPoint: number]
  readonly bias?: number
  readonly y: readonly [scale: number, zeroPoint: number]
}

/** [inFeatures, outFeatures] of a stored right matrix. */
function matrixSizes(call: InferredCall, { b: [b] }: ProductInputs, transposed: boolean): DenseSizes | undefined {
  const shape = shapeOf(call.inputs[b])
  if (shape.length !== 2) return undefined
  const [inFeatures, outFeatures] = (transposed ? [shape[1], shape[0]] : shape) as [number, number]
  return { rows: count(shapeOf(call.outputs[0])) / outFeatures, inFeatures, outFeatures }
}

function refusesProductOfBytes(call: InferredCall, inputs: ProductInputs, transposed: boolean): string | undefined {
  const sizes = matrixSizes(call, inputs, transposed)
  if (!isCode(call.outputs[0])) return 'its result is no code'
  if (!sizes || !sumsFit(denseLayer(sizes))) return 'it is no product with a matrix, or too large'
  const biases = inputs.bias === undefined ? undefined : call.inputs[inputs.bias]
  return biases && ![1, sizes.outFeatures].includes(count(shapeOf(biases))) ? 'its bias is a matrix' : undefined
}

/** The rows of A as pixels of a 1×1 convolution. */
function productOfBytes(context: LoweringContext, inputs: ProductInputs, transposed: boolean, alpha = 1): Step[] {
  const { a, b, bias, y } = inputs
  const sizes = matrixSizes(context.call, inputs, transposed)!
  const [from, to] = [context.input(a[0]), context.output(0)]
  const own = bias === undefined ? undefined : numbers(context, bias)
  const tensors = {
    ...{ x: from.address, y: to.address, ...byteLimits(context, to.least!) },
    xZero: (numbers(context, a[2])?.[0] ?? 0) - from.least!,
    yZero: (numbers(context, y[1])?.[0] ?? 0) - to.least!,
    weights: narrowWeights(context, b[0], b[2], transposed ? -2 : -1),
    order: denseOrder(sizes, { transposed }),
    bias: own?.length === 1 ? new Int32Array(sizes.outFeatures).fill(own[0]!) : own,
    factors: codeFactors(context, [a[1], b[1], y[0]], sizes.outFeatures, alpha),
  }
  return lowerConvCodes(denseLayer(sizes), tensors, context.packing)
}

const ofMatMul: ProductInputs = { a: [0, 1, 2], b: [3, 4, 5], y: [6, 7] }

const qLinearMatMulOfBytes: Lowering = {
  layout: 'plain',
  fuses: { clamp: true },
  refuses: (call) => refusesProductOfBytes(call, ofMatMul, false),
  lower: (context) => productOfBytes(context, ofMatMul, false),
}

const qLinearMatMul: Lowering = {
  layout: 'plain',
  bytes: qLinearMatMulOfBytes,
  integers: true,
  zeroPoints: { reads: [[0, 2]], makes: 7 },
  refuses(call, isConstant) {
    return (
      refusesComputed(isConstant, call, 1, 2, 4, 6, 7) ??
      refusesVectors(call, 1, 6, 7) ??
      refusesProduct(call, isConstant, qLinearOperands)
    )
  },
  lower(context) {
    return [...integerProduct(context, qLinearOperands), ...scaled(context, [1, 4, 6, 7])]
  },
}

const ofGemm: ProductInputs = { a: [0, 1, 2], b: [3, 4, 5], bias: 6, y: [7, 8] }

const qGemmOfBytes: Lowering<GemmAttributes> = {
  layout: 'plain',
  fuses: { clamp: true },
  refuses: (call) =>
    call.attributes.transA
      ? 'its left matrix is transposed'
      : refusesProductOfBytes(call, ofGemm, call.attributes.transB),
  lower: (context) => productOfBytes(context, ofGemm, context.call.attributes.transB, context.call.attributes.alpha),
}

/** Inputs A, its scale and zero point, B and its, C, scale and zero point of the result, which is float32 without them. */
const qGemm: Lowering<GemmAttributes> = {
  layout: 'plain',
  bytes: qGemmOfBytes,
  integers: true,
  zeroPoints: { reads: [[0, 2]], makes: 8 },
  refuses: (call, isConstant) =>
    isConstant(0)
      ? 'its left matrix is known beforehand'
      : (refusesComputed(isConstant, call, 1, 2, 3, 4, 5, 6, 7, 8) ?? refusesVectors(call, 1, 2, 7, 8)),
  lower(context) {
    const { call } = context
    const { alpha, transB } = call.attributes
    const x = centredCodes(context, 0, 2)
    const weights = centredWeights(context, 3, 5, transB ? -2 : -1)
    const bias = numbers(context, 6)
    const at = [0, 3, 6]
    const steps = gemm.lower({
      ...context,
      call: {
        ...call,
        node: { ...call.node, inputs: at.map((i) => call.node.inputs[i] ?? '') },
        attributes: { ...call.attributes, alpha: 1, beta: 1 },
        inputs: at.map((i) => call.inputs[i]),
      },
      input: () => x.at,
      pieces: (i) => (i === 1 ? weights : undefined),
      floats: (i) => (i === 1 ? weights : i === 2 && bias ? Float32Array.from(bias) : undefined),
      epilogue: unbounded,
    })
    return [...x.steps, ...steps, ...scaled(context, [1, 4, 7, 8], alpha)]
  },
}

export const codeProducts: Lowerings = {
  'com.microsoft:QGemm': qGemm,
  ConvInteger: convInteger,
  MatMulInteger: matMulInteger,
  QLinearConv: qLinearConv,
  QLinearMatMul: qLinearMatMul,
}
