import { isAborted, type Task, turns } from '../base/index.ts'
import type { Batch, Loader } from '../data/index.ts'
import type { Model } from '../graph/index.ts'
import { type EvaluateOptions, type Evaluation, Evaluator } from './evaluate.ts'
import type { Metrics } from './run-folder/metrics.ts'
import type { Schedule } from './schedules/schedule.ts'
import type { StepResult, Trainer } from './trainer.ts'

/** Where training stands; plain numbers, for a checkpoint. */
export interface TrainingPosition {
  /** Updates done. */
  readonly step: number
  /** The epoch under way, from 0. */
  readonly epoch: number
  /** Batches of it that are done; all of them: its evaluation comes next. */
  readonly batch: number
  /** Sums over them. */
  readonly sums: {
    /** Of the images' losses. */
    readonly loss: number
    /** Of images that were told right. */
    readonly correct: number
    /** Images seen. */
    readonly images: number
    /** Of the steps' gradient norms. */
    readonly gradientNorm: number
  }
  /** Of the network that told the validation images best; of two that are as accurate, the one with the lower loss. None before `Trainer.mayBeChosen`. */
  readonly best?: BestNetwork
}

/** The network that the validation images chose. */
export interface BestNetwork extends Pick<Evaluation, 'accuracy' | 'loss'> {
  /** Updates done. */
  readonly step: number
  /** Epochs done. */
  readonly epoch: number
}

/** Where training begins. */
export const trainingStart: TrainingPosition = {
  step: 0,
  epoch: 0,
  batch: 0,
  sums: { loss: 0, correct: 0, images: 0, gradientNorm: 0 },
}

/** What training tells of its steps and epochs. */
export type TrainingEvent =
  | {
      readonly kind: 'step'
      /** Updates done. */
      readonly step: number
      /** Of all epochs. */
      readonly steps: number
      /** Epochs done, with the fraction of the one under way. */
      readonly epoch: number
      /** How many there are to be. */
      readonly epochs: number
      /** Of this step. */
      readonly loss: number
      /** Of this epoch so far. */
      readonly meanLoss: number
      /** Of this epoch so far, before each update, 0..1. */
      readonly accuracy: number
      /** Of this step. */
      readonly learningRate: number
      /** Of this epoch so far. */
      readonly imagesPerSecond: number
    }
  | {
      readonly kind: 'epoch'
      /** What was measured of it. */
      readonly metrics: Metrics
      /** Whether the validation images were never told better. */
      readonly isBest: boolean
    }

/** What is trained on, and how long. */
export interface TrainOptions
  extends Task,
    Pick<EvaluateOptions, 'backend' | 'threads' | 'runtime' | 'loss' | 'maxMemory'> {
  /** Images to learn from. */
  readonly training: Loader
  /** What the best network is chosen by: no test images, whose accuracy would say too much then. Without one nothing is evaluated. */
  readonly validation?: Loader
  /** How often all images are seen, at most. */
  readonly epochs: number
  /** Ends when this many epochs have brought no better network. By default never. */
  readonly patience?: number
  /** Learning rate of every step. */
  readonly schedule: Schedule
  /** 1 by default; the last epoch always. */
  readonly evaluateEveryEpochs?: number
  /** Updates between checkpoints; those of an epoch by default. */
  readonly checkpointEverySteps?: number
  /** `trainingStart` by default. The trainer has the state that belongs to it. */
  readonly from?: TrainingPosition
  /** Stops after the step that is under way, and throws nothing: the state is saved by `onCheckpoint`. */
  readonly signal?: AbortSignal
  /** Told of every step and epoch. */
  readonly onEvent?: (event: TrainingEvent) => void
  /** After an epoch's evaluation, before its checkpoint. `model` makes the network as it is now. */
  readonly onEpoch?: (metrics: Metrics, isBest: boolean, model: () => Model) => void | Promise<void>
  /** When state is to be saved: every so often, and when training stops or ends. */
  readonly onCheckpoint?: (position: TrainingPosition) => void | Promise<void>
}

/** What became of training. */
export interface TrainResult {
  /** Where it stands: what `from` takes to go on. */
  readonly position: TrainingPosition
  /** Of the epochs of this call. */
  readonly metrics: readonly Metrics[]
  /** Stopped by the signal. */
  readonly stopped: boolean
}

/** Whether training has come to its end there: all epochs are done, or patience is. */
export const isOver = (
  { epoch, batch, best }: TrainingPosition,
  {
    epochs,
    patience = Number.POSITIVE_INFINITY,
    evaluateEveryEpochs = 1,
  }: Pick<TrainOptions, 'epochs' | 'patience' | 'evaluateEveryEpochs'>,
): boolean =>
  epoch >= epochs ||
  (batch === 0 && epoch % evaluateEveryEpochs === 0 && best !== undefined && epoch - best.epoch >= patience)

/**
 * Trains for epochs: steps, evaluation, checkpoints. Where it stands is a `TrainingPosition`; from there and the trainer's state the rest is
 * the same bits, whether it was stopped in between or not.
 * @throws what the trainer, the loader and the callbacks throw
 */
export async function train(trainer: Trainer, options: TrainOptions): Promise<TrainResult> {
  return new Training(trainer, options).run()
}

class Training {
  readonly #trainer: Trainer
  readonly #o: TrainOptions
  readonly #metrics: Metrics[] = []
  /** An abort ends training between two steps, not here. */
  readonly #turn = turns(undefined, 'Training')
  readonly #evaluator: Evaluator | undefined
  #at: TrainingPosition
  /** Of this epoch, in this call. */
  #timed = { images: 0, start: 0 }

  constructor(trainer: Trainer, options: TrainOptions) {
    this.#trainer = trainer
    this.#o = options
    this.#at = options.from ?? trainingStart
    const { validation, backend, threads, runtime, loss, maxMemory } = options
    // What there is to say of it, the trainer has said.
    this.#evaluator =
      validation && new Evaluator(validation, { backend, threads, runtime, loss, maxMemory, onNotice: () => {} })
  }

  async run(): Promise<TrainResult> {
    try {
      while (!isOver(this.#at, this.#o)) if (!(await this.#epoch())) return this.#result(true)
      return this.#result(false)
    } finally {
      await this.#evaluator?.dispose()
    }
  }

  #result(stopped: boolean): TrainResult {
    return { position: this.#at, metrics: this.#metrics, stopped }
  }

  /** @returns false when stopped */
  async #epoch(): Promise<boolean> {
    const { training, signal } = this.#o
    this.#timed = { images: 0, start: performance.now() }
    if (this.#at.batch < training.batches)
      for await (const batch of training.epoch(this.#at.epoch, this.#at.batch)) {
        if (signal?.aborted) return this.#stop()
        const learningRate = this.#learningRate(this.#at.step)
        this.#count(batch, await this.#trainer.step(batch, learningRate), learningRate)
        if (this.#at.batch < training.batches && this.#isDue()) await this.#o.onCheckpoint?.(this.#at)
        await this.#turn()
      }
    const imagesPerSecond = this.#speed()
    const evaluated = await this.#evaluate()
    if (evaluated === 'stopped') return this.#stop()
    await this.#endEpoch(evaluated, imagesPerSecond)
    return true
  }

  async #stop(): Promise<false> {
    await this.#o.onCheckpoint?.(this.#at)
    return false
  }

  #learningRate(step: number): number {
    return this.#o.schedule(step, this.#steps, this.#o.training.batches)
  }

  get #steps(): number {
    return this.#o.epochs * this.#o.training.batches
  }

  #isDue(): boolean {
    return this.#at.step % (this.#o.checkpointEverySteps ?? this.#o.training.batches) === 0
  }

  #count({ count }: Batch, { loss, correct, gradientNorm }: StepResult, learningRate: number): void {
    const { sums, step, epoch, batch } = this.#at
    const now = {
      loss: sums.loss + loss * count,
      correct: sums.correct + correct,
      images: sums.images + count,
      gradientNorm: sums.gradientNorm + gradientNorm * count,
    }
    this.#at = { ...this.#at, step: step + 1, batch: batch + 1, sums: now }
    this.#timed.images += count
    this.#o.onEvent?.({
      kind: 'step',
      step: step + 1,
      steps: this.#steps,
      epoch: epoch + (batch + 1) / this.#o.training.batches,
      epochs: this.#o.epochs,
      loss,
      meanLoss: now.loss / now.images,
      accuracy: now.correct / now.images,
      learningRate,
      imagesPerSecond: this.#speed(),
    })
    const from = this.#o.from?.step ?? 0
    this.#o.progress?.({ what: 'training', done: step + 1, total: this.#steps, unit: 'steps', from })
  }

  #speed(): number {
    return this.#timed.images / Math.max(1e-9, (performance.now() - this.#timed.start) / 1000)
  }

  async #evaluate(): Promise<Evaluation | undefined | 'stopped'> {
    const { evaluateEveryEpochs = 1, epochs, progress, signal } = this.#o
    const done = this.#at.epoch + 1
    if (!this.#evaluator || (done % evaluateEveryEpochs !== 0 && done !== epochs)) return undefined
    if (signal?.aborted) return 'stopped'
    try {
      return await this.#evaluator.evaluate(this.#trainer.model(), {
        signal,
        progress: (p) => progress?.({ ...p, what: 'validation' }),
      })
    } catch (error) {
      if (isAborted(error)) return 'stopped'
      throw error
    }
  }

  async #endEpoch(evaluated: Evaluation | undefined, imagesPerSecond: number): Promise<void> {
    const { sums, step, epoch, best } = this.#at
    const metrics: Metrics = {
      step,
      epoch: epoch + 1,
      'train/loss': sums.loss / sums.images,
      'train/accuracy': sums.correct / sums.images,
      ...(evaluated ? { 'validation/loss': evaluated.loss, 'validation/accuracy': evaluated.accuracy } : {}),
      gradientNorm: sums.gradientNorm / sums.images,
      ...this.#trainer.metrics(),
      learningRate: this.#learningRate(step - 1),
      imagesPerSecond,
    }
    const isBest = evaluated !== undefined && this.#trainer.mayBeChosen && isBetter(evaluated, best)
    this.#at = {
      step,
      epoch: epoch + 1,
      batch: 0,
      sums: trainingStart.sums,
      best: isBest ? { accuracy: evaluated.accuracy, loss: evaluated.loss, step, epoch: epoch + 1 } : best,
    }
    this.#metrics.push(metrics)
    await this.#o.onEpoch?.(metrics, isBest, () => this.#trainer.model())
    this.#o.onEvent?.({ kind: 'epoch', metrics, isBest })
    if (this.#isDue() || isOver(this.#at, this.#o)) await this.#o.onCheckpoint?.(this.#at)
  }
}

const isBetter = ({ accuracy, loss }: Evaluation, best: BestNetwork | undefined): boolean =>
  !best || accuracy > best.accuracy || (accuracy === best.accuracy && loss < best.loss)
