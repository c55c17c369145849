import {
  byteLengthOf,
  checkAborted,
  elementCount,
  isAborted,
  KerfError,
  stoppable,
  type Task,
} from '../../base/index.ts'
import { profileModel } from '../../cost/index.ts'
import { inFloat32, type Model } from '../../graph/index.ts'
import { type ModelSource, modelOf } from '../../onnx/index.ts'
import { criterionOf, outputLoss, type PruneOptions, pruneModel, recover, type TimeTable } from '../../prune/index.ts'
import { withCrossEntropy } from '../../train/index.ts'
import { cannotLearn, distilled, distilledOutputs } from '../distil.ts'
import { imagesFor, inputsForImages, type ModelImages, spread } from '../images.ts'
import type { ProofOptions } from '../prove/prove.ts'
import { type Pruned, pruneAndProve } from '../prune.ts'
import { type Quality, QualityJudge, qualityName, qualityValue } from '../quality.ts'
import { measureTimes } from '../times/measure.ts'
import { feedsToTime, kerfTiming, type TimingRuntime } from '../times/runtimes.ts'
import { noMemory, type Remembered, type SlimMemory } from './memory.ts'
import { checkNumbers, dividedImages, type SlimImages, type SlimOptions, type SlimTarget, targetOf } from './options.ts'
import type { Slimmed, SlimPoint, SlimRound } from './result.ts'

/*
 * The main job: a smaller, faster network of the same quality, without labels.
 *
 * In rounds, each by the same factor nearer to the target: channels are ranked and cut, which is proved; the layers are recovered towards what they gave; and
 * where that does not keep the quality, the network is distilled from the one it was. Images that nothing else sees judge what came of it. A network that is not good
 * enough is put aside; then smaller steps are tried, and the last one that was good enough is the result.
 */

/** Tries between the last network that was good enough and one that was not. */
const smallerSteps = 2

/** So many images are enough to rank channels and to recover layers by, evenly from all; distillation sees all. */
const mostLookedAt = 512

/** How long a network is timed, about, in seconds. */
const timingSeconds = 0.6

/** Cuts of a round, until one takes the time that was aimed at. */
const mostCorrections = 3

/** A time is met where it is exceeded by no more than this: measuring is no more exact. */
const tolerance: Readonly<Record<SlimTarget['of'], number>> = { macs: 0, bytes: 0, milliseconds: 0.03 }

/** What Node adds: another runtime beside the proof. */
export interface SlimHere {
  /** Of `pruneAndProve`. */
  readonly proof?: ProofOptions
}

/**
 * Makes a network smaller and faster, as far as it stays as good as is allowed.
 * @param source a model in any form; in browsers a text is an address, in Node a path
 * @param task what is done is told as it goes on
 * @throws as `openModel`; KerfError `bad-options`, `too-few-images`, `no-images`, `wrong-data` and `wrong-classes` for images that do not fit, `unreachable-target` with the most
 *   that can be reached, `nothing-to-prune`, `too-much-lost` where already the smallest step costs more than is allowed; `aborted`, and what cutting, proving, recovering
 *   and running throw
 */
export const slim = (
  source: ModelSource,
  options: SlimOptions,
  task: Task = {},
  here: SlimHere = {},
): Promise<Slimmed> =>
  stoppable('Slimming', async () => {
    const target = targetOf(options)
    checkNumbers(options)
    criterionOf(options.criterion ?? 'l2')
    return new Slimming(inFloat32(await modelOf(source, { ...options, ...task })), target, options, task, here).run()
  })

/** Bytes of all tensors that a model's file stores. */
const bytesOf = ({ graph }: Model): number =>
  [...graph.initializers.values()].reduce((sum, t) => sum + byteLengthOf(t.elementType, elementCount(t.shape)!), 0)

/** A network that is good enough. */
interface Standing {
  readonly model: Model
  readonly amount: number
}

class Slimming {
  readonly #given: Model
  readonly #target: SlimTarget
  readonly #options: SlimOptions
  readonly #task: Task
  readonly #here: SlimHere
  readonly #memory: SlimMemory
  readonly #images: SlimImages
  readonly #fit: ModelImages
  readonly #rounds: SlimRound[] = []
  readonly #timing: TimingRuntime
  /** A run of the given network. */
  #givenMs: number | undefined
  /** Of the layers that there are in any network so far. */
  #times: TimeTable | undefined

  constructor(given: Model, target: SlimTarget, options: SlimOptions, task: Task, here: SlimHere) {
    this.#given = given
    this.#target = target
    this.#options = options
    this.#task = task
    this.#here = here
    this.#memory = options.memory ?? noMemory
    this.#timing = options.timing ?? kerfTiming(this.#running)
    this.#images = dividedImages(options)
    this.#fit = imagesFor(given, spread(this.#images.fit, mostLookedAt), options.transforms ?? [])
  }

  async run(): Promise<Slimmed> {
    const { maxDrop = 0.01, rounds = 4, onStage } = this.#options
    const judge = await this.#judgeOn(this.#images.judge)
    const given = await this.#pointOf(this.#given, judge.given, 'given')
    const before = amountOf(this.#target, given)
    const limit = this.#target.value ?? before * this.#target.part!
    if (limit >= before)
      throw new KerfError(
        'nothing-to-prune',
        `Nothing needs to be removed: the network takes ${text(this.#target, before)}, which is within the target of ${text(this.#target, limit)}. Ask for less.`,
        { before, limit },
      )
    await this.#measureLayers(this.#given, 'given')
    await this.#checkReachable(limit / before)
    const images = { fit: this.#images.fit.count, judge: judge.count }
    const floor = qualityValue(judge.given) - maxDrop
    onStage?.({ kind: 'given', ...given, images, floor })
    let standing: Standing = { model: this.#given, amount: before }
    let final: SlimRound | undefined
    let ended: string | undefined
    for (let r = 1; r <= rounds && ended === undefined; r++) {
      const aim = before * (limit / before) ** (r / rounds)
      if (standing.amount <= aim * (1 + tolerance[this.#target.of])) continue
      const made = await this.#round(standing, aim, judge, floor)
      if (made.facts.isGoodEnough) {
        standing = { model: made.model, amount: made.facts.amount }
        final = made.facts
      } else {
        const [last, better] = await this.#smallerSteps(standing, made.facts, judge, floor)
        if (better) [standing, final] = [{ model: better.model, amount: better.facts.amount }, better.facts]
        ended = this.#ended(last, judge.given)
      }
    }
    if (!final) throw this.#tooMuchLost(judge.given)
    checkAborted(this.#task.signal, 'Slimming')
    // In turns, so that a busy moment of the machine hits both.
    const [slow = 0, fast = 0] = await this.#timesOf([this.#given, standing.model], 'final')
    return {
      model: standing.model,
      target: { of: this.#target.of, before, limit, reached: standing.amount },
      ...(ended === undefined ? {} : { ended }),
      ...{ given: { ...given, timeMs: slow }, rounds: this.#rounds, final: { ...final, timeMs: fast }, images },
      ...(await this.#tested(standing.model)),
    }
  }

  /** What the network is measured by: the part of the images that nothing else sees. */
  #judgeOn(set: SlimImages['judge']): Promise<QualityJudge> {
    const { transforms = [] } = this.#options
    return QualityJudge.of(this.#given, imagesFor(this.#given, set, transforms), this.#running, this.#task)
  }

  get #isLabelled(): boolean {
    return this.#options.labels !== false && this.#images.fit.classes.length > 0
  }

  get #running() {
    const { backend, threads, operators, onNotice, runtime, labels } = this.#options
    return { backend, threads, operators, onNotice, runtime, labels }
  }

  async #pointOf(model: Model, quality: Quality, name: string): Promise<SlimPoint> {
    const { totals } = profileModel(model, {
      operators: this.#options.operators,
      inputs: inputsForImages(model, this.#fit),
    })
    return { totals, bytes: bytesOf(model), timeMs: await this.#timeOf(model, name), quality }
  }

  /** Kept as soon as it is known: what follows depends on it. Others are timed in turns with the given network, so that a busy moment hits both. */
  async #timeOf(model: Model, name: string): Promise<number> {
    const [own = 0] = this.#givenMs === undefined ? await this.#timesOf([model], name) : []
    this.#givenMs ??= own
    if (model === this.#given) return this.#givenMs
    const [slow = 1, fast = 0] = await this.#timesOf([this.#given, model], name)
    return (this.#givenMs * fast) / slow
  }

  #timesOf(models: readonly Model[], name: string): Promise<readonly number[]> {
    return this.#memory.value(`time-${name}`, () => {
      const runs = models.map((model) => ({ model, feeds: feedsToTime(model, inputsForImages(model, this.#fit)) }))
      return this.#timing.time(runs, timingSeconds, this.#task)
    })
  }

  /** Times of every layer of a network, for a target in milliseconds: only what is not known is measured. */
  async #measureLayers(model: Model, name: string): Promise<void> {
    if (this.#target.of !== 'milliseconds') return
    const { operators } = this.#options
    const given = { timing: this.#timing, table: this.#times, inputs: inputsForImages(model, this.#fit), operators }
    this.#times = await this.#memory.value(`layers-${name}`, () => measureTimes(model, { ...given, ...this.#task }))
  }

  /** That the target can be reached at all is seen before anything takes long. @throws KerfError `unreachable-target` with the most that can be reached */
  async #checkReachable(part: number): Promise<void> {
    await pruneModel(this.#given, {
      ...this.#prune(this.#given, part),
      criterion: 'l2',
      ...this.#task,
      progress: undefined,
    })
  }

  #prune(model: Model, part: number): Omit<PruneOptions, keyof Task> {
    const {
      criterion = 'l2',
      methods = ['filter', 'neuron'],
      keep,
      roundTo,
      seed,
      operators,
      runtime,
      threads,
    } = this.#options
    const { allocate } = this.#options
    const target = { of: this.#target.of, part, times: this.#times, allocate, scope: { roundTo } }
    return {
      ...{ methods, keep, seed, operators, runtime, threads, inputs: inputsForImages(model, this.#fit) },
      ...{
        criterion,
        images: this.#fit,
        loss: this.#isLabelled ? withCrossEntropy : outputLoss,
        target,
      },
    }
  }

  /** Cuts, recovers, distils where that is needed, and judges. */
  async #round(from: Standing, aim: number, judge: QualityJudge, floor: number): Promise<Remembered<SlimRound>> {
    const { onStage, rounds = 4 } = this.#options
    const round = this.#rounds.length + 1
    const made = await this.#memory.network(`round-${round}`, () => this.#make(from, aim, round, judge, floor))
    this.#rounds.push(made.facts)
    onStage?.({ kind: 'round', round, of: rounds, ...made.facts })
    return made
  }

  async #make(
    from: Standing,
    aim: number,
    round: number,
    judge: QualityJudge,
    floor: number,
  ): Promise<Remembered<SlimRound>> {
    const { onStage } = this.#options
    const task = this.#told(round)
    const { result } = await this.#cut(from, aim, round, task)
    const cut = await judge.judge(result.model, task)
    onStage?.({ kind: 'cut', round, quality: cut })
    const recovery = await recover(result, { ...this.#running, images: this.#fit, ...task })
    let { model } = recovery
    const recovered = await judge.judge(model, task)
    onStage?.({ kind: 'recovered', round, quality: recovered })
    let quality = recovered
    let learnt: Quality | undefined
    if (qualityValue(recovered) < floor) {
      const student = await this.#distilled(model, judge, task)
      learnt = student && (await judge.judge(student, task))
      if (learnt) onStage?.({ kind: 'distilled', round, quality: learnt })
      if (student && learnt && qualityValue(learnt) > qualityValue(recovered)) [model, quality] = [student, learnt]
    }
    const before = new Map(this.#rounds[0]?.widths.map((w) => [w.name, w.before]))
    const point = await this.#pointOf(model, quality, `round-${round}`)
    const facts: SlimRound = {
      ...{ aim, amount: amountOf(this.#target, point), ...point },
      steps: { cut, recovered, ...(learnt ? { distilled: learnt } : {}) },
      recovery: recovery.steps.map(({ name, kept, outputError }) => ({ name, kept, outputError })),
      widths: result.groups.map(({ name, layers, channels, kept }) => ({
        ...{ name, layers, before: before.get(name) ?? channels, after: kept },
      })),
      refused: result.refused,
      isGoodEnough: qualityValue(quality) >= floor - 1e-9,
    }
    return { model, facts }
  }

  /** As near to the aim as measuring tells: a time that was predicted is corrected by what the cut network takes. */
  async #cut(from: Standing, aim: number, round: number, task: Task): Promise<Pruned> {
    await this.#measureLayers(from.model, `round-${round}`)
    let part = aim / from.amount
    let best: { readonly pruned: Pruned; readonly off: number } | undefined
    for (let tried = 1; tried <= mostCorrections; tried++) {
      const prune = this.#prune(from.model, part)
      const pruned = await pruneAndProve(from.model, { prune, proof: this.#here.proof, ...task })
      if (this.#target.of !== 'milliseconds') return pruned
      const ratio = (await this.#timeOf(pruned.result.model, `round-${round}-cut-${tried}`)) / aim
      const off = Math.abs(ratio - 1)
      if (!best || off < best.off) best = { pruned, off }
      const next = part / ratio
      if (best.off <= tolerance.milliseconds || !(next < 1)) break
      part = next
    }
    return best!.pruned
  }

  /** Progress of a round. */
  #told(round: number): Task {
    const { signal, progress } = this.#task
    return { signal, progress: progress && ((p) => progress({ ...p, what: `round ${round}: ${p.what}` })) }
  }

  /** Undefined where that is not wanted, or the network cannot learn. */
  async #distilled(model: Model, judge: QualityJudge, task: Task): Promise<Model | undefined> {
    const { epochs = 10, learningRate, seed = 0, transforms = [], onNotice } = this.#options
    const { classes } = judge
    if (epochs === 0) return undefined
    try {
      const images = this.#images.fit
      const common = { ...this.#running, teacher: this.#given, images, transforms, epochs, learningRate, seed }
      return await (classes === undefined
        ? distilledOutputs(model, common, task)
        : distilled(model, { ...common, classes, labelled: this.#isLabelled }, task))
    } catch (error) {
      if (isAborted(error) || !cannotLearn(error)) throw error
      onNotice?.(`the network is not distilled: ${(error as Error).message}`)
      return undefined
    }
  }

  /** Between the last that was good enough and one that was not. @returns the last that was tried and was not, and the best that was */
  async #smallerSteps(
    from: Standing,
    failed: SlimRound,
    judge: QualityJudge,
    floor: number,
  ): Promise<[SlimRound, Remembered<SlimRound> | undefined]> {
    let [standing, worst, best] = [from, failed, undefined as Remembered<SlimRound> | undefined]
    for (let i = 0; i < smallerSteps; i++) {
      const aim = Math.sqrt(standing.amount * worst.amount)
      const made = await this.#round(standing, aim, judge, floor)
      if (made.facts.isGoodEnough) {
        best = made
        standing = { model: made.model, amount: made.facts.amount }
      } else worst = made.facts
    }
    return [worst, best]
  }

  #ended(last: SlimRound, given: Quality): string {
    return `The target was not reached: at ${text(this.#target, last.amount)} ${this.#fall(last, given)}.`
  }

  #fall({ quality }: SlimRound, given: Quality): string {
    const { maxDrop = 0.01 } = this.#options
    return `${qualityName(given)} falls from ${percent(qualityValue(given))} to ${percent(qualityValue(quality))}, and ${points(maxDrop)} may be lost`
  }

  #tooMuchLost(given: Quality): KerfError {
    const last = this.#rounds.at(-1)!
    return new KerfError(
      'too-much-lost',
      `Nothing can be removed at this quality: already at ${text(this.#target, last.amount)} ${this.#fall(last, given)}. Allow more (--max-drop), or give more images.`,
      { quality: qualityValue(last.quality), given: qualityValue(given) },
    )
  }

  async #tested(model: Model): Promise<Pick<Slimmed, 'test'>> {
    const { test } = this.#options
    if (!test) return {}
    const judge = await this.#judgeOn(test)
    return { test: { given: judge.given, final: await judge.judge(model, this.#task) } }
  }
}

const amountOf = ({ of }: SlimTarget, { totals, bytes, timeMs }: SlimPoint): number =>
  of === 'macs' ? totals.macs : of === 'bytes' ? bytes : timeMs

const percent = (part: number): string => `${(100 * part).toFixed(1)} %`
const points = (part: number): string => `${Number((100 * part).toPrecision(3))} ${part === 0.01 ? 'point' : 'points'}`

const text = ({ of }: SlimTarget, amount: number): string =>
  of === 'milliseconds'
    ? `${Number(amount.toPrecision(3))} ms`
    : `${Math.round(amount).toLocaleString('en')} ${of === 'macs' ? 'MACs' : 'bytes'}`
