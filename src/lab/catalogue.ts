import { entryOf } from '../base/index.ts'
import type { Experiment } from './experiment.ts'
import { adaptiveRate } from './experiments/adaptive-rate.ts'
import { allocation } from './experiments/allocation.ts'
import { designSpace } from './experiments/design-space.ts'
import { fasternet } from './experiments/fasternet.ts'
import { fewBits } from './experiments/few-bits.ts'
import { filterPruning } from './experiments/filter-pruning.ts'
import { gradientNorm } from './experiments/gradient-norm.ts'
import { gradients } from './experiments/gradients.ts'
import { initialisation } from './experiments/initialisation.ts'
import { invertedBottleneck } from './experiments/inverted-bottleneck.ts'
import { linearPruning } from './experiments/linear-pruning.ts'
import { operations } from './experiments/operations.ts'
import { partial } from './experiments/partial.ts'
import { pruningKinds } from './experiments/pruning-kinds.ts'
import { quantisation } from './experiments/quantisation.ts'
import { recovery } from './experiments/recovery.ts'
import { separable } from './experiments/separable.ts'
import { similarity } from './experiments/similarity.ts'
import { sparsitySpeed } from './experiments/sparsity-speed.ts'
import { speed } from './experiments/speed.ts'
import { threeMetrics } from './experiments/three-metrics.ts'
import { variance } from './experiments/variance.ts'

/** In the order in which they tell their story. To add one, write a file and add a line. */
export const experiments: readonly Experiment[] = [
  similarity,
  operations,
  gradients,
  initialisation,
  variance,
  gradientNorm,
  adaptiveRate,
  quantisation,
  fewBits,
  speed,
  sparsitySpeed,
  linearPruning,
  pruningKinds,
  filterPruning,
  recovery,
  allocation,
  threeMetrics,
  separable,
  invertedBottleneck,
  partial,
  fasternet,
  designSpace,
]

/**
 * An experiment by its name, or as it is given.
 * @param given one of `experiments` by its name, or one of your own
 * @throws KerfError `unknown-experiment` with those that there are
 */
export const experimentOf = (given: string | Experiment): Experiment => entryOf('experiment', experiments, given)
