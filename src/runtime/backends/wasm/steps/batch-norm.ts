import { type Allocator, type Step, step } from './step.ts'

/*
 * BatchNormalization in training and its gradient, x [rows, channels] (kernels/batch-norm.ts).
 */

export interface BatchNormSizes {
  /** Batch and space. */
  readonly rows: number
  readonly channels: number
  readonly epsilon: number
}

/** What a chunk of rows takes of the first cache, and how many rows it has at least, so that partial results stay few. */
const chunkBytes = 16 * 1024
const leastRows = 64

const chunkRowsOf = ({ rows, channels }: BatchNormSizes): number =>
  Math.max(1, Math.min(rows, Math.max(leastRows, Math.floor(chunkBytes / (4 * channels)))))

export interface BatchNormPlaces {
  /** Addresses of x and y [rows, channels]. */
  readonly x: number
  readonly y: number
  /** Addresses of one float per channel. */
  readonly scale: number
  readonly bias: number
  readonly runningMean: number
  readonly runningVariance: number
  /** Where the running statistics go after this batch; 0: nowhere. */
  readonly newMean: number
  readonly newVariance: number
  /** Address of a tensor of y's shape that is added; it may be y itself. */
  readonly residual?: number
  readonly lo: number
  readonly hi: number
}

/** y = clamp(BatchNormalization of x by its own mean and variance, + residual); running = running·momentum + now·(1 − momentum). */
export function lowerBatchNorm(
  sizes: BatchNormSizes & { readonly momentum: number },
  places: BatchNormPlaces,
  alloc: Allocator,
): Step[] {
  const { rows, channels, epsilon, momentum } = sizes
  const { x, scale, runningMean, runningVariance, newMean, newVariance } = places
  const chunkRows = chunkRowsOf(sizes)
  const partials = alloc.scratch(8 * channels * Math.ceil(rows / chunkRows))
  const [means, factors] = [alloc.scratch(4 * channels), alloc.scratch(4 * channels)]
  return [
    step('batchMomentsF32', { x, partials, rows, channels, chunkRows }),
    step('batchStatisticsF32', {
      ...{ partials, rows, channels, chunkRows, scale, means, factors },
      ...{ runningMean, runningVariance, newMean, newVariance, momentum, epsilon },
    }),
    ...lowerBatchApply(sizes, { ...places, means, factors }),
  ]
}

/** y = clamp((x − means[c])·factors[c] + bias[c] + residual); addresses. */
export function lowerBatchApply(
  { rows, channels }: Pick<BatchNormSizes, 'rows' | 'channels'>,
  {
    x,
    y,
    means,
    factors,
    bias,
    residual = 0,
    lo,
    hi,
  }: Pick<BatchNormPlaces, 'x' | 'y' | 'bias' | 'residual' | 'lo' | 'hi'> & {
    readonly means: number
    readonly factors: number
  },
): Step[] {
  return [step('batchApplyF32', { x, y, means, factors, bias, residual, rows, channels, lo, hi })]
}

export interface BatchNormGradientPlaces {
  /** Addresses of [rows, channels]. */
  readonly dy: number
  readonly x: number
  /** The result; undefined: not wanted. */
  readonly dx: number | undefined
  /** Addresses of one float per channel; results 0: not wanted. */
  readonly scale: number
  readonly dscale: number
  readonly dbias: number
}

export function lowerBatchNormGradient(
  sizes: BatchNormSizes,
  { dy, x, dx, scale, dscale, dbias }: BatchNormGradientPlaces,
  alloc: Allocator,
): Step[] {
  const { rows, channels, epsilon } = sizes
  const chunkRows = chunkRowsOf(sizes)
  const partials = alloc.scratch(16 * channels * Math.ceil(rows / chunkRows))
  const coefficients = alloc.scratch(16 * channels)
  const steps: Step[] = [
    step('batchGradientMomentsF32', { dy, x, partials, rows, channels, chunkRows }),
    step('batchGradientStatisticsF32', {
      ...{ partials, rows, channels, chunkRows, scale, dscale, dbias, coefficients, epsilon },
    }),
  ]
  if (dx !== undefined) steps.push(step('batchGradientApplyF32', { dy, x, dx, coefficients, rows, channels }))
  return steps
}
