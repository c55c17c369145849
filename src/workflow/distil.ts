import { aborted, KerfError, type Task } from '../base/index.ts'
import { createLoader, type ImageSet, type Loader, type Transform } from '../data/index.ts'
import type { Model } from '../graph/index.ts'
import type { RunningOptions } from '../runtime/index.ts'
import {
  checkpointChunks,
  createSchedule,
  createTrainer,
  parameterGroups,
  readCheckpoint,
  type Trainer,
  type TrainingEvent,
  type TrainingPosition,
  type TrainOptions,
  train,
  trainingStart,
} from '../train/index.ts'
import { comparedOutputs, OutputTeacher, withoutComparison } from './distil-outputs.ts'

/*
 * A network learns from the one it was, the teacher, of which it is to give the outputs again:
 *
 *   divergence   T²·KL(teacher ‖ student) of the scores of classes, and labels where there are any          (Hinton et al. 2015)
 *   squared      mean of (y − teacher)² ÷ variance of the teacher's output over the images, of outputs of any meaning
 */

/** How a network learns from the one it was. */
export interface DistilOptions extends RunningOptions {
  /** The network as it was given. */
  readonly teacher: Model
  readonly images: ImageSet
  /** What happens to the images; what only training has (crop, flip …), too. */
  readonly transforms: readonly Transform[]
  readonly epochs: number
  /** The highest. Default 0.01, of `squared` 0.001. */
  readonly learningRate?: number
  readonly seed: number
  readonly memory?: TrainingMemory
  readonly onEvent?: (event: TrainingEvent) => void
}

/** What training keeps of where it stands, so that one that was stopped goes on to the same bits. */
export interface TrainingMemory {
  /** What was saved last; undefined where nothing was. */
  load(): Promise<Uint8Array | undefined>
  /**
   * Keeps a state in the place of what was saved before.
   * @param state in pieces: live arrays, to be written before this resolves
   */
  save(state: readonly Uint8Array[]): Promise<void>
  /** Milliseconds between two savings, at least; more where saving takes more than a tenth of that. Default 5000. */
  readonly everyMs?: number
}

/** What both tell apart, for `divergence`. */
export interface ScoresToLearn {
  /** How many classes. */
  readonly classes: number
  /** Whether the images' labels are the classes. */
  readonly labelled: boolean
  /** Default 2. */
  readonly temperature?: number
}

/** So much of the loss is the teacher's, where there are labels. */
const teachersPart = 0.7

const mostOfBatch = 32

/**
 * The network trained towards the scores of its teacher, and towards labels where there are any.
 * @throws KerfError `aborted`, and what training throws
 */
export async function distilled(model: Model, options: DistilOptions & ScoresToLearn, task: Task): Promise<Model> {
  const { teacher, classes, labelled, temperature = 2, seed, transforms, learningRate = 0.01 } = options
  // Labels that are not there count for nothing.
  const images = labelled ? options.images : { ...options.images, classes: new Array<string>(classes).fill('') }
  const batchSize = Math.min(mostOfBatch, images.count)
  const training = createLoader(images, { batchSize, transforms, seed, training: true })
  const trainer = await createTrainer(model, {
    ...running(options),
    ...{ batchSize, shape: training.shape, classes, teacher, seed },
    loss: { kind: 'crossEntropy', distillation: { temperature, weight: labelled ? teachersPart : 1 } },
    optimiser: { kind: 'sgd', momentum: 0.9, nesterov: true, groups: parameterGroups({ weightDecay: 5e-4 }) },
    signal: task.signal,
  })
  return taught(trainer, training, learningRate, options, task)
}

/**
 * The network trained towards the outputs of its teacher, whatever they mean: each element's squared error in parts of its variance.
 * @throws KerfError `aborted`, `wrong-model` where no output is a float for every image, and what training throws
 */
export async function distilledOutputs(model: Model, options: DistilOptions, task: Task): Promise<Model> {
  const { seed, transforms, learningRate = 0.001 } = options
  const images = { ...options.images, classes: [] }
  const teacher = await OutputTeacher.of(options.teacher, images, transforms, mostOfBatch, running(options), task)
  try {
    const { batchSize, outputs } = teacher
    const loader = createLoader(images, { batchSize, transforms, seed, training: true })
    const compared = comparedOutputs(model, outputs)
    const trainer = await createTrainer(compared.model, {
      ...running(options),
      ...{ batchSize, shape: loader.shape, classes: compared.size, seed, rate: compared.rate },
      loss: { kind: 'meanSquaredError' },
      // What is learnt is what will run: batches of some images have other statistics.
      statistics: 'kept',
      optimiser: { kind: 'adamw', groups: parameterGroups({ weightDecay: 0 }) },
      signal: task.signal,
    })
    return withoutComparison(await taught(trainer, teacher.teaching(loader), learningRate, options, task), model)
  } finally {
    await teacher.dispose()
  }
}

const running = ({ backend, threads, operators, runtime }: RunningOptions): RunningOptions => ({
  ...{ backend, threads, operators, runtime },
  onNotice: () => {},
})

async function taught(
  trainer: Trainer,
  training: Loader,
  learningRate: number,
  { epochs, memory, onEvent }: Pick<DistilOptions, 'epochs' | 'memory' | 'onEvent'>,
  { signal, progress }: Task,
): Promise<Model> {
  try {
    const { stopped } = await train(trainer, {
      ...{ training, epochs, schedule: createSchedule({ kind: 'cosine' }, learningRate), signal, onEvent },
      ...(memory && (await remembered(trainer, memory, signal))),
      progress: progress && ((p) => progress({ ...p, what: 'distilling' })),
    })
    if (stopped) throw aborted('Distillation', signal?.reason)
    return trainer.model()
  } finally {
    await trainer.dispose()
  }
}

/** Goes on where the memory says, and saves where training stands, now and then and when it is stopped. */
async function remembered(
  trainer: Trainer,
  memory: TrainingMemory,
  signal: AbortSignal | undefined,
): Promise<Pick<TrainOptions, 'from' | 'checkpointEverySteps' | 'onCheckpoint'>> {
  const { everyMs = 5000 } = memory
  const kept = await memory.load()
  const { state, sections } = kept ? readCheckpoint(kept) : { state: { position: trainingStart }, sections: undefined }
  const from = state.position as TrainingPosition
  if (sections) trainer.importState(sections, from.step)
  let next = performance.now() + everyMs
  return {
    from,
    checkpointEverySteps: 1,
    async onCheckpoint(position) {
      const begun = performance.now()
      if (!signal?.aborted && begun < next) return
      const chunks = checkpointChunks({ state: { step: position.step, position }, sections: trainer.exportState() })
      await memory.save(chunks)
      const ended = performance.now()
      next = ended + Math.max(everyMs, 10 * (ended - begun))
    },
  }
}

/** What keeps a network from learning, though it can be cut: an operator without a gradient, an output that is squashed, weights that explode. */
export const cannotLearn = (error: unknown): boolean =>
  error instanceof KerfError &&
  ['unsupported', 'not-differentiable', 'wrong-model', 'nothing-to-train', 'not-finite', 'fixed-batch'].includes(
    error.code,
  )
