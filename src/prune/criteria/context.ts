import { KerfError, type Random, seededRandom, seedFrom, type Task, type Turn } from '../../base/index.ts'
import { type Analysis, constantContent } from '../../graph/index.ts'
import type { RunningOptions } from '../../runtime/index.ts'
import type { ChannelGroup, ChannelGroups } from '../groups.ts'
import { type LossOf, runBatches, type ScoringImages } from './batches.ts'
import type { Criterion, Numbers, ScoredBatch, ScoredGroup, ScoredLayer, ScoringContext } from './criterion.ts'
import { type Group, type Layer, scoredGroups } from './layers.ts'
import { rowsOf } from './rows.ts'

/** What scores are made of, besides the network. */
export interface ScoringOptions extends RunningOptions, Task {
  /** Draws what is random. Default 0. */
  readonly seed?: number
  /** For criteria that look at images. */
  readonly images?: ScoringImages
  /** For criteria that ask what a loss says: makes a network with its loss of one. */
  readonly loss?: LossOf
}

/** A seeded source of numbers of its own for every name. */
export const namedRandom = (seed = 0, name: string): Random => seededRandom(seedFrom(seed, name))

/**
 * Scores every class of every group by a criterion.
 * @throws KerfError `no-images`, `no-loss` where the criterion needs them; `not-finite`, `bad-scores` for what it gives; `aborted`, and what it throws
 */
export async function scoreGroups(
  found: ChannelGroups,
  criterion: Criterion,
  options: ScoringOptions,
  turn: Turn,
): Promise<ReadonlyMap<ChannelGroup, Float64Array>> {
  const scores = await scoresBy(criterion, scoredGroups(found), found.trace.analysis, options, turn)
  return new Map(found.groups.map((group, i) => [group, scores[i]!]))
}

/**
 * Scores of each group, in order.
 * @param isAlone each group is ranked by itself, so that the scores of its one layer are taken as they are
 * @throws KerfError as `scoreGroups`
 */
export async function scoresBy(
  criterion: Criterion,
  groups: readonly Group[],
  analysis: Analysis,
  options: ScoringOptions,
  turn: Turn,
  isAlone = false,
): Promise<Float64Array[]> {
  const scores = await criterion.score(new GroupContext(criterion, groups, analysis, options, turn, isAlone))
  return groups.map((group) => checkScores(criterion, group.name, group.channels, scores.get(group)))
}

/** @throws KerfError `bad-scores`, `not-finite` */
function checkScores(
  { name }: Criterion,
  what: string,
  count: number,
  scores: ArrayLike<number> | undefined,
): Float64Array {
  if (scores?.length !== count)
    throw new KerfError(
      'bad-scores',
      `The criterion ${name} gives ${scores?.length ?? 'no'} scores for "${what}", which has ${count} to be ranked. It should give one for each.`,
      { criterion: name, expected: count, received: scores?.length },
    )
  const values = Float64Array.from(scores)
  if (values.every(Number.isFinite)) return values
  throw new KerfError(
    'not-finite',
    `The criterion ${name} gives scores of "${what}" that are NaN or infinite. Leave it alone (--keep '${what}'), or rank by --criterion random.`,
    { criterion: name },
  )
}

class GroupContext implements ScoringContext {
  readonly groups: readonly Group[]
  readonly turn: Turn
  readonly #analysis: Analysis
  readonly #criterion: Criterion
  readonly #options: ScoringOptions
  readonly #isAlone: boolean

  constructor(
    criterion: Criterion,
    groups: readonly Group[],
    analysis: Analysis,
    options: ScoringOptions,
    turn: Turn,
    isAlone: boolean,
  ) {
    this.#criterion = criterion
    this.groups = groups
    this.#analysis = analysis
    this.#options = options
    this.turn = turn
    this.#isAlone = isAlone
  }

  // Arrows, since criteria take the context apart.

  readonly weights = (layer: ScoredLayer): readonly Numbers[] => {
    const { weight } = layer as Layer
    const { data, shape } = constantContent(this.#analysis, weight.value)
    return rowsOf(data, shape, weight.axis)
  }

  readonly random = (of: ScoredGroup | ScoredLayer): Random =>
    namedRandom(this.#options.seed, 'layers' in of ? of.layers.map((l) => l.tensor).join() : of.tensor)

  readonly combined: ScoringContext['combined'] = async (score) => {
    const scores = new Map<ScoredGroup, Float64Array>()
    for (const group of this.groups) {
      const sums = new Float64Array(group.channels)
      const counts = new Float64Array(group.channels)
      for (const layer of group.layers) {
        await this.turn()
        const own = Float64Array.from(await score(layer))
        if (!own.every(Number.isFinite)) this.#checkWeight(layer)
        const mean = this.#isAlone ? 1 : own.reduce((s, n) => s + n, 0) / own.length || 1
        layer.of.forEach((channel, i) => {
          if (channel < 0) return
          sums[channel] = sums[channel]! + own[i]! / mean
          counts[channel] = counts[channel]! + 1
        })
      }
      scores.set(
        group,
        sums.map((s, i) => s / (counts[i] || 1)),
      )
    }
    return scores
  }

  /** @throws KerfError `not-finite` where it is the weight that scores are no numbers for */
  #checkWeight(layer: Layer): void {
    if (this.weights(layer).every((row) => row.every(Number.isFinite))) return
    throw new KerfError(
      'not-finite',
      `The weight "${layer.tensor}" of ${layer.node} holds NaN or infinite values, so ${this.#criterion.name} cannot rank its channels. Export the model with finite weights, leave the layer alone (--keep '${layer.tensor}'), or rank by --criterion random.`,
      { tensor: layer.tensor },
    )
  }

  readonly batches = (layers?: readonly ScoredLayer[]): AsyncIterable<ScoredBatch> => {
    const { images, loss } = this.#options
    const { name, needs } = this.#criterion
    if (!images)
      throw new KerfError('no-images', `The criterion ${name} looks at images: give some (--data).`, {
        criterion: name,
      })
    if (needs === 'loss' && !loss)
      throw new KerfError('no-loss', `The criterion ${name} asks what a loss says: give one.`, { criterion: name })
    const wanted = (layers ?? this.groups.flatMap((g) => g.layers)) as readonly Layer[]
    const given = { ...this.#options, images, loss: needs === 'loss' ? loss : undefined }
    return runBatches(this.#analysis, wanted, given, this.turn)
  }
}
