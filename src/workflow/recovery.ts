import { KerfError, stoppable, type Task } from '../base/index.ts'
import { profileModel } from '../cost/index.ts'
import { createLoader, type ImageSet, subset, type Transform } from '../data/index.ts'
import { graphInputs, type Model } from '../graph/index.ts'
import {
  autoSteps,
  type PruneResult,
  type Recovered,
  type RecoveryMemory,
  type RecoveryMethod,
  type RecoveryStep,
  type RecoveryWork,
  recover,
  recoverySteps,
} from '../prune/index.ts'
import type { RunningOptions } from '../runtime/index.ts'
import { scoresOf, type TrainingEvent } from '../train/index.ts'
import { cannotLearn, type DistilOptions, distilled, distilledOutputs, type TrainingMemory } from './distil.ts'
import { forBatch, imagesFor } from './images.ts'

/*
 * Recovery with all that there is: what is solved for (prune/), then distillation, a step that trains (train/). Distillation is a step as the others are: a quarter of
 * the images, which it does not see, judges it.
 */

/** Steps of recovery, and the one that trains: `distillation`, towards the outputs of the network before the cut. */
export type CutRecoveryStep = RecoveryStep | 'distillation'

/** Every step, in the order in which they are of use. */
export const cutRecoverySteps: readonly CutRecoveryStep[] = [...recoverySteps, 'distillation']

/** How the cut network learns from the one it was. */
export interface DistillationSettings {
  /** How often the images are seen. Default 10. */
  readonly epochs?: number
  /** The highest. Default 0.001, of `divergence` 0.01. */
  readonly learningRate?: number
  /**
   * `squared`: the squared error of each element of the outputs in parts of its variance over the images, for outputs of any meaning. `divergence`: Kullback and Leibler's, of scores
   * of classes, at temperature 2. Default: `divergence` where the only output is a Softmax, else `squared`.
   */
  readonly loss?: 'squared' | 'divergence'
  /** True: where the outputs are scores of the images' classes, their labels count for a part of the loss. Default false: labels are not looked at. */
  readonly labels?: boolean
  /** Told of every update and epoch. */
  readonly onEvent?: (event: TrainingEvent) => void
}

/** What is kept of a recovery: the steps that are done, and where distillation stands. */
export interface CutRecoveryMemory extends RecoveryMemory {
  /** Of distillation. */
  readonly training: TrainingMemory
}

/** With what a cut network is recovered. */
export interface RecoverCutOptions extends RunningOptions {
  /** Labels are looked at where distillation is told to. Every fourth is held out to judge by. At least 8; some hundreds are good. */
  readonly images: ImageSet
  /** What happens to images on their way to the network; what only training has (crop, flip …) is for distillation. Default none. */
  readonly transforms?: readonly Transform[]
  /** Default `auto`: what is of use and can be afforded. */
  readonly steps?: 'auto' | readonly CutRecoveryStep[]
  /** Of the step `distillation`. */
  readonly distillation?: DistillationSettings
  /** Draws the order of the images that are learnt from. Default 0. */
  readonly seed?: number
  /** What is kept for going on: the same recovery, asked for again, ends in the same bits. Default: nothing. */
  readonly memory?: CutRecoveryMemory
}

/** Fewer say too little to train by, without being asked to. */
const leastImages = 64
/** Outputs that are no further off need no training. */
const leastError = 0.02
/** MACs that training may take without being asked to: some minutes on two threads. */
const mostMacs = 1e12

const distillation = 'distillation'

/**
 * Brings a cut network nearer to what it was: `recover`, and distillation behind it, without labels. The given result is not changed.
 * Without being asked for (`auto`) distillation is left out, and says so, with fewer than 64 images, where outputs are off by less than 2 %, and where it would take more than
 * 10¹² MACs: of each image that is learnt from and epoch those of the network before the cut once and of the cut one three times.
 * @param result of `pruneModel`, with channels or inputs cut
 * @throws KerfError as `recover` and `imagesFor`; `aborted`
 */
export const recoverCut = (result: PruneResult, options: RecoverCutOptions, task: Task = {}): Promise<Recovered> =>
  stoppable('Recovery', async () => {
    const { images: set, transforms = [], steps = 'auto', distillation: _, seed: __, ...running } = options
    const wanted: readonly CutRecoveryStep[] = steps === 'auto' ? [...autoSteps, distillation] : steps
    const images = imagesFor(result.analysis.model, set, transforms)
    const method: RecoveryMethod = {
      name: distillation,
      improve: (work) => distil(work, options, images.shape),
    }
    return recover(result, {
      ...{ ...running, ...task, images },
      steps: wanted.map((step) => (step === distillation ? method : step)),
    })
  })

/** @param image shape of one as the network takes it */
async function distil(
  work: RecoveryWork,
  options: RecoverCutOptions,
  image: readonly number[],
): Promise<Model | string> {
  const { images, transforms = [], distillation: settings = {}, seed = 0, steps = 'auto', memory, ...running } = options
  const { epochs = 10, learningRate, loss, labels = false, onEvent } = settings
  const why = steps === 'auto' ? whyNot(work, images.count, epochs, image) : undefined
  if (why !== undefined) return `${why} --recover-steps names it where it is wanted all the same.`
  const { model, given, fitted, ...task } = work
  const learnt = subset(images, fitted)
  const asked: DistilOptions = {
    ...{ ...running, teacher: given, images: learnt, transforms, epochs, learningRate, seed },
    ...{ memory: memory?.training, onEvent },
  }
  try {
    const { shape } = createLoader(learnt, { batchSize: 1, transforms, training: false })
    const scores = loss === 'squared' ? undefined : scoresOf(given, [1, ...shape], running.operators)
    const labelled = labels && scores !== undefined && learnt.classes.length === scores.classes
    const isScores = scores !== undefined && (loss === 'divergence' || labelled || scores.kind !== 'logits')
    if (loss === 'divergence' && !scores)
      throw new KerfError(
        'wrong-model',
        'The divergence is of the scores of classes, and the outputs are something else: take the loss squared.',
      )
    return await (isScores
      ? distilled(model, { ...asked, classes: scores.classes, labelled }, task)
      : distilledOutputs(model, asked, task))
  } catch (error) {
    if (!cannotLearn(error)) throw error
    return (error as Error).message
  }
}

/** In a sentence why nobody would want it who has not asked for it. */
function whyNot(
  { model, given, outputError, fitted }: RecoveryWork,
  images: number,
  epochs: number,
  image: readonly number[],
): string | undefined {
  if (images < leastImages) return `${images} images are few to train by: at least ${leastImages} are.`
  if (outputError < leastError) return `The outputs are off by less than ${100 * leastError} %.`
  const macsOf = (network: Model) => {
    const [input] = graphInputs(network.graph)
    return profileModel(forBatch(network, 1), { inputs: new Map([[input!.name, [1, ...image]]]) }).totals.macs
  }
  const macs = fitted.length * epochs * (macsOf(given) + 3 * macsOf(model))
  return macs > mostMacs
    ? `It would take ${short(macs)} MACs, and at most ${short(mostMacs)} are taken unasked.`
    : undefined
}

const short = (macs: number): string => `${Math.round(macs / 1e11) / 10} · 10¹²`
