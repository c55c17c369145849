import { createLoader, subset } from '../data/index.ts'
import type { Model } from '../graph/index.ts'
import { createResident, createSession } from '../runtime/index.ts'
import { createTrainer, evaluate, parameterGroups } from '../train/index.ts'
import { drawIndices } from './digits.ts'
import type { Digits, LabContext } from './experiment.ts'

/** A short training; cosine from the learning rate to 0, momentum 0.9. */
export interface TrainingPlan {
  readonly trainImages: number
  readonly testImages: number
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
  /** On the test images, behind every epoch, 0 to 1. */
  readonly accuracies: readonly number[]
  /** A loss or gradient was not finite, and training ended. */
  readonly diverged: boolean
  readonly model: Model
}

/**
 * Trains and tests a network. Divergence is a result here, not an error.
 * @param onStep called with the part that is done
 */
export async function trainBriefly(
  model: Model,
  { sets }: Digits,
  plan: TrainingPlan,
  context: LabContext,
  onStep: (done: number) => Promise<void>,
): Promise<TrainingResult> {
  const { batchSize, epochs, learningRate, choices, adaptiveRate, adderRate } = plan
  const { seed, threads = 1 } = context
  const runtime = context.runtime ?? { createResident, createSession }
  const train = subset(sets.train, drawIndices(sets.train, plan.trainImages, seed))
  const test = subset(sets.test, drawIndices(sets.test, plan.testImages, seed))
  const loader = createLoader(train, { batchSize, seed, training: true })
  const running = { runtime, threads, onNotice: () => {} }
  const trainer = await createTrainer(model, {
    batchSize,
    shape: loader.shape,
    classes: loader.classes,
    optimiser: { kind: 'sgd', momentum: 0.9, groups: parameterGroups({ adaptiveRate, adderRate }) },
    choices,
    seed,
    ...running,
  })
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
      const tested = await evaluate(trainer.model(), createLoader(test, { batchSize, training: false }), running)
      accuracies.push(tested.accuracy)
    }
    return { losses, accuracies, diverged, model: trainer.model() }
  } finally {
    trainer.dispose()
  }
}
