import { addProducts } from '../../algebra/index.ts'
import type { MatrixTurn } from '../../base/index.ts'
import { type Analysis, tensorValues } from '../../graph/index.ts'
import type { SolvedLayer } from './layers.ts'
import type { LayerProblem } from './problem.ts'
import { type LinearMap, ridgeRegression } from './ridge.ts'
import type { Teacher } from './teacher.ts'

/** What new weights of a layer are made from. */
export interface StepContext {
  readonly problem: LayerProblem
  readonly teacher: Teacher
  /** The network as it was. */
  readonly before: Analysis
  readonly turn: MatrixTurn
}

/** New weights of one group of a layer; undefined where the step has nothing to say of it. */
export type SolveGroup = (
  context: StepContext,
  group: number,
  errorOf: (map: LinearMap) => Promise<number>,
) => Promise<LinearMap | undefined>

/** Least squares: what the layer reads now against what it gave. */
export const leastSquares: SolveGroup = ({ problem, turn }, group, errorOf) =>
  ridgeRegression(problem.samples(group), problem.maps[group]!, problem.hasConstants, errorOf, turn)

/** The same in less time: what lies beyond a bound counts, too. */
export const plainLeastSquares: SolveGroup = ({ problem, turn }, group, errorOf) => {
  const { lo: _, hi: __, ...samples } = problem.samples(group)
  return ridgeRegression(samples, problem.maps[group]!, problem.hasConstants, errorOf, turn)
}

/** Where the input channels of a group lie in the layer as it was. */
export interface OldGroup {
  /** Per input channel of the cut group, its channel as it was. */
  readonly kept: readonly number[]
  /** Channels of the same group that are gone. */
  readonly removed: readonly number[]
  /** Weight of an output channel of the cut group for a channel as it was, and a tap. */
  readonly weight: (m: number, channel: number, tap: number) => number
}

/** Undefined where they cannot be told. */
export function oldGroup(
  { sum, before: old, outputs }: SolvedLayer,
  analysis: Analysis,
  group: number,
): OldGroup | undefined {
  const { inputs, sum: was } = old
  if (!inputs) return undefined
  const kept = Array.from(inputs.subarray(group * sum.inChannels, (group + 1) * sum.inChannels))
  const rows = outputs.subarray(group * sum.outChannels, (group + 1) * sum.outChannels)
  const at = Math.floor(kept[0]! / was.inChannels)
  const isOne = (indices: Iterable<number>, size: number) => [...indices].every((i) => Math.floor(i / size) === at)
  if (!isOne(kept, was.inChannels) || !isOne(rows, was.outChannels)) return undefined
  const first = at * was.inChannels
  const isKept = new Set(kept)
  const removed = Array.from({ length: was.inChannels }, (_, c) => first + c).filter((c) => !isKept.has(c))
  const stored = tensorValues(analysis.stored.get(old.weight)!)
  const weight = (m: number, channel: number, tap: number): number => {
    const { w } = was
    return stored[at * w.group + (rows[m]! % was.outChannels) * w.out + (channel - first) * w.in + tap * w.tap]!
  }
  return { kept, removed, weight }
}

/** What the channels that are gone added to each output channel of a group, on average. */
export const meanShift = (
  { sum: { outChannels, taps, met } }: SolvedLayer,
  old: OldGroup,
  means: ArrayLike<number>,
): Float64Array =>
  Float64Array.from({ length: outChannels }, (_, m) => {
    let sum = 0
    for (const channel of old.removed) for (let t = 0; t < taps; t++) sum += old.weight(m, channel, t) * means[channel]!
    return sum * met
  })

/** Mean replacement: a channel that is gone counts as much as it did on average. */
export const meanReplacement: SolveGroup = async ({ problem, teacher, before }, group) => {
  const { layer, maps, hasConstants } = problem
  const old = hasConstants ? oldGroup(layer, before, group) : undefined
  const means = teacher.means.get(layer.before.x)!
  if (!old || old.removed.length === 0) return undefined
  const { weights, constants } = maps[group]!
  const shift = meanShift(layer, old, means)
  return { weights, constants: constants.map((constant, m) => constant + shift[m]!) }
}

/**
 * Merging: channels that are gone, as linear combinations of those of the same group that stay, on the images; the weights that read them are folded
 * into the weights that read the others.
 */
export const merging: SolveGroup = async ({ problem, teacher, before, turn }, group) => {
  const { layer, maps, hasConstants } = problem
  const old = oldGroup(layer, before, group)
  if (!old || old.removed.length === 0 || old.kept.length === 0) return undefined
  const { fitted, held, rows } = teacher.inputs.get(layer.before.x)!
  const of = (values: Float32Array, count: number, channels: readonly number[]) => {
    const out = new Float32Array(channels.length * count)
    channels.forEach((c, i) => {
      out.set(values.subarray(c * count, (c + 1) * count), i * count)
    })
    return out
  }
  const [count, judged] = [rows.fitted.image.length, rows.held.image.length]
  const samples = {
    ...{ x: of(fitted, count, old.kept), t: of(fitted, count, old.removed), count },
    ...{ inputs: old.kept.length, targets: old.removed.length },
  }
  const rowsOfX = new Float32Array(old.kept.length * judged)
  old.kept.forEach((c, d) => {
    for (let n = 0; n < judged; n++) rowsOfX[n * old.kept.length + d] = held[c * judged + n]!
  })
  const t = of(held, judged, old.removed)
  const errorOf = async (map: LinearMap): Promise<number> => {
    const given = new Float64Array(t.length)
    const [n, m, terms] = [samples.targets, judged, samples.inputs]
    await addProducts({ a: map.weights, b: rowsOfX, n, m, terms }, given, turn)
    return given.reduce((sum, v, i) => sum + (v + map.constants[Math.floor(i / judged)]! - t[i]!) ** 2, 0)
  }
  const nothing = {
    weights: new Float64Array(samples.targets * samples.inputs),
    constants: new Float64Array(samples.targets),
  }
  const found = await ridgeRegression(samples, nothing, hasConstants, errorOf, turn)
  if (!found) return undefined
  const { inChannels, taps, outChannels, met } = layer.sum
  const weights = maps[group]!.weights.slice()
  const constants = maps[group]!.constants.slice()
  for (let m = 0; m < outChannels; m++)
    old.removed.forEach((channel, r) => {
      for (let t = 0; t < taps; t++) {
        const weight = old.weight(m, channel, t)
        for (let c = 0; c < inChannels; c++) {
          const at = (m * inChannels + c) * taps + t
          weights[at] = weights[at]! + weight * found.weights[r * inChannels + c]!
        }
        constants[m] = constants[m]! + weight * found.constants[r]! * met
      }
    })
  return { weights, constants }
}
