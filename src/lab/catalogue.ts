import type { Experiment } from './experiment.ts'
import { adaptiveRate } from './experiments/adaptive-rate.ts'
import { gradientNorm } from './experiments/gradient-norm.ts'
import { gradients } from './experiments/gradients.ts'
import { initialisation } from './experiments/initialisation.ts'
import { operations } from './experiments/operations.ts'
import { quantisation } from './experiments/quantisation.ts'
import { similarity } from './experiments/similarity.ts'
import { speed } from './experiments/speed.ts'
import { variance } from './experiments/variance.ts'

/** In the order in which they tell their story. */
export const experiments: readonly Experiment[] = [
  similarity,
  operations,
  gradients,
  initialisation,
  variance,
  gradientNorm,
  adaptiveRate,
  quantisation,
  speed,
]
