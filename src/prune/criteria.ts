import { KerfError, seededRandom, seedFrom, stridesOf } from '../base/index.ts'
import { constantContent, nodeLabel } from '../graph/index.ts'
import type { GroupedAxis } from './channel-trace.ts'
import type { ChannelGroup, ChannelGroups } from './groups.ts'

/**
 * How much a channel matters.
 * - `random`: seeded uniform numbers; the base line that every other criterion must beat.
 * - `l1`: sum of the absolute values of the channel's weights (Li et al., Pruning Filters for Efficient ConvNets, ICLR 2017).
 * - `l2`: square root of the sum of their squares.
 */
export type Criterion = 'random' | 'l1' | 'l2'

export const criteria: readonly Criterion[] = ['random', 'l1', 'l2']

/** A score for each class of a group; the lowest go first. */
export type Scores = ReadonlyMap<ChannelGroup, Float64Array>

/** Norms of the slices of a tensor along one axis. */
export function sliceNorms(
  values: ArrayLike<number>,
  shape: readonly number[],
  axis: number,
  criterion: Exclude<Criterion, 'random'>,
): Float64Array {
  const size = shape[axis]!
  const inner = shape.slice(axis + 1).reduce((p, d) => p * d, 1)
  return norms(values, inner, size, criterion, (run) => run % size)
}

/** Norms of each output channel of a weight whose axis means other channels in each block of its rows. */
function groupedNorms(
  values: ArrayLike<number>,
  shape: readonly number[],
  spec: GroupedAxis,
  criterion: Exclude<Criterion, 'random'>,
): Float64Array {
  const strides = stridesOf(shape)
  const index = (i: number, axis: number) => Math.floor(i / strides[axis]!) % shape[axis]!
  const inner = Math.min(strides[spec.rows]!, strides[spec.axis]!)
  const blockSize = spec.labels.length / spec.groups
  const blockRows = shape[spec.rows]! / spec.groups
  return norms(
    values,
    inner,
    spec.labels.length,
    criterion,
    (run) => Math.floor(index(run * inner, spec.rows) / blockRows) * blockSize + index(run * inner, spec.axis),
  )
}

/** Sums |w| or w² over runs of `inner` consecutive values, each run into its own of `size` places. */
function norms(
  values: ArrayLike<number>,
  inner: number,
  size: number,
  criterion: Exclude<Criterion, 'random'>,
  place: (run: number) => number,
): Float64Array {
  const sums = new Float64Array(size)
  for (let start = 0, run = 0; start < values.length; start += inner, run++) {
    const end = start + inner
    let sum = 0
    if (criterion === 'l1') for (let j = start; j < end; j++) sum += Math.abs(values[j]!)
    else for (let j = start; j < end; j++) sum += values[j]! * values[j]!
    const at = place(run)
    sums[at] = sums[at]! + sum
  }
  return criterion === 'l2' ? sums.map(Math.sqrt) : sums
}

/** Seeded scores that say nothing: one per index, the same for the same tensor and seed. */
export function uniformScores(seed: number, tensor: string, count: number): Float64Array {
  const random = seededRandom(seedFrom(seed, tensor))
  return Float64Array.from({ length: count }, () => random.uniform())
}

/**
 * Scores every class of every group. Each weight's norms are divided by their mean, so that layers of different scale can be ranked
 * together and so that no member of a group outvotes the others; a class gets the mean over its members (tied filters).
 */
export function scoreGroups(found: ChannelGroups, criterion: Criterion, seed: number): Scores {
  const scores = new Map<ChannelGroup, Float64Array>()
  for (const group of found.groups) {
    if (criterion === 'random') {
      scores.set(group, uniformScores(seed, group.roots.map((r) => r.tensor).join(), group.classes.length))
      continue
    }
    const sums = new Float64Array(group.classes.length)
    const counts = new Float64Array(group.classes.length)
    for (const root of group.roots) {
      const { data, shape } = constantContent(found.trace.analysis, root.weight.value)
      const own = root.grouped
        ? groupedNorms(data, shape, root.grouped, criterion)
        : sliceNorms(data, shape, root.weight.axis, criterion)
      if (!own.every(Number.isFinite))
        throw new KerfError(
          'not-finite',
          `The weight "${root.tensor}" of ${nodeLabel(root.node)} holds NaN or infinite values, so ${criterion} cannot rank its channels. Export the model with finite weights, leave the layer alone (--keep '${root.tensor}'), or rank by --criterion random.`,
          { tensor: root.tensor },
        )
      const mean = own.reduce((s, n) => s + n, 0) / own.length || 1
      group.classes.forEach((c, i) => {
        for (const index of c.members.get(root) ?? []) {
          sums[i] = sums[i]! + own[index]! / mean
          counts[i] = counts[i]! + 1
        }
      })
    }
    scores.set(
      group,
      sums.map((s, i) => s / (counts[i] || 1)),
    )
  }
  return scores
}
