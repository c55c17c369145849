import { elementCount } from '../../base/index.ts'
import type { ChannelRule, Cut, InferredCall, Ties, Track, WeightedSum } from '../../graph/index.ts'
import { slidingOf, tapTable } from '../shared/sliding.ts'
import { type ConvAttributes, isDepthwise } from './attributes.ts'

/** What the output has beside the channels of axis 1. */
type OtherTracks = (call: InferredCall<ConvAttributes>, ties: Ties) => Track[]

/**
 * Channels that lie on an axis of space, as in ECA's gate. A window of 1 leaves them to themselves; a longer one mixes neighbours, which change when some
 * go. They pass where the output has a place for each.
 */
export const slidChannels: OtherTracks = (call, ties) => {
  const [from = [], window = [], to = []] = [call.inputs[0], call.inputs[1], call.outputs[0]].map((v) => v?.shape)
  return from.flatMap((size, axis): Track[] => {
    const stride = call.attributes.window.strides?.[axis - 2] ?? 1
    if (axis < 2 || stride !== 1 || size !== to[axis] || !ties.isTracked(0, axis)) return []
    const labels = ties.labels(0, axis)
    if (window[axis] !== 1) ties.changes(labels, `Conv mixes neighbouring channels on axis ${axis}`)
    return [{ axes: [axis], labels }]
  })
}

function tieConv(
  call: InferredCall<ConvAttributes>,
  ties: Ties,
  weight: number,
  perOutput: readonly number[],
  others: OtherTracks,
): void {
  const { groups } = call.attributes
  if (!ties.isWeight(weight)) {
    ties.freezeInputs('its weight depends on the input')
    ties.refuse('filter', call.outputs[0]?.shape?.[1] as number, 'its weight depends on the input')
    return
  }
  const input = ties.labels(0, 1)
  const output = ties.labels(weight, 0)
  ties.root(weight, 0, 'filter', { follows: isDepthwise(groups, input.length) })
  for (const i of perOutput) {
    const shape = call.inputs[i]?.shape
    // A single number for all outputs stays.
    if (shape?.length === 1 && shape[0] === output.length) ties.unite(output, ties.labels(i, 0))
  }
  if (isDepthwise(groups, input.length)) {
    const multiplier = output.length / groups
    ties.unite(
      output,
      output.map((_, o) => input[Math.floor(o / multiplier)]!),
    )
  } else if (groups > 1) {
    ties.groupedAxis(weight, { rows: 0, axis: 1, groups, labels: input })
    ties.balance(input, groups, `its ${groups} groups must keep equally many inputs`)
    ties.balance(output, groups, `its ${groups} groups must keep equally many outputs`)
  } else {
    ties.unite(input, ties.labels(weight, 1))
  }
  ties.setOutput(0, [{ axes: [1], labels: output }, ...others(call, ties)])
}

export function cutConv(call: InferredCall<ConvAttributes>, cut: Cut): void {
  const { groups } = call.attributes
  const inChannels = call.inputs[0]?.shape?.[1] as number
  const kept = cut.keptInput(0, 1)
  if (kept && isDepthwise(groups, inChannels)) cut.setInt('group', kept.length)
}

/** Conv with its weight at input 1 and its bias at input 2. */
export function convSum(call: InferredCall<ConvAttributes>): WeightedSum {
  const [x, w, y] = [call.inputs[0], call.inputs[1], call.outputs[0]].map((v) => v?.shape as readonly number[])
  const { groups, window } = call.attributes
  const [taps, size, places] = [w, x, y].map((shape) => elementCount(shape!.slice(2))!) as [number, number, number]
  const [inChannels, outChannels] = [w![1]!, w![0]! / groups]
  return {
    ...{ input: 0, weight: 1, bias: 2, groups, inChannels, outChannels, taps, places, met: 1 },
    x: { axis: 1, channel: size, place: 1 },
    y: { axis: 1, channel: places, place: 1 },
    w: { group: outChannels * inChannels * taps, out: inChannels * taps, in: taps, tap: 1 },
    sources: () => tapTable(slidingOf(call, window, w!.slice(2), x!.slice(2))),
  }
}

/** What makes a channel of a layer 0: its weight, input 1, and its bias, input 2, where there is one. */
export const weightAndBias = (call: InferredCall): number[][] => [call.inputs[2] ? [1, 2] : [1]]

/**
 * @param perOutput inputs with one entry per output channel (or one for all): bias, scales and zero points of the weight
 * @param others what becomes of channels on other axes than 1; left out, they stay
 */
export function convChannels(
  weight: number,
  perOutput: readonly number[],
  others: OtherTracks = () => [],
): ChannelRule<ConvAttributes> {
  return { tie: (call, ties) => tieConv(call, ties, weight, perOutput, others), cut: cutConv }
}
