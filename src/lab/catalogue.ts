import type { Experiment } from './experiment.ts'
import { gradients } from './experiments/gradients.ts'
import { initialisation } from './experiments/initialisation.ts'
import { operations } from './experiments/operations.ts'
import { similarity } from './experiments/similarity.ts'
import { variance } from './experiments/variance.ts'

/** In the order in which they tell their story. */
export const experiments: readonly Experiment[] = [similarity, operations, gradients, initialisation, variance]
