import { KerfError } from '../../base/index.ts'
import type { ChannelMember, SparseWeight, SparsityContext } from './method.ts'
import { type CommonSparsityOptions, checkKeep, isKept } from './targets.ts'

/** A weight that shrinks with channels. */
export interface ShrinkingWeight extends ChannelMember {
  readonly weight: SparseWeight
}

/** Channels that are alternatives to each other, with the weights that shrink with them. */
export interface Channels {
  readonly name: string
  /** How many there are. */
  readonly count: number
  /** What makes them first. */
  readonly members: readonly ShrinkingWeight[]
}

/**
 * The groups of channels that a method is to work on; one that a layer of `keep` makes is left alone.
 * @throws KerfError `bad-options` where there are none, and as `checkKeep`
 */
export function channelsOf(context: SparsityContext, options: CommonSparsityOptions): Channels[] {
  checkKeep(context, options)
  const weights = new Map(context.weights.map((w) => [w.name, w]))
  const all = context.layout().groups.map(
    ({ name, channels, members }): Channels => ({
      ...{ name, count: channels },
      members: members.flatMap((member) => {
        const weight = weights.get(member.tensor)
        return weight ? [{ ...member, weight }] : []
      }),
    }),
  )
  const makers = ({ members }: Channels) => members.filter((m) => m.role === 'makes')
  const found = all.filter((c) => makers(c).length > 0 && !makers(c).some((m) => isKept(options, m.weight)))
  if (found.length > 0) return found
  throw new KerfError(
    'bad-options',
    'The network has no channels for sparsity to work on: those that it learns are none that can be removed, or sparsity.keep names them.',
  )
}

/** Calls `visit` for every run of elements of a weight that belong to one channel: from `start` to before `end`. */
export function eachRun(
  { weight, axis, of, blocks }: ShrinkingWeight,
  visit: (channel: number, start: number, end: number) => void,
): void {
  const { shape } = weight
  const product = (from: number, to: number) => shape.slice(from, to).reduce((p, d) => p * d, 1)
  const [outer, size, inner] = [product(0, axis), shape[axis]!, product(axis + 1, shape.length)]
  // Rows lie in front of the axis: so say convolutions, whose first axis it is.
  const rows = blocks && { size: shape[blocks.rows]!, inner: product(blocks.rows + 1, axis), groups: blocks.groups }
  let at = 0
  for (let o = 0; o < outer; o++) {
    const row = rows ? Math.floor(o / rows.inner) % rows.size : 0
    const base = rows ? Math.floor((row * rows.groups) / rows.size) * size : 0
    for (let i = 0; i < size; i++, at += inner) {
      const channel = of[base + i]!
      if (channel >= 0) visit(channel, at, at + inner)
    }
  }
}

/** What counts for the norm of a channel and is penalised with it: weights of layers, and scales; not biases and shifts. */
export const isPenalised = ({ weight }: ShrinkingWeight): boolean => weight.role !== 'other'

/** Sums of squares of each channel over these members. */
export function squaresOf({ count }: Channels, members: readonly ShrinkingWeight[]): Float64Array {
  const sums = new Float64Array(count)
  for (const member of members) {
    const { value } = member.weight
    eachRun(member, (channel, start, end) => {
      let sum = 0
      for (let i = start; i < end; i++) sum += value[i]! * value[i]!
      sums[channel] = sums[channel]! + sum
    })
  }
  return sums
}

/** Adds factor[channel] · w to the gradient of each weight w of these members. */
export function shrink(
  members: readonly ShrinkingWeight[],
  factors: ArrayLike<number>,
  gradientOf: (weight: string) => Float32Array,
): void {
  for (const member of members) {
    const { value } = member.weight
    const gradient = gradientOf(member.tensor)
    eachRun(member, (channel, start, end) => {
      const factor = factors[channel]!
      if (factor !== 0) for (let i = start; i < end; i++) gradient[i] = gradient[i]! + factor * value[i]!
    })
  }
}

/**
 * The channels whose filters have the smallest norm, in order of their numbers: as many as a cut by this ratio removes. Where several layers make a channel, each one's norms
 * count by their mean.
 * @param norm 1: the sum of absolute values, 2: the root of the sum of squares
 */
export function smallestChannels(channels: Channels, ratio: number, norm: 1 | 2): number[] {
  const { count, members } = channels
  const scores = new Float64Array(count)
  for (const member of members) {
    if (member.role !== 'makes') continue
    const own = norm === 2 ? squaresOf(channels, [member]).map(Math.sqrt) : absolutesOf(channels, member)
    const mean = own.reduce((sum, n) => sum + n, 0) / count || 1
    own.forEach((n, c) => {
      scores[c] = scores[c]! + n / mean
    })
  }
  const order = [...scores.keys()].sort((a, b) => scores[a]! - scores[b]! || a - b)
  // As pruning counts: 1 − 0.9 is a little less than 0.1.
  const kept = Math.max(1, Math.floor(count * (1 - ratio) + 1e-9))
  return order.slice(0, count - kept).sort((a, b) => a - b)
}

function absolutesOf({ count }: Channels, member: ShrinkingWeight): Float64Array {
  const sums = new Float64Array(count)
  const { value } = member.weight
  eachRun(member, (channel, start, end) => {
    let sum = 0
    for (let i = start; i < end; i++) sum += Math.abs(value[i]!)
    sums[channel] = sums[channel]! + sum
  })
  return sums
}

/** Everything that is these channels' becomes 0 and stays 0: they can be cut without a change of what the network computes. */
export function holdChannels(context: SparsityContext, chosen: ReadonlyMap<Channels, readonly number[]>): void {
  const masks = new Map<string, Uint8Array>()
  for (const [{ members }, gone] of chosen) {
    const isGone = new Set(gone)
    for (const member of members) {
      const mask = masks.get(member.tensor) ?? new Uint8Array(member.weight.value.length).fill(1)
      masks.set(member.tensor, mask)
      eachRun(member, (channel, start, end) => {
        if (isGone.has(channel)) mask.fill(0, start, end)
      })
    }
  }
  for (const [name, mask] of masks) context.hold(name, mask)
}

/**
 * The part of the channels whose weights together are at most a hundredth of the mean of their group, in norm.
 * @param counts which members are looked at
 */
export function smallChannels(
  all: readonly Channels[],
  counts: (member: ShrinkingWeight) => boolean = isPenalised,
): { readonly smallChannels: number } {
  let [small, count] = [0, 0]
  for (const channels of all) {
    const norms = squaresOf(channels, channels.members.filter(counts)).map(Math.sqrt)
    const limit = norms.reduce((sum, n) => sum + n, 0) / norms.length / 100
    small += norms.filter((n) => n <= limit).length
    count += channels.count
  }
  return { smallChannels: small / count }
}
