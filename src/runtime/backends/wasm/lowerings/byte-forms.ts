import { roundTiesToEven } from '../../../../base/index.ts'
import { type Dense, type InferredCall, type Operator, runForward } from '../../../../graph/index.ts'
import { type ConcatAttributes, concatAxis, type PoolAttributes } from '../../../../ops/index.ts'
import { isCode } from '../../../../plan/index.ts'
import { lowerCombineCodes, lowerMapCodes, lowerPoolCodes } from '../steps/codes/between.ts'
import type { PoolLayer } from '../steps/pool.ts'
import type { Step } from '../steps/step.ts'
import { byteLimits, numbers } from './code-parameters.ts'
import { type Lowering, type LoweringContext, type Place, runsOf, shapeOf } from './lowering.ts'
import { count, inTurn, linesOver } from './operands.ts'
import { poolLayer } from './pooling.ts'

/*
 * Operators that do to codes what another one does to numbers, on bytes.
 */

/** How an operator on codes says what it does. */
export type Form = NonNullable<Operator['quantises']>

type Slot = ReturnType<Form['slots']>['out']
type Operand = ReturnType<Form['slots']>['operands'][number]

const scaleOf = (context: LoweringContext, { scale }: Slot): number => numbers(context, scale)![0]!

/** Within a byte. */
const zeroOf = (context: LoweringContext, { zero }: Slot, { least }: Place): number =>
  (numbers(context, zero)?.[0] ?? 0) - least!

/** Zero points, factor and bounds of an operator of one operand. */
function scalesOf(context: LoweringContext, form: Form, x: Place, y: Place) {
  const { operands, out } = form.slots(context.call)
  const operand = operands[0]!
  return {
    factor: scaleOf(context, operand) / scaleOf(context, out),
    xZero: zeroOf(context, operand, x),
    yZero: zeroOf(context, out, y),
    ...byteLimits(context, y.least!),
  }
}

/** Sums or products of two that are computed and of bytes: of one shape, or of products one has a code for each channel of an image. */
const combine =
  (isProduct: boolean) =>
  (form: Form): Lowering => {
    const operandsOf = (call: InferredCall) => form.slots(call).operands as readonly [Operand, Operand]
    /** Of products, the operand with a code for each channel; undefined: both have the result's shape. */
    const factorOf = (call: InferredCall): Operand | undefined =>
      operandsOf(call).find(({ x }) => count(shapeOf(call.inputs[x])) !== count(shapeOf(call.outputs[0])))
    return {
      layout: isProduct ? 'channelsLast' : 'same',
      fuses: { clamp: true },
      inPlace: true,
      parts(call) {
        const factor = factorOf(call)
        return { inputs: operandsOf(call).flatMap((o) => (o === factor ? [] : [o.x])), output: true }
      },
      refuses(call, isConstant) {
        const shape = shapeOf(call.outputs[0])
        const fits = operandsOf(call).every(({ x }) => {
          const own = shapeOf(call.inputs[x])
          const isFactor =
            own.length === shape.length && own.every((size, axis) => size === (axis < 2 ? shape[axis] : 1))
          return isCode(call.inputs[x]) && !isConstant(x) && (own.join() === shape.join() || (isProduct && isFactor))
        })
        return fits ? undefined : 'one of its operands is known beforehand, or broadcast'
      },
      lower(context) {
        const { out } = form.slots(context.call)
        const factor = factorOf(context.call)
        const [first, second] = operandsOf(context.call)
        const [own, other] = factor === first ? [second, first] : [first, second]
        const [x, w, y] = [context.input(own.x), context.input(other.x), context.output(0)]
        const yZero = zeroOf(context, out, y)
        const { lo, hi } = byteLimits(context, y.least!)
        const [xScale, wScale, yScale] = [own, other, out].map((slot) => scaleOf(context, slot)) as [
          number,
          number,
          number,
        ]
        const scales = {
          ...{ isProduct, xZero: zeroOf(context, own, x), wZero: zeroOf(context, other, w), outZero: yZero },
          ...{ xFactor: (isProduct ? xScale * wScale : xScale) / yScale, wFactor: wScale / yScale },
          ...{ lo: lo - yZero, hi: hi - yZero },
        }
        const sizes = rowsOf(x, w, y)
        const images = factor ? y.shape[0]! : 1
        const rows = sizes.rows / images
        return Array.from({ length: images }, (_, n) => ({
          x: x.address + n * rows * sizes.xPixel,
          w: w.address + n * sizes.channels,
          y: y.address + n * rows * sizes.yPixel,
        })).flatMap((image) =>
          lowerCombineCodes({ ...image, ...sizes, rows, ...(factor ? { wPixel: 0 } : {}), ...scales }),
        )
      },
    }
  }

/** Operands of one shape, row by row where one of them lies among other channels. */
function rowsOf(x: Place, w: Place, y: Place) {
  const isLast = y.layout === 'channelsLast'
  const channels = isLast ? y.shape[1]! : count(y.shape)
  const pixelOf = ({ pixel }: Place) => (isLast ? pixel : channels)
  return {
    ...{ rows: count(y.shape) / Math.max(1, channels), channels },
    ...{ xPixel: pixelOf(x), wPixel: pixelOf(w), yPixel: pixelOf(y) },
  }
}

/** Each operand goes to its part of the result: as it is, or to the result's scale. */
function concat(form: Form): Lowering {
  return {
    layout: 'same',
    parts(call) {
      const rank = call.outputs[0]?.shape?.length ?? 0
      const axis = concatAxis(form.plain(call) as InferredCall<ConcatAttributes>, rank)
      return axis === 1 ? { scattered: form.slots(call).operands.map(({ x }) => x), output: true } : undefined
    },
    refuses(call, isConstant) {
      const { operands } = form.slots(call)
      return operands.every(({ x }) => isCode(call.inputs[x]) && !isConstant(x))
        ? undefined
        : 'one of its operands is known beforehand'
    },
    lower(context) {
      const { operands, out } = form.slots(context.call)
      const y = context.output(0)
      const axis = concatAxis(form.plain(context.call) as InferredCall<ConcatAttributes>, y.shape.length)
      const [, , yInner] = linesOver(y, [axis])
      const isLast = axis === 1 && y.layout === 'channelsLast'
      const yPixel = isLast ? y.pixel : y.shape[axis]! * yInner
      let to = y.address
      return operands.flatMap((operand) => {
        const x = context.input(operand.x)
        const [rows, size, inner] = linesOver(x, [axis])
        const channels = size * inner
        const first = to
        to += channels
        const [scale, zero] = [scaleOf(context, operand) / scaleOf(context, out), zeroOf(context, operand, x)]
        const outZero = zeroOf(context, out, y)
        const isSame = scale === 1 && zero === outZero
        const table = isSame ? undefined : tableOf((byte) => Math.fround((byte - zero) * scale), outZero, 0, 255)
        const { address, runs = [{ address, pixel: isLast ? x.pixel : channels, count: channels, at: 0, step: 1 }] } = x
        return runs.flatMap((run) =>
          lowerMapCodes(
            {
              ...{ x: run.address, y: first + run.at, rows, channels: run.count, table },
              ...{ xPixel: run.pixel, yPixel, yStep: run.step },
            },
            context.alloc,
          ),
        )
      })
    },
  }
}

/** Bytes of numbers in steps of the result's scale, rounded half to even. */
function tableOf(steps: (byte: number) => number, zero: number, lo: number, hi: number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => Math.min(hi, Math.max(lo, roundTiesToEven(steps(byte)) + zero)))
}

/** A function of each code by itself: a table of what its operator makes of all 256. */
function function_(form: Form): Lowering {
  return {
    layout: 'same',
    fuses: { clamp: true },
    inPlace: true,
    refuses: (call, isConstant) =>
      form.operator.forward && isCode(call.inputs[0]) && !isConstant(0) ? undefined : 'it is not tabulated',
    lower(context) {
      const { operands, out } = form.slots(context.call)
      const operand = operands[0]!
      const [x, y] = [context.input(operand.x), context.output(0)]
      const { xZero, yZero, lo, hi } = scalesOf(context, form, x, y)
      const scale = scaleOf(context, operand)
      const numbersOf = Float32Array.from({ length: 256 }, (_, byte) => (byte - xZero) * scale)
      const given: Dense = { elementType: 'float32', shape: [256], data: numbersOf }
      const plain = form.plain(context.call)
      const [made] = runForward(form.operator, { ...plain, inputs: [given] }, [given])!
      const table = tableOf((byte) => Math.fround(made!.data[byte]! / scaleOf(context, out)), yZero, lo, hi)
      const channels = count(y.shape)
      // Rows are what threads share.
      const rows = channels % 64 === 0 ? 64 : 1
      const row = channels / rows
      const places = { x: x.address, y: y.address, rows, channels: row, xPixel: row, yPixel: row }
      return lowerMapCodes({ ...places, table }, context.alloc)
    },
  }
}

function mean(form: Form, layerOf: (call: InferredCall, x: Place, y: Place) => PoolLayer): Lowering {
  return {
    layout: 'channelsLast',
    fuses: { clamp: true },
    parts: { inputs: [0], output: true },
    refuses: (call) => {
      const rank = shapeOf(call.inputs[0]).length
      return isCode(call.inputs[0]) && rank >= 3 && rank <= 5 ? undefined : 'it pools other than codes of 8 bits'
    },
    lower(context): Step[] {
      const [x, y] = [context.input(0), context.output(0)]
      const layer = { ...layerOf(form.plain(context.call), x, y), xPixel: x.pixel, yPixel: y.pixel }
      return lowerPoolCodes(layer, { x: x.address, y: y.address }, scalesOf(context, form, x, y), context.alloc)
    },
  }
}

function everywhere({ shape }: Place): PoolLayer {
  const [batch, channels, ...input] = shape as [number, number, ...number[]]
  const ones = input.map(() => 1)
  const zeros = input.map(() => 0)
  return {
    ...{ batch, channels, input, output: ones, kernel: input, strides: ones, dilations: ones },
    ...{ padBegins: zeros, padEnds: zeros, average: true, countIncludePad: true },
  }
}

/** Maxima of codes are codes; the zero point does not matter. */
export const maxPoolOfBytes: Lowering<PoolAttributes> = {
  layout: 'channelsLast',
  parts: { scattered: [0], eachChannel: true, output: true },
  refuses: (call) => (isCode(call.inputs[0]) ? undefined : 'it pools other than codes of 8 bits'),
  lower(context) {
    const [x, y] = [context.input(0), context.output(0)]
    const scales = { factor: 1, xZero: 0, yZero: 0, lo: 0, hi: 255 }
    const layer = poolLayer(context.call, x.shape, y.shape, false)
    return inTurn(runsOf(x), y).flatMap(({ address, pixel, channels, to }) => {
      const some = { ...layer, channels: channels.length, xPixel: pixel, yPixel: y.pixel }
      return lowerPoolCodes(some, { x: address, y: to }, scales, context.alloc)
    })
  },
}

/** By the operator on numbers. */
const forms: Readonly<Record<string, (form: Form) => Lowering>> = {
  Add: combine(false),
  AveragePool: (form) =>
    mean(form, (call, x, y) => poolLayer(call as InferredCall<PoolAttributes>, x.shape, y.shape, true)),
  Concat: concat,
  GlobalAveragePool: (form) => mean(form, (_, x) => everywhere(x)),
  LeakyRelu: function_,
  Mul: combine(true),
  Sigmoid: function_,
}

/** How a form is done on bytes, where it is. */
export const byteForm = (form: Form): Lowering | undefined => forms[form.operator.name]?.(form)
