import { type ElementType, elementCount, isConcrete } from '../../base/index.ts'
import type { Arithmetic, AttributeReader, Call, ChannelRule, CodeScale, ContentOf, Dense } from '../../graph/index.ts'
import { axisOf, contentOf, wrong } from './check.ts'
import { elementTypeOf } from './settings.ts'

/*
 * Linear quantisation: x ≈ (q − zeroPoint) · scale. What the operators that quantise, or calculate on quantised numbers, share.
 *
 * Scales and zero points (inputs 1 and 2) are scalars (per tensor), vectors along one axis (per channel), or shaped like x with one
 * entry for each `block_size` elements of that axis (blocked).
 */

/** Attributes of QuantizeLinear and DequantizeLinear. */
export interface QuantisationAttributes {
  /** Axis of per-channel and blocked scales, as in the file. */
  readonly axis: number
  /** Elements of that axis that share a scale; 0: not blocked. */
  readonly blockSize: number
  /** ONNX code of the output's element type. */
  readonly outputCode: number | undefined
}

export const quantisationAttributes = (a: AttributeReader): QuantisationAttributes => ({
  axis: a.int('axis', 1),
  blockSize: a.size('block_size', 0, 0),
  outputCode: a.int('output_dtype'),
})

/** The element type that output_dtype asks for; 0 or nothing: none. */
export function outputType(call: Call<QuantisationAttributes>): ElementType | undefined {
  const { outputCode } = call.attributes
  return outputCode ? elementTypeOf(call, outputCode) : undefined
}

/** Whether the scale or zero point at `input` is one number for the whole tensor. */
const perTensor = (call: Call, input: number): boolean => {
  const shape = call.inputs[input]?.shape
  return !shape || shape.length === 0 || elementCount(shape) === 1
}

/** Scale and zero point where they are single known numbers. */
export function scaleOfAll({ inputs }: Call<QuantisationAttributes>, content: ContentOf): CodeScale | undefined {
  const number = (i: number): number | undefined =>
    elementCount(inputs[i]?.shape) === 1 ? content(i)?.data[0] : undefined
  const [scale, zeroPoint] = [number(1), inputs[2] ? number(2) : 0]
  return scale !== undefined && scale > 0 && Number.isFinite(scale) && zeroPoint !== undefined
    ? { scale, zeroPoint }
    : undefined
}

/** The axis that scales go along; 0 where one scale serves the whole tensor and the axis means nothing. */
export function quantisationAxis(call: Call<QuantisationAttributes>): number {
  const rank = call.inputs[0]?.shape?.length
  // A zero point of unknown size beside one scale is one number as well.
  const oneScale = call.inputs[1]?.shape !== undefined && perTensor(call, 1) && !isConcrete(call.inputs[2]?.shape)
  return rank === undefined || oneScale || (perTensor(call, 1) && perTensor(call, 2))
    ? 0
    : axisOf(call, call.attributes.axis, rank)
}

/** @throws NodeError where scale or zero point fit neither the tensor, nor its axis, nor blocks of it, or not each other */
export function checkGranularity(call: Call<QuantisationAttributes>): void {
  const [scales, zeros] = [1, 2].map((input) => call.inputs[input]?.shape)
  if (isConcrete(scales) && isConcrete(zeros) && elementCount(scales) !== elementCount(zeros))
    throw wrong(call, `the scale is [${scales}] and the zero point [${zeros}], where one belongs to the other`)
  const x = call.inputs[0]?.shape
  const { blockSize } = call.attributes
  const axis = quantisationAxis(call)
  for (const input of [1, 2]) {
    const own = call.inputs[input]?.shape
    if (!x || !own || perTensor(call, input)) continue
    const same = (a: number | string | undefined, b: number | string | undefined) =>
      typeof a !== 'number' || typeof b !== 'number' || a === b
    const blocks = (d: number | string | undefined) => (typeof d === 'number' ? Math.ceil(d / blockSize) : d)
    const blocked =
      blockSize > 0 && own.length === x.length && own.every((d, a) => same(d, a === axis ? blocks(x[a]) : x[a]))
    if (!blocked && !(own.length === 1 && same(own[0], x[axis])))
      throw wrong(
        call,
        `input ${input} [${own}] is neither a scalar nor one entry for each of ${x[axis]} along axis ${axis}, nor for blocks of ${blockSize}`,
      )
  }
}

/** For each element of x (row-major), the place of its scale or zero point. */
export function granularity(x: Dense, parameter: Dense, axis: number, blockSize: number): (i: number) => number {
  if (parameter.data.length === 1) return () => 0
  const size = x.shape[axis]!
  const inner = elementCount(x.shape.slice(axis + 1))!
  const along = (i: number) => Math.floor(i / inner) % size
  if (blockSize === 0 || parameter.shape.length < x.shape.length) return along
  const blocks = parameter.shape[axis]!
  return (i) => (Math.floor(i / (inner * size)) * blocks + Math.floor(along(i) / blockSize)) * inner + (i % inner)
}

/** Quantisation of n numbers: a division by the scale, a rounding and a saturation each, an addition where there is a zero point. */
export const quantisationCost = (n: number, zeroPoint: boolean): Arithmetic => ({
  adds: zeroPoint ? n : 0,
  others: 3 * n,
})

/**
 * Requantisation of n accumulators: a multiplication by the product of the inputs' scales over the output's, a rounding, a saturation,
 * and the addition of the output's zero point.
 */
export const requantisationCost = (n: number): Arithmetic => ({ adds: n, muls: n, others: 2 * n })

export function sumOf(a: Arithmetic, b: Arithmetic): Arithmetic {
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])] as (keyof Arithmetic)[]
  return Object.fromEntries(keys.map((k) => [k, (a[k] ?? 0) + (b[k] ?? 0)]))
}

/** x passes; per-channel scales and zero points are tied to it along their axis. */
export const quantisedChannels: ChannelRule<QuantisationAttributes> = {
  tie(call, ties) {
    const tracks = ties.tracks(0)
    const axis = quantisationAxis(call)
    for (const i of [1, 2]) {
      if (perTensor(call, i)) continue
      if (call.inputs[i]?.shape?.length !== 1)
        for (const t of tracks) ties.freeze(t.labels, 'its scales are shared by blocks of elements')
      else if (tracks.some((t) => t.axes.includes(axis))) ties.unite(ties.labels(0, axis), ties.labels(i, 0))
    }
    ties.setOutput(0, tracks)
  },
}

/**
 * The rule, unless a stored operand has a zero point other than 0: there a stored 0 is no zero, and zeros could not mask its channels.
 * @param operands inputs that may be weights, each with the input of its zero point
 */
export function symmetricOnly<A>(
  operands: readonly (readonly [weight: number, zeroPoint: number])[],
  rule: ChannelRule<A>,
): ChannelRule<A> {
  return {
    ...rule,
    tie(call, ties) {
      const shifted = operands.some(
        ([weight, zero]) =>
          call.inputs[zero] && ties.isConstant(weight) && !contentOf(call, zero)?.every((z) => z === 0),
      )
      // First the rule, so that the layer is known and its refusal can be reported.
      rule.tie(call, ties)
      if (shifted) ties.freezeInputs('its weight has a zero point, so that a stored 0 is no zero')
    },
  }
}
