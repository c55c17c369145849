import { elementCount, seededRandom, seedFrom } from '../base/index.ts'
import { lazyTensor, type Tensor } from '../graph/index.ts'

/*
 * Weights of networks that were never trained: every number drawn from a seed, none drawn before somebody asks for it. They are
 * close to what training would start from, with a small spread where training starts from constants (BatchNormalization's γ, β, mean
 * and variance), so that a mistake in any of them changes the output.
 */

/** How weights are drawn. */
export interface Initialization {
  /**
   * Weights of convolutions and linear layers are normal with mean 0 and standard deviation √(2/n) times this; n is the number of
   * terms in one output's sum (He et al., ICCV 2015, "fan in").
   */
  readonly weightGain: number
  /**
   * Scales the last layer of every residual branch (its γ, or its weights where no BatchNormalization follows). With untrained
   * statistics each block adds its branch's variance, and a deep network would blow up; below 1 it grows slowly.
   */
  readonly residualGain: number
  /** Biases: normal with mean 0 and this deviation. */
  readonly biasDeviation: number
  /** BatchNormalization's γ: normal with mean 1. */
  readonly gammaDeviation: number
  /** BatchNormalization's β: normal with mean 0. */
  readonly betaDeviation: number
  /** BatchNormalization's running mean: normal with mean 0. */
  readonly meanDeviation: number
  /** BatchNormalization's running variance: log-normal around 1, this is the deviation of its logarithm. */
  readonly varianceDeviation: number
}

/** A small spread everywhere, so that a mistake in any weight changes the output. */
export const defaultInitialization: Initialization = {
  weightGain: 1,
  residualGain: 0.25,
  biasDeviation: 0.05,
  gammaDeviation: 0.1,
  betaDeviation: 0.1,
  meanDeviation: 0.1,
  varianceDeviation: 0.1,
}

/** What training starts from: He's weights, biases 0, and BatchNormalization that changes nothing (γ 1, β 0, mean 0, variance 1). */
export const trainingInitialization: Initialization = {
  weightGain: 1,
  residualGain: 1,
  biasDeviation: 0,
  gammaDeviation: 0,
  betaDeviation: 0,
  meanDeviation: 0,
  varianceDeviation: 0,
}

/** He's standard deviation for weights whose outputs are sums of `fanIn` terms. */
export const heDeviation = (fanIn: number): number => Math.sqrt(2 / fanIn)

/** Normally distributed numbers of the network's seed and the tensor's name; `map` turns a standard normal one into a value. */
export function drawn(seed: number, name: string, shape: readonly number[], map: (normal: number) => number): Tensor {
  return lazyTensor('float32', shape, () => {
    const random = seededRandom(seedFrom(seed, name))
    const values = new Float32Array(elementCount(shape)!)
    for (let i = 0; i < values.length; i++) values[i] = map(random.normal())
    return values
  })
}
