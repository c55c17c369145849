import { prepareGradients } from './gradients.ts'
import type { CommonOptions, Optimiser } from './optimiser.ts'
import { applyMask } from './parameter.ts'
import { StateArrays } from './state.ts'

/*
 * w ← w·(1 − γλ);  m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;  w ← w − γ·(m/(1 − β₁ᵗ)) / (√(v/(1 − β₂ᵗ)) + ε)
 * Loshchilov and Hutter, ICLR 2019, as PyTorch has it: the decay is decoupled from the gradient and scaled by the learning rate.
 */

/** Adam with decoupled weight decay (Loshchilov and Hutter, ICLR 2019). */
export interface AdamWOptions {
  /** β₁, β₂; 0.9 and 0.999 by default. */
  readonly betas?: readonly [number, number]
  /** ε; 1e-8 by default. */
  readonly epsilon?: number
}

/** Adam with decoupled weight decay. State: `mean/NAME`, `square/NAME`. */
export function adamW({
  betas: [beta1, beta2] = [0.9, 0.999],
  epsilon = 1e-8,
  groups,
  clip = {},
}: AdamWOptions & CommonOptions): Optimiser {
  const state = new StateArrays(['mean', 'square'])
  let factors = new Float64Array(0)
  return {
    step: (parameters, learningRate) => {
      if (factors.length !== parameters.length) factors = new Float64Array(parameters.length)
      const norm = prepareGradients(parameters, groups, clip, factors)
      state.steps++
      const correction = Math.sqrt(1 - beta2 ** state.steps)
      for (let p = 0; p < parameters.length; p++) {
        const { name, value: w, gradient: g, group, mask, rate: own = 1 } = parameters[p]!
        const rate = (learningRate * own) / (1 - beta1 ** state.steps)
        const factor = factors[p]!
        const kept = 1 - learningRate * own * (groups[group].weightDecay ?? 0)
        const m = state.of('mean', name, w.length)
        const v = state.of('square', name, w.length)
        applyMask(m, mask)
        applyMask(v, mask)
        for (let i = 0; i < w.length; i++) {
          const gradient = g[i]! * factor
          const mean = beta1 * m[i]! + (1 - beta1) * gradient
          const square = beta2 * v[i]! + (1 - beta2) * gradient * gradient
          m[i] = mean
          v[i] = square
          w[i] = w[i]! * kept - (rate * mean) / (Math.sqrt(square) / correction + epsilon)
        }
        applyMask(w, mask)
      }
      return norm
    },
    exportState: () => state.export(),
    importState: (from) => state.import(from),
  }
}
