import type { InferredCall } from '../../../../graph/index.ts'
import {
  type AttributesOf,
  axisOf,
  firstAxis,
  type LpNormalizationAttributes,
  type LrnAttributes,
  type SoftmaxAttributes,
  softmaxAxes,
  type TrailingAttributes,
} from '../../../../ops/index.ts'
import { lowerBinary, lowerUnary, type Operand } from '../steps/elementwise.ts'
import { lowerChannelNorm, lowerLayerNorm, lowerLrn, lowerSoftmax } from '../steps/normalise.ts'
import { lowerReduce } from '../steps/reduce.ts'
import type { Step } from '../steps/step.ts'
import { refusesInfinite } from './elementwise.ts'
import type { Lowering, LoweringContext, Lowerings } from './lowering.ts'
import { count, inMemory, linesOver, refusesComputedSettings, stored } from './operands.ts'

const refuses = (call: InferredCall, isConstant: (input: number) => boolean) =>
  refusesComputedSettings(call, isConstant)

const softmax = (logarithm: boolean): Lowering<SoftmaxAttributes> => ({
  layout: 'same',
  refuses,
  inPlace: true,
  lower({ call, input, output }) {
    const x = input(0)
    return lowerSoftmax(x.address, output(0).address, linesOver(x, softmaxAxes(call)), logarithm)
  },
})

/** Groups of channels over space; `perGroup`: scale and bias have one entry for each group. */
function channelNorm(context: LoweringContext, groups: number, epsilon: number, perGroup: boolean): Step[] {
  const { input, output, alloc, epilogue } = context
  const [batch, channels, ...spatial] = input(0).shape as [number, number, ...number[]]
  const vector = (index: number) => {
    const given = context.floats(index)!
    const size = channels / groups
    return stored(
      perGroup ? Float32Array.from({ length: channels }, (_, c) => given[Math.floor(c / size)]!) : given,
      alloc,
    )
  }
  const places = {
    x: input(0).address,
    y: output(0).address,
    scale: vector(1),
    bias: vector(2),
    lo: epilogue.lo,
    hi: epilogue.hi,
  }
  return lowerChannelNorm({ batch, rows: count(spatial), channels, groups, epsilon }, places, alloc)
}

const instanceNormalization: Lowering<AttributesOf<'InstanceNormalization'>> = {
  layout: 'channelsLast',
  refuses,
  fuses: { clamp: true },
  lower: (context) => channelNorm(context, context.input(0).shape[1]!, context.call.attributes, false),
}

const groupNormalization: Lowering<AttributesOf<'GroupNormalization'>> = {
  layout: 'channelsLast',
  refuses,
  fuses: { clamp: true },
  lower(context) {
    const { groups, epsilon, perGroup } = context.call.attributes
    return channelNorm(context, groups, epsilon, perGroup)
  },
}

/** Scale and bias cover exactly the normalised axes (leading ones aside). */
const trailingNorm = (centred: boolean): Lowering<TrailingAttributes> => ({
  layout: 'plain',
  refuses(call, isConstant) {
    const shape = call.inputs[0]?.shape as readonly number[]
    const size = count(shape.slice(firstAxis(call)))
    const covers = [1, 2].every(
      (i) => call.inputs[i] === undefined || count(call.inputs[i]?.shape as number[]) === size,
    )
    if (!covers) return 'its scale or bias does not have one entry for each normalised element'
    return refuses(call, isConstant)
  },
  lower(context) {
    const { call, input, output, alloc } = context
    const first = firstAxis(call)
    const { shape } = input(0)
    const [scale, bias] = [context.floats(1), context.floats(2)].map((v) => (v ? stored(v, alloc) : undefined))
    const [, means, deviations] = [0, 1, 2].map((i) => (call.node.outputs[i] ? output(i).address : undefined))
    const layer = {
      rows: count(shape.slice(0, first)),
      size: count(shape.slice(first)),
      epsilon: call.attributes.epsilon,
      centred,
    }
    return lowerLayerNorm(layer, { x: input(0).address, y: output(0).address, scale, bias, means, deviations })
  },
})

const lrn: Lowering<LrnAttributes> = {
  layout: 'channelsLast',
  refuses: (call, isConstant) => refuses(call, isConstant) ?? refusesInfinite(call.attributes),
  lower({ call, input, output }) {
    const { shape, address } = input(0)
    const channels = shape[1]!
    return lowerLrn(
      { ...call.attributes, channels, pixels: count(shape) / Math.max(1, channels) },
      address,
      output(0).address,
    )
  },
}

/** The smallest normal number, in place of 0: 0 / it is 0. */
const tiny = 1.1754943508222875e-38
const largest = 3.4028234663852886e38

/**
 * The largest magnitudes over some axes, never 0, into scratch memory. What is divided by them has squares that are finite, and not all 0.
 * @param axes which of them `shape` loses
 */
function magnitudes(
  x: number,
  shape: readonly number[],
  axes: readonly number[],
  alloc: LoweringContext['alloc'],
): { readonly at: number; readonly steps: Step[] } {
  const elements = count(shape.map((d, axis) => (axes.includes(axis) ? 1 : d)))
  const [at, least] = [alloc.scratch(4 * elements), alloc.scratch(4 * elements)]
  const flat = (address: number): Operand => ({ address, shape: [elements] })
  const steps = [
    ...lowerReduce('max', x, at, shape, axes, alloc),
    ...lowerReduce('min', x, least, shape, axes, alloc),
    ...lowerUnary('linear', least, least, elements, -1, 0),
    ...lowerBinary('max', flat(at), flat(least), at, [elements]),
    ...lowerUnary('clip', at, at, elements, tiny, largest),
  ]
  return { at, steps }
}

/** y = x / ‖x‖: x by its largest magnitude, then by the norm of that. A vector of zeros stays one. */
const lpNormalization: Lowering<LpNormalizationAttributes> = {
  layout: 'same',
  refuses,
  lower({ call, input, output, alloc }) {
    const x = input(0)
    const shape = linesOver(x, [axisOf(call, call.attributes.axis, x.shape.length)])
    const kept = [shape[0], 1, shape[2]]
    const most = magnitudes(x.address, shape, [1], alloc)
    const [y, norms] = [output(0).address, most.at]
    const by = { address: norms, shape: kept }
    return [
      ...most.steps,
      ...lowerBinary('div', { address: x.address, shape }, by, y, shape),
      ...lowerReduce(call.attributes.p === 1 ? 'l1' : 'l2', y, norms, shape, [1], alloc),
      ...lowerUnary('clip', norms, norms, count(kept), tiny, Number.POSITIVE_INFINITY),
      ...lowerBinary('div', { address: y, shape }, by, y, shape),
    ]
  },
}

/** (x − mean) / (deviation + 1e-9), as in ONNX's function body. */
const meanVarianceNormalization: Lowering<AttributesOf<'MeanVarianceNormalization'>> = {
  layout: 'same',
  refuses,
  lower({ call, input, output, alloc }) {
    const x = input(0)
    const normalised = call.attributes.map((axis) => axisOf(call, axis, x.shape.length))
    const shape = inMemory(x.shape, x.layout)
    const isNormalised = inMemory(
      x.shape.map((_, axis) => normalised.includes(axis)),
      x.layout,
    )
    const axes = isNormalised.flatMap((is, axis) => (is ? [axis] : []))
    const kept = shape.map((d, axis) => (isNormalised[axis] ? 1 : d))
    const elements = count(kept)
    const [y, statistics] = [output(0).address, alloc.scratch(4 * elements)]
    const squares = { address: alloc.scratch(4 * count(shape)), shape }
    const own = { address: y, shape }
    const each = { address: statistics, shape: kept }
    const most = magnitudes(y, shape, axes, alloc)
    const by = { address: most.at, shape: kept }
    return [
      ...lowerReduce('mean', x.address, statistics, shape, axes, alloc),
      ...lowerBinary('sub', { address: x.address, shape }, each, y, shape),
      ...most.steps,
      ...lowerBinary('div', own, by, squares.address, shape),
      ...lowerBinary('mul', squares, squares, squares.address, shape),
      ...lowerReduce('mean', squares.address, statistics, shape, axes, alloc),
      ...lowerUnary('sqrt', statistics, statistics, elements),
      ...lowerBinary('mul', each, by, statistics, kept),
      ...lowerUnary('linear', statistics, statistics, elements, 1, 1e-9),
      ...lowerBinary('div', own, each, y, shape),
    ]
  },
}

export const normalising: Lowerings = {
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
  InstanceNormalization: instanceNormalization,
  GroupNormalization: groupNormalization,
  LayerNormalization: trailingNorm(true),
  RMSNormalization: trailingNorm(false),
  LRN: lrn,
  LpNormalization: lpNormalization,
  MeanVarianceNormalization: meanVarianceNormalization,
}
