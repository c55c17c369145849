// For tests of what happens between steps of training: a trainer of the tiny network, step by step, its weights as lists.

import type { Model } from '../graph/index.ts'
import { createTrainer, parameterGroups, type TrainerOptions } from '../train/index.ts'
import { tinyLoader, tinyShape } from './tiny-images.ts'

const batchSize = 8

/** A trainer by plain SGD with a learning rate of 0.1. */
export async function tinyTrainer(model: Model, options: Partial<TrainerOptions> = {}) {
  const trainer = await createTrainer(model, {
    batchSize,
    shape: tinyShape,
    classes: 3,
    optimiser: { kind: 'sgd', momentum: 0, groups: parameterGroups() },
    ...options,
  })
  const batches = tinyLoader(8 * batchSize, batchSize)
    .epoch(0)
    [Symbol.asyncIterator]()
  return {
    trainer,
    /** One update. */
    step: async (learningRate = 0.1) => trainer.step((await batches.next()).value, learningRate),
    weight: (name: string): number[] => [...trainer.program.input(name)],
    dispose: () => trainer.dispose(),
  }
}
