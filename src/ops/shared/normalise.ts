import { elementCount, type Shape } from '../../base/index.ts'
import type { Arithmetic, Call, ChannelRule, InferredCall, Ties } from '../../graph/index.ts'
import { passTracks } from './axis-tracks.ts'
import { required, wrong } from './check.ts'

/*
 * Normalisations and softmaxes: what they share.
 *
 *   μ = mean(x)    σ² = mean((x − μ)²)    y = (x − μ) / √(σ² + ε) · scale + bias
 */

/**
 * Counts for n elements that share `statistics` means and variances.
 *
 * Mean: n additions and a division per statistic. Variance: n subtractions, n squares (multiplications), n additions and a division.
 * Normalisation: per statistic an addition of ε, a root and a reciprocal, then n multiplications; scale n multiplications, bias n
 * additions where there are any. Without a mean (RMSNormalization) its additions, divisions and the subtractions fall away.
 */
export function statisticsCost(
  n: number,
  statistics: number,
  has: { mean: boolean; scale: boolean; bias: boolean },
): Arithmetic {
  const sums = has.mean ? 2 : 1
  return {
    adds: n * ((has.mean ? 3 : 1) + (has.bias ? 1 : 0)) + statistics,
    muls: n * (has.scale ? 3 : 2),
    others: statistics * (sums + 2),
    accumulators: statistics * sums,
  }
}

/** Elements of input 0, and how many sets of elements are normalised together when those along `axes` are. */
export function normalisedOver(call: InferredCall, axes: readonly number[]): { n: number; statistics: number } {
  const x = call.inputs[0]?.shape as readonly number[]
  return {
    n: elementCount(x)!,
    statistics: elementCount(x.filter((_, axis) => !axes.includes(axis)))!,
  }
}

/** Channels that lie on axis 1 and on one that is normalised over, as between the Reshapes of a GroupNorm: axis 1 are its groups. */
const isInRows = (own: readonly number[], over: readonly number[]): boolean =>
  own.length === 2 && own[0] === 1 && !over.includes(1) && over.includes(own[1]!)

/** Every element depends on all others along `axes` of input 0: channels there must stay, those along other axes pass. */
export function normalising<A>(axes: (call: InferredCall<A>) => readonly number[]): ChannelRule<A> {
  return {
    tie(call, ties) {
      const over = new Set(axes(call))
      passTracks(call, ties, {
        to: (axis) => (over.has(axis) ? undefined : axis),
        why: (axis) => overWhat(call, axis),
        leaves: (own) => isInRows(own, [...over]),
      })
    },
  }
}

const overWhat = (call: InferredCall, axis: number): string =>
  `${call.node.opType} normalises over ${axis === 1 ? 'channels' : `axis ${axis}`}`

/**
 * Mean and variance along `axes`, the channels of which may go where these may change (`Ties.changes`). They pass; statistics among the outputs have
 * none there.
 */
function passStatistics(call: InferredCall, ties: Ties, axes: readonly number[]): void {
  const over = (own: readonly number[]) => own.some((axis) => axes.includes(axis))
  const tracks = ties.tracks(0)
  for (const { axes: own, labels } of tracks)
    if (over(own) && !ties.isConstant(0)) {
      const why = overWhat(call, own.at(-1)!)
      if (own.length === 1) ties.changes(labels, why)
      else ties.freeze(labels, why)
    }
  call.outputs.forEach((_, i) => {
    ties.setOutput(i, i === 0 ? tracks : tracks.filter((t) => !over(t.axes)))
  })
}

/** GroupNormalization: statistics of equal groups of channels, axis 1, of which each must keep as many. */
export function groupStatistics<A>(
  groups: (call: InferredCall<A>) => number,
  parameters: (call: InferredCall<A>) => readonly number[],
): ChannelRule<A> {
  return {
    tie(call, ties) {
      passStatistics(call, ties, trailing(call, 1))
      if (!ties.isTracked(0, 1)) return
      const labels = ties.labels(0, 1)
      ties.balance(labels, groups(call), `its ${groups(call)} groups must keep equally many channels`)
      for (const i of parameters(call)) ties.unite(labels, ties.labels(i, 0))
    },
  }
}

/**
 * Normalises over all axes from `first` on, with scale and bias that broadcast to the input. Parameters that are longer than 1 along an
 * earlier axis are tied to it.
 */
export function normalisingTrailing<A>(
  first: (call: InferredCall<A>) => number,
  parameters: readonly number[],
): ChannelRule<A> {
  return {
    tie(call, ties) {
      const over = trailing(call, first(call))
      passStatistics(call, ties, over)
      const rank = call.inputs[0]?.shape?.length ?? 0
      for (const i of parameters) {
        const shape = call.inputs[i]?.shape ?? []
        const offset = rank - shape.length
        for (let axis = 0; axis < shape.length; axis++)
          if (shape[axis] !== 1 && (!over.includes(axis + offset) || ties.isTracked(0, axis + offset)))
            ties.unite(ties.labels(0, axis + offset), ties.labels(i, axis))
      }
    },
  }
}

/** Parameters with one entry per channel (axis 1 of input 0), scale and shift first: tied to it, where it is followed at all. */
export function perChannelParameters<A>(
  parameters: readonly number[],
  over: (call: InferredCall<A>) => readonly number[],
): ChannelRule<A> {
  const rule = normalising(over)
  return {
    // A scale and a shift of 0.
    zeros: () => [parameters.slice(0, 2)],
    tie(call, ties) {
      const rows = ties.isConstant(0) ? [] : ties.tracks(0).filter((t) => isInRows(t.axes, over(call)))
      rule.tie(call, ties)
      for (const { axes, labels } of rows) {
        const groups = call.inputs[0]?.shape?.[1] as number
        ties.byRows()
        ties.changes(labels, overWhat(call, axes[1]!))
        ties.balance(labels, groups, `its ${groups} groups must keep equally many channels`)
        ties.setOutput(0, rows)
      }
      if (rows.length > 0 || !ties.tracks(0).some((track) => track.axes.includes(1))) return
      for (const i of parameters) if (call.inputs[i]) ties.unite(ties.labels(0, 1), ties.labels(i, 0))
    },
  }
}

/** The rule of a normalisation whose input 1 holds its factors. */
export const scaling = <A>(rule: ChannelRule<A>): ChannelRule<A> => ({ ...rule, scale: 1 })

/** @throws NodeError unless the given inputs are vectors of `size` entries (where known) */
export function checkVectors(
  call: Call,
  inputs: readonly number[],
  size: number | string | undefined,
  what: string,
): void {
  for (const i of inputs) {
    const shape = call.inputs[i]?.shape
    const [length] = shape ?? []
    if (shape && (shape.length !== 1 || (typeof length === 'number' && typeof size === 'number' && length !== size)))
      throw wrong(call, `input ${i} has shape [${shape}], not one entry for each of ${size ?? '?'} ${what}`)
  }
}

/** @throws NodeError unless the given inputs can be broadcast to `shape` without enlarging it (where known) */
export function checkBroadcastsTo(call: Call, inputs: readonly number[], shape: Shape | undefined): void {
  for (const i of inputs) {
    const own = call.inputs[i]?.shape
    if (!own || !shape) continue
    const fits = own.every((d, axis) => {
      const target = shape[axis - own.length + shape.length]
      return d === 1 || d === target || (target !== undefined && (typeof d === 'string' || typeof target === 'string'))
    })
    if (!fits || own.length > shape.length) throw wrong(call, `input ${i} [${own}] cannot be broadcast to [${shape}]`)
  }
}

/** The axes from `axis` to the last one. */
export function trailing(call: Call, axis: number): number[] {
  const rank = required(call, 0).shape?.length ?? 0
  return Array.from({ length: rank - axis }, (_, i) => axis + i)
}
