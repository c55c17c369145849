import { elementCount } from '../../../../base/index.ts'
import type { InferredCall } from '../../../../graph/index.ts'
import { type QuantisationAttributes, quantisationAxis, rangeOf } from '../../../../ops/index.ts'
import { isCode } from '../../../../plan/index.ts'
import { lowerQuantise } from '../steps/adder/layer.ts'
import { lowerBinary, lowerUnary, type Operand } from '../steps/elementwise.ts'
import { inOneRow, lowerQuantiseFloats, lowerRange } from '../steps/quantise.ts'
import { step } from '../steps/step.ts'
import { byteLimits, isScalar, numbers, refusesComputed } from './code-parameters.ts'
import { type Lowering, type LoweringContext, type Lowerings, type Place, runsOf, shapeOf } from './lowering.ts'
import { count, inMemory, inTurn, operandLike, stored, storedLike } from './operands.ts'

/*
 * Numbers to codes and back; codes are held as float32, for adder convolutions as bytes.
 */

const dynamicQuantizeLinear: Lowering = {
  layout: 'same',
  integers: true,
  inPlace: true,
  zeroPoints: { makes: { output: 2 } },
  refuses: (_, isConstant) => (isConstant(0) ? 'its input is known beforehand' : undefined),
  lower(context) {
    const { call, alloc } = context
    const x = context.input(0)
    const place = (output: number) =>
      (call.node.outputs[output] ?? '') === '' ? alloc.scratch(4) : context.output(output).address
    const [scale, zeroPoint] = [place(1), place(2)]
    return [
      ...lowerRange(x.address, count(x.shape), scale, zeroPoint, alloc),
      ...lowerQuantiseFloats({
        ...{ x: x.address, y: context.output(0).address, count: count(x.shape), scale, zeroPoint },
        ...{ lo: 0, hi: 255, centred: context.makesCentred },
      }),
    ]
  },
}

/** Scales or zero points as an operand along the axes of y: one for all, or stored along an axis. */
function parameter(context: LoweringContext<QuantisationAttributes>, index: number, y: Place): Operand {
  const values = numbers(context, index)
  if (isScalar(context.call, index)) {
    if (values || !context.call.inputs[index]) {
      return { address: stored(values ?? [0], context.alloc), shape: inMemory(y.shape, y.layout).map(() => 1) }
    }
    return operandLike(context, index, y)
  }
  const axis = quantisationAxis(context.call)
  const shape = y.shape.map((_, a) => (a === axis ? values!.length : 1))
  const operand = storedLike(Float32Array.from(values!), shape, y.shape.length, y.layout, context.alloc)
  const order = inMemory(
    y.shape.map((_, a) => a),
    y.layout,
  )
  return {
    address: operand.address,
    shape: order.map((a) => shape[a]!),
    strides: order.map((a) => operand.strides?.[a] as number),
  }
}

function refusesParameters(
  call: InferredCall<QuantisationAttributes>,
  isConstant: (input: number) => boolean,
): string | undefined {
  if (isConstant(0)) return 'its input is known beforehand'
  const vectors = [1, 2].filter((i) => !isScalar(call, i))
  if (vectors.some((i) => call.inputs[i]?.shape?.length !== 1)) return 'its scales are shared by blocks'
  return refusesComputed(isConstant, call, ...vectors)
}

/** To bytes, for an adder convolution that reads them (codes.ts). */
const quantizeToBytes: Lowering = {
  layout: 'channelsLast',
  lower: (context) =>
    lowerQuantise({
      x: context.input(0).address,
      y: context.output(0).address,
      count: elementCount(shapeOf(context.call.inputs[0]))!,
      codes: context.outputCodes!,
    }),
}

const refusesVectors = (call: InferredCall, isConstant: (input: number) => boolean): string | undefined =>
  isScalar(call, 1) && isScalar(call, 2)
    ? refusesComputed(isConstant, call, 1, 2)
    : 'its scales or zero points are several'

/** Scale and zero point of codes held as bytes: the zero point is a byte, too. */
const byteScale = (context: LoweringContext, least: number) => ({
  scale: numbers(context, 1)![0]!,
  zeroPoint: (numbers(context, 2)?.[0] ?? 0) - least,
})

/** Elements of x and what becomes of them, row by row where they lie among other channels. */
function rowsOf(x: Place, y: Place) {
  const elements = count(x.shape)
  const channels = x.shape[1] ?? 1
  const isApart = x.layout === 'channelsLast' && (x.runs !== undefined || x.pixel !== channels || y.pixel !== channels)
  if (!isApart) return [{ x: x.address, y: y.address, ...inOneRow(elements) }]
  return inTurn(runsOf(x), y, x).map(({ address, pixel, channels: own, to }) => ({
    ...{ x: address, y: to, rows: elements / channels, channels: own.length },
    ...{ xPixel: pixel, yPixel: y.pixel },
  }))
}

const anyChannels = { scattered: [0], eachChannel: true, output: true } as const

const quantizeAsBytes: Lowering<QuantisationAttributes> = {
  layout: 'same',
  parts: anyChannels,
  fuses: { clamp: true },
  refuses: (call, isConstant) =>
    isCode(call.outputs[0]) ? refusesVectors(call, isConstant) : 'it makes other than codes of 8 bits',
  lower(context) {
    const [x, y] = [context.input(0), context.output(0)]
    const { lo: least, hi: most } = byteLimits(context, y.least!)
    return rowsOf(x, y).map((rows) => step('quantiseU8', { ...rows, ...byteScale(context, y.least!), least, most }))
  },
}

const dequantizeBytes: Lowering<QuantisationAttributes> = {
  layout: 'same',
  parts: anyChannels,
  fuses: { clamp: true },
  refuses: (call, isConstant) =>
    isCode(call.inputs[0]) ? refusesVectors(call, isConstant) : 'it reads other than codes of 8 bits',
  lower(context) {
    const [x, y] = [context.input(0), context.output(0)]
    const { lo, hi } = context.epilogue
    return rowsOf(x, y).map((rows) => step('dequantiseU8', { ...rows, ...byteScale(context, x.least!), lo, hi }))
  },
}

const quantizeLinear: Lowering<QuantisationAttributes> = {
  layout: 'same',
  bytes: quantizeAsBytes,
  integers: true,
  inPlace: true,
  zeroPoints: { makes: 2 },
  toBytes: quantizeToBytes,
  refuses: refusesParameters,
  lower(context) {
    const x = context.input(0)
    const y = context.output(0)
    const [lo, hi] = rangeOf(context.call.outputs[0]!.elementType!)
    const scale = parameter(context, 1, y)
    const zero = parameter(context, 2, y)
    if (isScalar(context.call, 1) && isScalar(context.call, 2))
      return lowerQuantiseFloats({
        ...{ x: x.address, y: y.address, count: count(x.shape), lo, hi, centred: context.makesCentred },
        ...{ scale: scale.address, zeroPoint: zero.address },
      })
    const shape = inMemory(y.shape, y.layout)
    const own = { address: y.address, shape }
    return [
      ...lowerBinary('div', { address: x.address, shape }, scale, y.address, shape),
      ...lowerUnary('round', y.address, y.address, count(shape)),
      ...lowerBinary('add', own, zero, y.address, shape, { lo, hi }),
    ]
  },
}

const dequantizeLinear: Lowering<QuantisationAttributes> = {
  layout: 'same',
  bytes: dequantizeBytes,
  integers: true,
  inPlace: true,
  fuses: { clamp: true },
  zeroPoints: { reads: [[0, 2]] },
  refuses: refusesParameters,
  lower(context) {
    const x = context.input(0)
    const y = context.output(0)
    const shape = inMemory(y.shape, y.layout)
    const zeros = numbers(context, 2)
    const without =
      context.isCentred(0) ||
      !context.call.inputs[2] ||
      (zeros !== undefined && Array.from(zeros).every((z) => z === 0))
    const { lo, hi } = context.epilogue
    const centred = { address: without ? x.address : y.address, shape }
    return [
      ...(without ? [] : lowerBinary('sub', { address: x.address, shape }, parameter(context, 2, y), y.address, shape)),
      ...lowerBinary('mul', centred, parameter(context, 1, y), y.address, shape, { lo, hi }),
    ]
  },
}

export const quantising: Lowerings = {
  DequantizeLinear: dequantizeLinear,
  DynamicQuantizeLinear: dynamicQuantizeLinear,
  QuantizeLinear: quantizeLinear,
}
