import { KerfError, type Model } from 'kerf'
import { nodeLabel } from 'kerf/graph'
import {
  type ChannelGroup,
  criteria,
  findGroups,
  type PruneOptions,
  type PruneResult,
  pruneModel,
  type TimeTable,
} from 'kerf/prune'
import { predictTime, prove } from 'kerf/workflow'
import { inPageWords } from './page-words.ts'
import { pruneCommand } from './prune-command.ts'
import type { CriterionChoice, PredictedCut, PreviewGroup, PrunePreview, PruneProof, PruneWish } from './prune-types.ts'
import { threadedRuntime } from './threaded-runtime.ts'

/*
 * Cuts: what one would make of the network, at once, from weights alone; then the cut itself, proven. Loaded when something is pruned.
 */

/** What needs neither images nor labels. */
export const weightCriteria = (): CriterionChoice[] =>
  criteria.filter(({ needs }) => needs === 'weights').map(({ name, source }) => ({ name, source }))

/** Cuts of one model. */
export class Pruner {
  readonly #model: Model
  readonly #name: string
  readonly #inputs: ReadonlyMap<string, readonly number[]>
  /** The last one, which may be taken. */
  #result: PruneResult | undefined
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
   * @param times of layers, for budgets in time and for what a run will take
   * @throws KerfError as `pruneModel`
   */
  async preview(wish: PruneWish, times?: TimeTable): Promise<PrunePreview> {
    const { groups } = findGroups(this.#model, { inputs: this.#inputs, kinds: new Set(wish.kinds) })
    const locked = groups.filter(({ name }) => wish.locked.includes(name))
    const options = this.#optionsFor(wish, locked, times)
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
    const ownLayers = new Set(locked.flatMap(layersOf))
    return {
      ...{ before, after, warnings: warnings.map(inPageWords) },
      groups: told,
      refused: refused.flatMap(({ node, why }) => (ownLayers.has(node) ? [] : [{ node, why: inPageWords(why) }])),
      time: times && this.#time(result, times),
      command: pruneCommand(this.#name, wish, told, times?.on.threads),
    }
  }

  /** The widths of a budget, and instead of some of them those that were chosen. */
  #byHand({ widths }: PruneWish, { groups }: PruneResult, options: PruneOptions): Promise<PruneResult> {
    const { methods, criterion, inputs, keep } = options
    const all = new Map(groups.map(({ name, kept }) => [name, widths[name] ?? kept]))
    return pruneModel(this.#model, { methods, criterion, inputs, keep, widths: all })
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

  #optionsFor(
    { kinds, criterion, amount, global }: PruneWish,
    locked: readonly ChannelGroup[],
    times: TimeTable | undefined,
  ): PruneOptions {
    const tensors = locked.flatMap(({ roots }) => roots.map((root) => root.tensor))
    const keep = tensors.map((text) => ({ text, matches: (name: string) => name === text }))
    const { of, part } = amount
    const much =
      of === 'ratio'
        ? { scope: { ratio: part, global } }
        : { target: { of, part, scope: { global }, ...(of === 'milliseconds' && { times }) } }
    return { methods: kinds, criterion, inputs: this.#inputs, keep, ...much }
  }

  /**
   * The last preview, proven.
   * @throws KerfError as `prove`: `not-faithful`
   */
  async take(): Promise<{ readonly result: PruneResult; readonly proof: PruneProof }> {
    const result = this.#result
    if (!result) throw new Error('Nothing was chosen yet.')
    const { check, allowed, why } = await prove(result, { inputs: this.#inputs, runtime: threadedRuntime })
    return { result, proof: { maxRelDiff: check?.maxRelDiff, allowed, why: why && inPageWords(why) } }
  }
}

/** The layers that make a group's channels. */
const layersOf = ({ roots }: ChannelGroup): string[] => roots.map(({ node }) => nodeLabel(node))
