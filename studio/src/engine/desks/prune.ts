import { isAborted, type Model, type Profile } from 'kerf'
import type { PruneResult } from 'kerf/prune'
import { type CutRecord, missedPart } from '../cut-record.ts'
import type { Free } from '../first-amount.ts'
import { OneAtATime } from '../one-at-a-time.ts'
import type { OpenModel } from '../open-model.ts'
import { inPageWords } from '../page-words.ts'
import type { Pictures } from '../picture-set.ts'
import type { Pruner } from '../prune.ts'
import { recoverCommand } from '../prune-command.ts'
import {
  asksOutputs,
  type CriterionChoice,
  type FoundWithin,
  type PrunePreview,
  type PruneWish,
  type RecoverWish,
  type RecoveryState,
  type TrainedStep,
} from '../prune-types.ts'
import type { QualityLimit } from '../prune-within.ts'
import type { Changed } from '../steps.ts'
import type { PicturesDesk } from './pictures.ts'
import type { SensitivityDesk } from './sensitivity.ts'
import type { TimesDesk } from './times.ts'

/** Called in the page. */
type Told<T> = (value: T) => void

const toldEveryMs = 200
const keptEveryMs = 1000

/** More updates are kept as every second one. */
const mostTrained = 2000

/** True at most so often. */
function seldom(everyMs: number): () => boolean {
  let last = 0
  return () => {
    const isTime = performance.now() - last >= everyMs
    if (isTime) last = performance.now()
    return isTime
  }
}

/** Cuts of the open model, and the quality brought back. */
export class PruneDesk {
  readonly #open: OpenModel
  readonly #times: TimesDesk
  readonly #pictures: PicturesDesk
  readonly #sensitivity: SensitivityDesk
  readonly #previews = new OneAtATime()
  readonly #recoveries = new OneAtATime()
  readonly #searches = new OneAtATime()
  /** Cuts that were made here, or again. */
  readonly #results = new WeakMap<CutRecord, PruneResult>()
  /** What recoveries of cuts are kept under. */
  readonly #keys = new WeakMap<CutRecord, string>()
  /** For one model at one size. */
  #pruner: { readonly of: Profile; readonly pruner: Pruner } | undefined

  constructor(open: OpenModel, times: TimesDesk, pictures: PicturesDesk, sensitivity: SensitivityDesk) {
    this.#open = open
    this.#times = times
    this.#pictures = pictures
    this.#sensitivity = sensitivity
  }

  /** What channels can be ranked by. */
  async criteria(): Promise<CriterionChoice[]> {
    return (await import('../prune.ts')).criterionChoices()
  }

  /**
   * What a cut would make of the open model.
   * @param free what may be chosen otherwise where the wish cannot be fulfilled
   * @returns undefined where another one was asked for meanwhile
   * @throws KerfError as `pruneModel`; Error for a budget in time without measured times, and for a criterion that looks at what was not given
   */
  preview(wish: PruneWish, free: Free): Promise<PrunePreview | undefined> {
    return this.#previews.run(async (signal) => {
      const { table: times } = this.#times
      if (wish.amount.of === 'milliseconds' && !times)
        throw new Error(
          'Measure the layers of the network on this device first: a budget in time is a sum of their times.',
        )
      const pruner = await this.#prunerNow()
      const pictures = await this.#picturesFor(wish)
      return pruner.preview(wish, { times, pictures }, free, signal)
    })
  }

  /**
   * The smallest network within a limit of what outputs or quality lose.
   * @returns undefined where it was stopped
   * @throws KerfError as `Pruner.within`; Error without pictures, and for a budget in time without measured times
   */
  within(wish: PruneWish, limit: QualityLimit, progress: Told<RecoveryState>): Promise<FoundWithin | undefined> {
    return this.#searches.run(async (signal) => {
      const pruner = await this.#prunerNow()
      const pictures = await this.#pictures.now((done, total) => progress({ what: 'reading pictures', done, total }))
      const sources = { times: this.#times.table, pictures }
      return pruner.within(wish, limit, sources, {
        signal,
        progress: ({ what, done, total }) => progress({ what, done, total }),
      })
    })
  }

  stopSearch(): void {
    this.#searches.stop()
  }

  /** Those that a criterion looks at; undefined for one that looks at none. @throws Error where they are missing */
  async #picturesFor(wish: PruneWish): Promise<Pictures | undefined> {
    const { criterion, loss } = wish
    const needs = (await this.criteria()).find(({ name }) => name === criterion)?.needs ?? 'weights'
    if (needs === 'weights' && !asksOutputs(wish)) return undefined
    const pictures = await this.#pictures.now()
    if (!pictures && needs === 'weights') throw new Error('What the outputs lose is measured on pictures: give some.')
    const needsLabels = needs === 'labels' || (needs === 'loss' && loss === 'labels')
    if (!pictures) throw new Error(`${criterion} looks at pictures${needsLabels ? ' with labels' : ''}: give some.`)
    if (needsLabels && pictures.images.classes.length === 0)
      throw new Error(
        `${criterion} looks at labels, and the pictures have none: give a folder with a folder for each class${needs === 'loss' ? ', or take the loss of the network’s own outputs' : ''}.`,
      )
    return pictures
  }

  /**
   * The cut of the last preview takes the open model's place, once it is proven.
   * @throws KerfError as `prove`
   */
  async cut(title: string): Promise<Changed> {
    const { model: given, inputShapes } = this.#open
    const { result, proof, wish, command } = await (await this.#prunerNow()).take()
    const time = await this.#times.timeCut(given, result.model)
    const cut: CutRecord = {
      ...{ wish, proof, time, warnings: result.warnings, trained: [], bearing: this.#sensitivity.curvesOf(given) },
      inputs: Object.fromEntries(inputShapes),
      survivors: Object.fromEntries([...result.survivors].map(([name, stays]) => [name, [...stays]])),
    }
    this.#results.set(cut, result)
    const missed = missedPart(cut)
    const whole = missed === undefined ? title : `${title} (${missed} measured)`
    return this.#open.add({ title: whole, model: result.model, cut, command })
  }

  /** @throws KerfError as `cutAgain` */
  async #resultOf(cut: CutRecord, given: Model, expected?: Model, signal?: AbortSignal): Promise<PruneResult> {
    const known = this.#results.get(cut)
    if (known) return known
    const { cutAgain } = await import('../cut-again.ts')
    const result = await cutAgain(given, cut, expected, signal)
    this.#results.set(cut, result)
    return result
  }

  /**
   * Brings the open model, which was cut, nearer to what it was.
   * @param told is given the updates of training, some at a time
   * @returns undefined where it was stopped: it is kept, and can go on
   * @throws KerfError as `recoverCut`; Error without pictures
   */
  recover(wish: RecoverWish, progress: Told<RecoveryState>, told: Told<TrainedStep[]>): Promise<Changed | undefined> {
    return this.#recoveries.run(async (signal) => {
      const { keepRecovery, recoveryKey } = await import('../recovery-job.ts')
      const { step, before } = this.#open
      const { cut: record, title, command } = step
      if (!record || !before) throw new Error('Only what was cut can be recovered.')
      const { model: given, name } = before
      await this.#resultOf(record, given, step.model, signal)
      const pictures = await this.#pictures.now((done, total) => {
        signal.throwIfAborted()
        progress({ what: 'reading pictures', done, total })
      })
      if (!pictures) throw new Error('Recovery looks at pictures: give some.')
      const key = await recoveryKey(given, record)
      this.#keys.set(record, key)
      record.trained.length = 0
      const cut = { title, record, command }
      await keepRecovery(key, { name, given, cut, recover: wish, pictures: pictures.decoded })
      return this.#recovered(record, pictures, wish, progress, told, signal)
    })
  }

  /**
   * Goes on with a recovery that is kept, which was stopped or whose page was closed. The open model is the one that it cuts, or what was cut of it.
   * @param key what it is kept under
   * @returns as `recover`
   * @throws as `cut` and `recover`; Error where nothing is kept
   */
  goOn(key: string, progress: Told<RecoveryState>, told: Told<TrainedStep[]>): Promise<Changed | undefined> {
    return this.#recoveries.run(async (signal) => {
      const { keptRecovery } = await import('../recovery-job.ts')
      const { picturesFor } = await import('../picture-set.ts')
      const kept = await keptRecovery(key)
      if (!kept) throw new Error('This recovery is no longer kept.')
      const { cut: made, recover, pictures } = kept
      if (!this.isOpen(key)) {
        progress({ what: 'cutting again', done: 0 })
        const { record: cut, title, command } = made
        this.#open.recount({ inputs: cut.inputs })
        const { model } = await this.#resultOf(cut, this.#open.model, undefined, signal)
        this.#open.add({ title, model, cut, command })
        this.#keys.set(cut, key)
      }
      const { cut, model } = this.#open.step
      return this.#recovered(cut!, picturesFor(model, pictures), recover, progress, told, signal)
    })
  }

  /** Whether the open model is the cut that a recovery is of, which is kept. */
  isOpen(key: string): boolean {
    const { cut } = this.#open.step
    return cut !== undefined && this.#keys.get(cut) === key
  }

  /** Ends the recovery that is under way; what it has done is kept. */
  stop(): void {
    this.#recoveries.stop()
  }

  async #recovered(
    record: CutRecord,
    pictures: Pictures,
    wish: RecoverWish,
    progress: Told<RecoveryState>,
    told: Told<TrainedStep[]>,
    signal: AbortSignal,
  ): Promise<Changed> {
    const { recoverPruned } = await import('../recover.ts')
    const { forgetRecovery, keepPart, recoveryMemory } = await import('../recovery-job.ts')
    const key = this.#keys.get(record)!
    const often = seldom(toldEveryMs)
    const kept = seldom(keptEveryMs)
    const cut = this.#results.get(record)!
    const { trained } = record
    let steps: TrainedStep[] = []
    let keeping: Promise<void> = Promise.resolve()
    const tellSteps = () => {
      if (steps.length > 0) told(steps)
      steps = []
    }
    try {
      const { model, steps: done } = await recoverPruned(
        cut,
        pictures,
        wish,
        await recoveryMemory(key),
        (step) => {
          steps.push(step)
          if (trained.push(step) > mostTrained) trained.splice(0, Infinity, ...trained.filter((_, i) => i % 2 === 0))
          if (often()) tellSteps()
        },
        {
          signal,
          progress({ what, done, total }) {
            progress({ what, done, total })
            if (total && kept()) keeping = keeping.then(() => keepPart(key, what, done / total))
          },
        },
        // A file that is being written cannot be removed.
      ).finally(() => keeping)
      tellSteps()
      await forgetRecovery(key)
      const command = recoverCommand(this.#open.step.command ?? '', wish, pictures.images.count)
      return this.#open.add({
        ...{ title: `Recovered on ${pictures.images.count} pictures`, model, command },
        recovery: done.map((step) => ({ ...step, ...(step.why !== undefined && { why: inPageWords(step.why) }) })),
      })
    } catch (error) {
      if (!isAborted(error)) await forgetRecovery(key)
      throw error
    }
  }

  /**
   * The cut that led to the open model as a page of HTML, with what recovered it.
   * @throws Error where nothing was cut here
   */
  async report(): Promise<string> {
    const { pruneHtml } = await import('../prune-report.ts')
    const { steps, at } = this.#open
    const index = steps.findLastIndex(({ cut }, i) => i <= at && cut !== undefined)
    const [given, step] = [steps[index - 1], steps[index]]
    if (!step?.cut || !given) throw new Error('Nothing was cut that could be reported.')
    const behind = steps.slice(index + 1, at + 1).find(({ recovery }) => recovery !== undefined)
    return pruneHtml({
      ...{ ...step.cut, name: this.#open.nameOf(index - 1), title: step.title },
      result: await this.#resultOf(step.cut, given.model, step.model),
      recovery: behind?.recovery && { title: behind.title, steps: behind.recovery },
      commands: [step.command, behind?.command].flatMap((command) => command ?? []),
    })
  }

  async #prunerNow(): Promise<Pruner> {
    const { Pruner } = await import('../prune.ts')
    const { profile, model, commandName, inputShapes } = this.#open
    if (this.#pruner?.of !== profile)
      this.#pruner = { of: profile, pruner: new Pruner(model, commandName, inputShapes) }
    return this.#pruner.pruner
  }
}
