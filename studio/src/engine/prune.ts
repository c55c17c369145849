import { KerfError, type Model, type Task } from 'kerf'
import { splitSet } from 'kerf/data'
import { nodeLabel } from 'kerf/graph'
import {
  type ChannelGroup,
  type Criterion,
  criteria,
  outputLoss,
  type PruneOptions,
  type PruneResult,
  pruneModel,
  type Target,
  type TimeTable,
} from 'kerf/prune'
import { withCrossEntropy } from 'kerf/train'
import { imagesFor, predictTime, prove, qualityName, qualityValue } from 'kerf/workflow'
import { usualThreads } from '../threads.ts'
import { groupsFor, keptWhole } from './cut-again.ts'
import { type Free, halfway } from './first-amount.ts'
import { inPageWords } from './page-words.ts'
import type { Pictures } from './picture-set.ts'
import { pruneCommand } from './prune-command.ts'
import type {
  CriterionChoice,
  FoundWithin,
  PredictedCut,
  PreviewGroup,
  PrunePreview,
  PruneProof,
  PruneWish,
} from './prune-types.ts'
import { pruneWithin, type QualityLimit } from './prune-within.ts'
import { scoredOnce } from './scored-once.ts'
import { threadedRuntime } from './threaded-runtime.ts'

/*
 * Cuts: what one would make of the network, at once, from weights alone; then the cut itself, proven. Loaded when something is pruned.
 */

/** The part of the pictures that only judges. */
const heldOut = 0.25

const running = () => ({ runtime: threadedRuntime, threads: usualThreads(), onNotice: () => {} })

/** All that channels can be ranked by. */
export const criterionChoices = (): CriterionChoice[] =>
  criteria.map(({ name, source, needs }) => ({ name, source, needs }))

/** What a preview stands on besides the network and the wish. */
export interface PreviewSources {
  /** Of layers, for budgets in time and for what a run will take. */
  readonly times?: TimeTable
  /** For criteria that look at some. */
  readonly pictures?: Pictures
}

/** A cut, proven, and the wish that it fulfils. */
export interface TakenCut {
  readonly result: PruneResult
  readonly proof: PruneProof
  readonly wish: PruneWish
  readonly command: string
}

/** Cuts of one model. */
export class Pruner {
  readonly #model: Model
  readonly #name: string
  readonly #inputs: ReadonlyMap<string, readonly number[]>
  /** The last one, which may be taken. */
  #result: PruneResult | undefined
  /** What that was made of. */
  #made: { readonly wish: PruneWish; readonly command: string } | undefined
  #scored: { readonly key: string; readonly by: unknown; readonly criterion: string | Criterion } | undefined
  /** Errors of outputs that were measured. */
  #known: { readonly by: string; readonly on: unknown; readonly errors: Map<string, number> } | undefined
  /** What the network takes, by a table. */
  #beforeMs: { readonly by: TimeTable; readonly ms: number } | undefined

  /**
   * @param name of its file
   * @param inputs shapes of its inputs, as they were counted
   */
  constructor(model: Model, name: string, inputs: ReadonlyMap<string, readonly number[]>) {
    this.#model = model
    this.#name = name
    this.#inputs = inputs
  }

  /**
   * What a cut would make of the network.
   * @param free what may be chosen otherwise where the wish cannot be fulfilled
   * @throws KerfError as `pruneModel`
   */
  async preview(wish: PruneWish, sources: PreviewSources, free: Free, signal?: AbortSignal): Promise<PrunePreview> {
    try {
      return await this.#asAsked(wish, sources, signal)
    } catch (error) {
      const other = nearest(wish, free, error)
      if (!other) throw error
      return this.preview(other.wish, sources, { ...free, ...other.left }, signal)
    }
  }

  async #asAsked(wish: PruneWish, sources: PreviewSources, signal?: AbortSignal): Promise<PrunePreview> {
    const { times } = sources
    const groups = groupsFor(this.#model, wish, this.#inputs)
    const locked = groups.filter(({ name }) => wish.locked.includes(name))
    const options = { ...this.#optionsFor(wish, locked, sources), signal }
    const first = await pruneModel(this.#model, options)
    const isByHand = Object.keys(wish.widths).length > 0
    const result = isByHand ? await this.#byHand(wish, first, options) : first
    this.#result = result
    const { before, after, warnings, refused } = result
    const kept = new Map(result.groups.map((group) => [group.name, group.kept]))
    const told = groups.map((group): PreviewGroup => {
      const { name, classes } = group
      return { name, layers: layersOf(group), channels: classes.length, kept: kept.get(name) ?? classes.length }
    })
    const used = { threads: times?.on.threads, images: sources.pictures?.images }
    const command = pruneCommand(this.#name, wish, told, used)
    this.#made = { wish, command }
    const ownLayers = new Set(locked.flatMap(layersOf))
    return {
      ...{ wish, before, after, warnings: warnings.map(inPageWords) },
      groups: told,
      refused: refused.flatMap(({ node, why }) => (ownLayers.has(node) ? [] : [{ node, why: inPageWords(why) }])),
      time: times && this.#time(result, times),
      command,
    }
  }

  /** The widths of a budget, and instead of some of them those that were chosen. */
  #byHand({ widths }: PruneWish, { groups }: PruneResult, options: PruneOptions): Promise<PruneResult> {
    const { scope: _, target: __, ...rest } = options
    const all = new Map(groups.map(({ name, kept }) => [name, widths[name] ?? kept]))
    return pruneModel(this.#model, { ...rest, widths: all })
  }

  /** The same one as long as nothing changes that its scores follow from. */
  #criterion(name: string, loss: string, pictures: Pictures | undefined): string | Criterion {
    const key = `${name} ${loss}`
    if (this.#scored?.key !== key || this.#scored.by !== pictures?.images)
      this.#scored = { key, by: pictures?.images, criterion: scoredOnce(name) }
    return this.#scored.criterion
  }

  #looking(
    criterion: string | Criterion,
    loss: PruneWish['loss'],
    { images, transforms }: Pictures,
  ): Partial<PruneOptions> {
    const asksLoss = typeof criterion !== 'string' && criterion.needs !== 'images'
    return {
      images: imagesFor(this.#model, images, transforms),
      ...(asksLoss ? { loss: loss === 'labels' ? withCrossEntropy : outputLoss } : {}),
      ...running(),
    }
  }

  /** A target but for its amount. What outputs lose is measured once, as long as nothing changes that it follows from. */
  #target(wish: PruneWish, { times, pictures }: PreviewSources): Omit<Target, 'part' | 'value'> {
    const { amount, global, allocate, kinds, criterion, loss, locked } = wish
    const of = amount.of === 'ratio' ? 'macs' : amount.of
    const by = JSON.stringify([kinds, criterion, loss, locked, global])
    if (allocate === 'outputs' && (this.#known?.by !== by || this.#known.on !== pictures?.images))
      this.#known = { by, on: pictures?.images, errors: new Map() }
    return {
      ...{ of, allocate, scope: { global } },
      ...(of === 'milliseconds' && { times }),
      ...(allocate === 'outputs' && { known: this.#known?.errors }),
    }
  }

  /**
   * The smallest network whose outputs, or whose quality, stay within a limit: it is cut, recovered by solving for layers on most of the pictures, and judged on the others.
   * @throws KerfError as `pruneWithin`; Error without pictures
   */
  async within(wish: PruneWish, limit: QualityLimit, sources: PreviewSources, task: Task): Promise<FoundWithin> {
    const { pictures } = sources
    if (!pictures) throw new Error('What the outputs lose is measured on pictures: give some.')
    const locked = groupsFor(this.#model, wish, this.#inputs).filter(({ name }) => wish.locked.includes(name))
    const { scope: _, target: __, widths: ___, ...prune } = this.#optionsFor(wish, locked, sources)
    const target = this.#target(wish, sources)
    const { rest, part: held } = splitSet(pictures.images, heldOut, 0, 'validation')
    const [fit, images] = [rest, held].map((set) => imagesFor(this.#model, set, pictures.transforms))
    const { part, quality, given } = await pruneWithin(
      this.#model,
      { ...running(), prune: { ...prune, target }, fit, images: images!, limit },
      task,
    )
    return {
      amount: { of: wish.amount.of === 'ratio' ? 'macs' : wish.amount.of, part },
      ...{ quality: qualityName(given), reached: qualityValue(quality), given: qualityValue(given) },
      ...{ outputError: quality.outputError, images: quality.images },
    }
  }

  /** Undefined where the table does not tell of this network. */
  #time({ model }: PruneResult, times: TimeTable): PredictedCut | undefined {
    const inputs = this.#inputs
    try {
      this.#beforeMs =
        this.#beforeMs?.by === times ? this.#beforeMs : { by: times, ...predictTime(this.#model, times, { inputs }) }
      return { beforeMs: this.#beforeMs.ms, afterMs: predictTime(model, times, { inputs }).ms }
    } catch (error) {
      if (error instanceof KerfError && error.code === 'no-times') return undefined
      throw error
    }
  }

  #optionsFor(wish: PruneWish, locked: readonly ChannelGroup[], sources: PreviewSources): PruneOptions {
    const { kinds, criterion: name, loss, amount, global } = wish
    const { pictures } = sources
    const { of, part } = amount
    const much =
      of === 'ratio' ? { scope: { ratio: part, global } } : { target: { ...this.#target(wish, sources), part } }
    const criterion = this.#criterion(name, loss, pictures)
    const looked = pictures ? this.#looking(criterion, loss, pictures) : {}
    return { methods: kinds, criterion, inputs: this.#inputs, keep: keptWhole(locked), ...much, ...looked }
  }

  /**
   * The last preview, proven.
   * @throws KerfError as `prove`: `not-faithful`
   */
  async take(): Promise<TakenCut> {
    const result = this.#result
    const made = this.#made
    if (!result || !made) throw new Error('Nothing was chosen yet.')
    const { check, allowed, why } = await prove(result, { inputs: this.#inputs, runtime: threadedRuntime })
    return { result, ...made, proof: { maxRelDiff: check?.maxRelDiff, allowed, why: why && inPageWords(why) } }
  }
}

/**
 * A wish near to one that cannot be fulfilled.
 * @returns with what is no longer free; undefined where nothing that is free is to blame
 */
function nearest(wish: PruneWish, free: Free, error: unknown): { wish: PruneWish; left: Partial<Free> } | undefined {
  if (!(error instanceof KerfError)) return undefined
  const { amount } = wish
  if (error.code === 'nothing-to-prune' && free.kind && !wish.kinds.includes('neuron'))
    return { wish: { ...wish, kinds: ['filter', 'neuron'] }, left: { kind: false } }
  if (error.code === 'partial-count' && free.amount)
    return { wish: { ...wish, amount: { of: 'ratio', part: 0.5 } }, left: { amount: false } }
  if (error.code !== 'unreachable-target' || !free.amount) return undefined
  const { reached, limit } = error.details as { readonly reached: number; readonly limit: number }
  const part = halfway((reached * amount.part) / limit)
  return part === undefined ? undefined : { wish: { ...wish, amount: { ...amount, part } }, left: { amount: false } }
}

/** The layers that make a group's channels. */
const layersOf = ({ roots }: ChannelGroup): string[] => roots.map(({ node }) => nodeLabel(node))
