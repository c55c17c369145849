import { aborted, KerfError, type Task } from '../../base/index.ts'
import { createLoader, type ImageSet, type Transform } from '../../data/index.ts'
import type { Model } from '../../graph/index.ts'
import type { RunningOptions } from '../../runtime/index.ts'
import { createSchedule, createTrainer, parameterGroups, train } from '../../train/index.ts'

/** How a network learns from the one it was. */
export interface DistilOptions extends RunningOptions {
  /** The network as it was given. */
  readonly teacher: Model
  readonly images: ImageSet
  readonly transforms: readonly Transform[]
  /** That both tell apart. */
  readonly classes: number
  /** Whether the images' labels are the classes. */
  readonly labelled: boolean
  readonly epochs: number
  readonly learningRate: number
  readonly seed: number
}

/** So much of the loss is the teacher's, where there are labels. */
const teachersPart = 0.7
const temperature = 2

/**
 * The network trained towards the logits of its teacher, and towards labels where there are any.
 * @throws KerfError `aborted`, and what training throws
 */
export async function distilled(model: Model, options: DistilOptions, task: Task): Promise<Model> {
  const { teacher, classes, labelled, epochs, seed, transforms, learningRate, signal: _, ...running } = options
  // Labels that are not there count for nothing.
  const images = labelled ? options.images : { ...options.images, classes: new Array<string>(classes).fill('') }
  const batchSize = Math.min(32, images.count)
  const training = createLoader(images, { batchSize, transforms, seed, training: true })
  const trainer = await createTrainer(model, {
    ...running,
    ...{ batchSize, shape: training.shape, classes, teacher, seed },
    loss: { kind: 'crossEntropy', distillation: { temperature, weight: labelled ? teachersPart : 1 } },
    optimiser: { kind: 'sgd', momentum: 0.9, nesterov: true, groups: parameterGroups({ weightDecay: 5e-4 }) },
    signal: task.signal,
    onNotice: () => {},
  })
  try {
    const { stopped } = await train(trainer, {
      ...{ training, epochs, schedule: createSchedule({ kind: 'cosine' }, learningRate) },
      ...{ signal: task.signal, progress: task.progress && ((p) => task.progress?.({ ...p, what: 'distilling' })) },
    })
    if (stopped) throw aborted('Distillation', task.signal?.reason)
    return trainer.model()
  } finally {
    await trainer.dispose()
  }
}

/** What keeps a network from learning, though it can be cut: an operator without a gradient, an output that is squashed, weights that explode. */
export const cannotLearn = (error: unknown): boolean =>
  error instanceof KerfError &&
  ['unsupported', 'not-differentiable', 'wrong-model', 'nothing-to-train', 'not-finite'].includes(error.code)
