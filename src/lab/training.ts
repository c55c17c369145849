import { createLoader, subset } from '../data/index.ts'
import type { Model } from '../graph/index.ts'
import { createTrainer, Evaluator, evaluate, parameterGroups } from '../train/index.ts'
import { drawIndices } from './digits.ts'
import type { Digits, LabContext } from './experiment.ts'

/** A short training; cosine from the learning rate to 0, momentum 0.9. */
export interface TrainingPlan {
  readonly trainImages: number
  readonly testImages: number
  /** Training images beyond those, on which networks are compared; where given, test images are not looked at. */
  readonly validationImages?: number
  readonly epochs: number
  readonly batchSize: number
  readonly learningRate: number
  /** η of adder layers; false: their gradients are taken as they are. */
  readonly adaptiveRate?: number | false
  /** Fixed rates of adder weights by name, as multiples of the learning rate, where that is false. */
  readonly adderRate?: (name: string) => number
  /** Which surrogate gradients: `differentiate`'s choices. */
  readonly choices?: Readonly<Record<string, string>>
}

export interface TrainingResult {
  /** Mean loss of every epoch. */
  readonly losses: readonly number[]
  /** Behind every epoch, 0 to 1: on the validation images where the plan has some, else on the test images. */
  readonly accuracies: readonly number[]
  /** A loss or gradient was not finite, and training ended. */
  readonly diverged: boolean
  readonly model: Model
}

/** Accuracy of a network on the test images of a plan, 0 to 1. */
export async function testAccuracy(
  model: Model,
  { sets }: Digits,
  { testImages, batchSize }: Pick<TrainingPlan, 'testImages' | 'batchSize'>,
  context: LabContext,
): Promise<number> {
  const test = subset(sets.test, drawIndices(sets.test, testImages, context.seed))
  return (await evaluate(model, createLoader(test, { batchSize, training: false }), runningIn(context))).accuracy
}

const runningIn = ({ runtime, threads = 1, signal }: LabContext) => ({
  signal,
  runtime,
  threads,
  onNotice: () => {},
})

/**
 * Trains and measures a network. Divergence is a result here, not an error.
 * @param onStep called with the part that is done
 */
export async function trainBriefly(
  model: Model,
  { sets, transforms }: Digits,
  plan: TrainingPlan,
  context: LabContext,
  onStep: (done: number) => Promise<void>,
): Promise<TrainingResult> {
  const { batchSize, epochs, learningRate, choices, adaptiveRate, adderRate } = plan
  const { seed } = context
  const { validationImages = 0 } = plan
  const drawn = drawIndices(sets.train, plan.trainImages + validationImages, seed)
  const train = subset(sets.train, drawn.subarray(0, plan.trainImages))
  const measured =
    validationImages > 0
      ? subset(sets.train, drawn.subarray(plan.trainImages))
      : subset(sets.test, drawIndices(sets.test, plan.testImages, seed))
  const loader = createLoader(train, { batchSize, seed, training: true, transforms })
  const running = runningIn(context)
  const trainer = await createTrainer(model, {
    batchSize,
    shape: loader.shape,
    classes: loader.classes,
    optimiser: { kind: 'sgd', momentum: 0.9, groups: parameterGroups({ adaptiveRate, adderRate }) },
    choices,
    seed,
    ...running,
  })
  const evaluator = new Evaluator(createLoader(measured, { batchSize, training: false, transforms }), running)
  const losses: number[] = []
  const accuracies: number[] = []
  const steps = epochs * loader.batches
  let diverged = false
  try {
    for (let epoch = 0; epoch < epochs && !diverged; epoch++) {
      let sum = 0
      for await (const batch of loader.epoch(epoch)) {
        const rate = (learningRate * (1 + Math.cos((Math.PI * trainer.steps) / steps))) / 2
        try {
          sum += (await trainer.step(batch, rate)).loss
        } catch (error) {
          if ((error as { code?: string }).code !== 'not-finite') throw error
          diverged = true
          break
        }
        if (trainer.steps % 8 === 0) await onStep(trainer.steps / steps)
      }
      losses.push(diverged ? Number.NaN : sum / loader.batches)
      accuracies.push((await evaluator.evaluate(trainer.model(), running)).accuracy)
    }
    return { losses, accuracies, diverged, model: trainer.model() }
  } finally {
    await Promise.all([trainer.dispose(), evaluator.dispose()])
  }
}
