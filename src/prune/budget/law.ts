import type { Work } from './units.ts'

/*
 * How a layer's time follows from what it does, and from its widths:
 *
 *     t = c0 + c1·macs' + c2·reads + c3·writes + [off]·(d1·macs' + d2·reads),   c, d ≥ 0
 *
 * Time is a staircase in the widths. A kernel makes so many output channels at a time (a tile) and takes as long for one; some take input channels so, too: macs' counts whole
 * tiles. And some kernels exist for certain multiples alone: with 28 channels Winograd's products do a layer that with 27 a kernel does in nearly twice the time, and ONNX
 * Runtime's depthwise convolution takes five times as long where channels are no multiple of four. `off` says that a width is none of these.
 *
 * Which steps there are nobody says, so those are taken that explain the times, each only where it does so clearly better than without.
 */

/** A layer that was measured: what it does, and its time in milliseconds, without what a run costs by itself. */
export interface TimedLayer extends Work {
  /** From medians of runs. */
  readonly ms: number
}

/** Steps of the widths that a law counts in; 1 for none. */
export interface Steps {
  /** Input channels that are taken at a time. */
  readonly inTile: number
  /** Output channels that are made at a time. */
  readonly outTile: number
  /** What input channels are a multiple of, where a faster kernel needs that. */
  readonly inAlign: number
  /** The same of output channels. */
  readonly outAlign: number
}

/** How a layer's time follows from what it does. */
export interface Law extends Steps {
  /** Milliseconds for a run, each MAC, each element that is read, each that is written. */
  readonly base: readonly [each: number, perMac: number, perRead: number, perWrite: number]
  /** What comes on top where widths are off: for each MAC, each element that is read. */
  readonly off: readonly [perMac: number, perRead: number]
}

const sizes = [1, 4, 8, 16]
const plain: Steps = { inTile: 1, outTile: 1, inAlign: 1, outAlign: 1 }

/** Relative errors of about this much are those of measuring. */
const noise = 0.05
/** What a step has to explain, in points that are wrong by about twice the noise without it. */
const worth = 1.5

/** The law that explains times best. */
export function lawOf(points: readonly TimedLayer[]): Law {
  let best = fitted(points, plain)
  for (;;) {
    const tried = nextSteps(best.law).map((steps) => fitted(points, steps))
    const next = tried.reduce((a, b) => (b.cost < a.cost ? b : a))
    if (next.cost >= best.cost - 1e-9) return best.law
    best = next
  }
}

/** Those that differ in one step; of alignments both may change together. */
function nextSteps({ inTile, outTile, inAlign, outAlign }: Steps): Steps[] {
  const now = { inTile, outTile, inAlign, outAlign }
  return sizes.flatMap((size) => [
    { ...now, inTile: size },
    { ...now, outTile: size },
    { ...now, inAlign: size },
    { ...now, outAlign: size },
    { ...now, inAlign: size, outAlign: size },
  ])
}

interface Fitted {
  readonly law: Law
  /** Of errors, with a limited influence of each, and of the steps. */
  readonly cost: number
}

/** Least squares of relative errors, in which points that nothing explains count for little: somebody had disturbed them. */
function fitted(points: readonly TimedLayer[], steps: Steps): Fitted {
  const rows = points.map((p) => featuresOf(p, steps).map((f) => f / p.ms))
  const influence = (error: number) => 1 / (1 + (error / (2 * noise)) ** 2)
  let weights = points.map(() => 1)
  let [c, errors] = [[] as readonly number[], [] as readonly number[]]
  for (let round = 0; round < 4; round++) {
    c = nonNegative(rows, weights)
    errors = rows.map((row) => row.reduce((sum, f, j) => sum + f * c[j]!, -1))
    weights = errors.map(influence)
  }
  const [each = 0, perMac = 0, perRead = 0, perWrite = 0, offMac = 0, offRead = 0] = c
  const law: Law = { ...steps, base: [each, perMac, perRead, perWrite], off: [offMac, offRead] }
  const count = Object.values(steps).filter((s) => s > 1).length
  return { law, cost: errors.reduce((sum, e) => sum + Math.log1p((e / noise) ** 2), worth * count) }
}

/** What times are linear in. */
function featuresOf(work: Work, steps: Steps): number[] {
  const { macs, reads, writes, inChannels, outChannels } = work
  const tiled = macs * roundedUp(inChannels, steps.inTile) * roundedUp(outChannels, steps.outTile)
  const off = isOff(work, steps) ? 1 : 0
  return [1, tiled, reads, writes, off * tiled, off * reads]
}

/** Whole tiles, as a multiple of the channels that there are. */
export const roundedUp = (channels: number, tile: number): number =>
  (Math.ceil(channels / tile - slack) * tile) / channels

/** Rounding forgives a float's last digits. */
const slack = 1e-6

/** Whether a number is no multiple. */
export const isBetween = (channels: number, align: number): boolean =>
  Math.abs(channels / align - Math.round(channels / align)) > slack

const isOff = ({ inChannels, outChannels }: Work, { inAlign, outAlign }: Steps): boolean =>
  isBetween(inChannels, inAlign) || isBetween(outChannels, outAlign)

/** The time of a layer, by its law. */
export const timeOf = (law: Law, work: Work): number => {
  const coefficients = [...law.base, ...law.off]
  return featuresOf(work, law).reduce((sum, f, i) => sum + f * coefficients[i]!, 0)
}

/** Weighted least squares towards 1 with coefficients ≥ 0, one after the other until they stay (coordinate descent: convex, so it ends at the best). */
function nonNegative(rows: readonly (readonly number[])[], weights: readonly number[]): number[] {
  const count = rows[0]?.length ?? 0
  const all = Array.from({ length: count }, (_, i) => i)
  const sum = (f: (row: readonly number[]) => number) => rows.reduce((s, row, i) => s + weights[i]! * f(row), 0)
  const products = all.map((i) => all.map((j) => sum((row) => row[i]! * row[j]!)))
  const totals = all.map((i) => sum((row) => row[i]!))
  const c = all.map(() => 0)
  for (let round = 0; round < 3000; round++) {
    let moved = 0
    for (const j of all) {
      const own = products[j]!
      if (own[j] === 0) continue
      const next = Math.max(0, c[j]! + (totals[j]! - own.reduce((s, p, i) => s + p * c[i]!, 0)) / own[j]!)
      moved = Math.max(moved, Math.abs(next - c[j]!) * Math.sqrt(own[j]!))
      c[j] = next
    }
    if (moved < 1e-9) break
  }
  return c
}
