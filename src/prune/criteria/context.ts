import {
  type Bounded,
  KerfError,
  type MatrixTurn,
  type Random,
  seededRandom,
  seedFrom,
  type Task,
  type Turn,
} from '../../base/index.ts'
import { macsOf } from '../../cost/index.ts'
import {
  type Analysis,
  analyse,
  constantContent,
  fixesBatch,
  freeBatch,
  graphInputs,
  type InferredCall,
  type Node,
  type WeightedSum,
} from '../../graph/index.ts'
import type { RunningOptions } from '../../runtime/index.ts'
import type { ChannelGroup, ChannelGroups } from '../groups.ts'
import { withMatrices } from '../matrices.ts'
import { type LossOf, runBatches, type ScoringImages } from './batches.ts'
import type { Criterion, Numbers, ScoredGroup, ScoredLayer, ScoringContext } from './criterion.ts'
import { lossGrowths } from './growths.ts'
import { type Group, type Layer, scoredGroups } from './layers.ts'
import { rowsOf } from './rows.ts'

/** What scores are made of, besides the network. */
export interface ScoringOptions extends RunningOptions, Task, Bounded {
  /** Draws what is random. Default 0. */
  readonly seed?: number
  /** For criteria that look at images, and for targets that choose widths by the outputs. */
  readonly images?: ScoringImages
  /** For criteria that ask what a loss says: makes a network with its loss of one. */
  readonly loss?: LossOf
}

/**
 * How channels are ranked. `local`: those of each group; `global`: those of all groups together; `alone`: those of each group, which has one layer, whose
 * scores are taken as they are.
 */
export type Ranking = 'local' | 'global' | 'alone'

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
  ranking: Ranking,
): Promise<ReadonlyMap<ChannelGroup, Float64Array>> {
  const scores = await scoresBy(criterion, scoredGroups(found), found.trace.analysis, options, turn, ranking)
  return new Map(found.groups.map((group, i) => [group, scores[i]!]))
}

/**
 * Scores of each group, in order.
 * @throws KerfError as `scoreGroups`
 */
export async function scoresBy(
  criterion: Criterion,
  groups: readonly Group[],
  analysis: Analysis,
  options: ScoringOptions,
  turn: Turn,
  ranking: Ranking,
): Promise<Float64Array[]> {
  checkNeeds(criterion, options)
  if (criterion.ranking === 'global' && ranking === 'local')
    throw new KerfError(
      'bad-options',
      `The criterion ${criterion.name} compares channels of different layers: rank them together (--global, or the option scope.global). With a ratio for every layer take l2, which ranks as it does in each.`,
      { criterion: criterion.name },
    )
  const scores = await withMatrices(options, turn, async (turn) =>
    criterion.score(new GroupContext(criterion, groups, analysis, options, turn, ranking)),
  )
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
  readonly turn: MatrixTurn
  readonly #analysis: Analysis
  readonly #criterion: Criterion
  readonly #options: ScoringOptions
  readonly #isAlone: boolean
  readonly isGlobal: boolean
  #macs: ReadonlyMap<Node, number> | undefined
  #sized: Analysis | undefined

  constructor(
    criterion: Criterion,
    groups: readonly Group[],
    analysis: Analysis,
    options: ScoringOptions,
    turn: MatrixTurn,
    ranking: Ranking,
  ) {
    this.#criterion = criterion
    this.groups = groups
    this.#analysis = analysis
    this.#options = options
    this.turn = turn
    this.#isAlone = ranking === 'alone'
    this.isGlobal = ranking === 'global'
  }

  // Arrows, since criteria take the context apart.

  readonly weights = (layer: ScoredLayer): readonly Numbers[] => {
    const { weight } = layer as Layer
    const { data, shape } = constantContent(this.#analysis, weight.value)
    return rowsOf(data, shape, weight.axis)
  }

  readonly random = (of: ScoredGroup | ScoredLayer): Random =>
    namedRandom(this.#options.seed, 'layers' in of ? of.layers.map((l) => l.tensor).join() : of.tensor)

  readonly weightedSum = (layer: ScoredLayer): WeightedSum => {
    this.#sized ??= this.#forImages()
    // A layer of several nodes tells by the first of them.
    const [output = ''] = (layer as Layer).nodes[0]?.outputs ?? []
    const known = this.#sized.calls.get(this.#sized.producers.get(output)!)
    const sum = known?.operator.channels?.sum?.(known.call as InferredCall)
    if (sum && sum.groups * sum.inChannels === layer.channels) return sum
    throw new KerfError(
      'unknown-value',
      `What ${layer.node} makes is no sum over the channels that it reads, so that its weights cannot be solved for. Leave it alone (--keep '${layer.node}'), or take another criterion.`,
      { node: layer.node },
    )
  }

  /** The network for batches as they are given. */
  #forImages(): Analysis {
    const { images } = this.#options
    if (!images) throw noImages(this.#criterion)
    const { model, operators } = this.#analysis
    const free = fixesBatch(model, images.batchSize) ? freeBatch(model, operators) : model
    const shapes = graphInputs(model.graph).map((i) => [i.name, [images.batchSize, ...images.shape]] as const)
    return analyse(free, operators, { inputShapes: new Map(shapes) })
  }

  readonly combined: ScoringContext['combined'] = async (score, members = makers) => {
    const scores = new Map<ScoredGroup, Float64Array>()
    for (const group of this.groups) {
      const sums = new Float64Array(group.channels)
      const counts = new Float64Array(group.channels)
      for (const layer of this.#membersOf(group, members)) {
        await this.turn()
        const own = Float64Array.from(await score(layer))
        if (!own.every(Number.isFinite)) this.#checkWeight(layer as Layer)
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

  readonly saved: ScoringContext['saved'] = (group) => {
    this.#macs ??= macsOf(this.#analysis)
    const [macs, bytes] = [new Float64Array(group.channels), new Float64Array(group.channels)]
    const { layers, readers, normalisations } = group as Group
    for (const layer of new Set([...layers, ...readers, ...normalisations])) {
      const all = layer.nodes.reduce((sum, node) => sum + (this.#macs!.get(node) ?? 0), 0)
      const stored = this.#analysis.stored.get(layer.tensor)?.data.byteLength ?? 0
      for (const channel of layer.of) {
        if (channel < 0) continue
        macs[channel] = macs[channel]! + all / layer.channels
        bytes[channel] = bytes[channel]! + stored / layer.channels
      }
    }
    return { macs, bytes }
  }

  readonly growths: ScoringContext['growths'] = () => {
    const { images, loss } = checkNeeds(this.#criterion, this.#options)
    return lossGrowths(this.#analysis, this.groups, { ...this.#options, images: images!, loss: loss! }, this.turn)
  }

  readonly summed: ScoringContext['summed'] = (of, members = makers) =>
    new Map(
      this.groups.map((group) => {
        const sums = new Float64Array(group.channels)
        for (const layer of this.#membersOf(group, members)) {
          const own = of(layer)
          layer.of.forEach((channel, i) => {
            if (channel >= 0) sums[channel] = sums[channel]! + own[i]!
          })
        }
        return [group, sums]
      }),
    )

  /** @throws KerfError `no-members` */
  #membersOf(group: ScoredGroup, members: (group: ScoredGroup) => readonly ScoredLayer[]): readonly ScoredLayer[] {
    const all = members(group)
    if (all.length > 0) return all
    const { name } = this.#criterion
    throw new KerfError(
      'no-members',
      `The criterion ${name} finds nothing to look at for the channels of "${group.name}". Leave the layer alone (--keep '${group.name}'), or rank by another criterion, as l2.`,
      { criterion: name, group: group.name },
    )
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

  readonly batches: ScoringContext['batches'] = (layers, asked = {}) => {
    const { images, loss } = this.#options
    const { name, needs } = this.#criterion
    if (!images) throw noImages(this.#criterion)
    const wanted = (layers ?? this.groups.flatMap((g) => g.layers)) as readonly Layer[]
    const given = { ...this.#options, images, loss: asksLoss(needs) ? loss : undefined, needs, criterion: name }
    return runBatches(this.#analysis, wanted, given, asked, this.turn)
  }
}

const makers = (group: ScoredGroup): readonly ScoredLayer[] => group.layers

const asksLoss = (needs: Criterion['needs']): boolean => needs === 'loss' || needs === 'labels'

/** @throws KerfError `no-images`, `no-loss` */
function checkNeeds(criterion: Criterion, { images, loss }: ScoringOptions): Pick<ScoringOptions, 'images' | 'loss'> {
  const { name, needs } = criterion
  if (needs !== 'weights' && !images) throw noImages(criterion)
  if (asksLoss(needs) && !loss)
    throw new KerfError(
      'no-loss',
      needs === 'labels'
        ? `The criterion ${name} follows the gradient of a loss of labels: give one (--loss labels, or the option loss: withCrossEntropy).`
        : `The criterion ${name} asks what a loss says: give one, of labels (--loss labels, or the option loss: withCrossEntropy) or of the network's own outputs (--loss outputs, or loss: outputLoss).`,
      { criterion: name },
    )
  return { images, loss }
}

const noImages = ({ name }: Criterion): KerfError =>
  new KerfError('no-images', `The criterion ${name} looks at images: give some (--data, or the option images).`, {
    criterion: name,
  })
