import { prepareGradients } from './gradients.ts'
import type { CommonOptions, Optimiser } from './optimiser.ts'
import { applyMask } from './parameter.ts'
import { StateArrays } from './state.ts'

/*
 * g ← g + λ·w;  v ← μ·v + g;  w ← w − γ·v, or w − γ·(g + μ·v) with Nesterov. PyTorch's SGD, dampening 0; v starts at 0, which its first
 * step (v = g) amounts to. Weight decay is a part of the gradient, so momentum sees it.
 */

/** Stochastic gradient descent with momentum, as PyTorch's SGD. */
export interface SgdOptions {
  /** μ; 0.9 by default. */
  readonly momentum?: number
  /** False by default. */
  readonly nesterov?: boolean
}

/** Stochastic gradient descent with momentum. State: `momentum/NAME`, none where μ is 0. */
export function sgd({ momentum = 0.9, nesterov = false, groups, clip = {} }: SgdOptions & CommonOptions): Optimiser {
  const state = new StateArrays(['momentum'])
  let factors = new Float64Array(0)
  return {
    step: (parameters, learningRate) => {
      if (factors.length !== parameters.length) factors = new Float64Array(parameters.length)
      const norm = prepareGradients(parameters, groups, clip, factors)
      for (let p = 0; p < parameters.length; p++) {
        const { name, value, gradient, group, mask, rate = 1 } = parameters[p]!
        const step = learningRate * rate
        const factor = factors[p]!
        const decay = groups[group].weightDecay ?? 0
        if (momentum === 0) descend(value, gradient, factor, decay, step)
        else {
          const velocity = state.of('momentum', name, value.length)
          applyMask(velocity, mask)
          applyMask(value, mask)
          descendWithMomentum(value, gradient, velocity, factor, decay, step, momentum, nesterov)
        }
        applyMask(value, mask)
      }
      state.steps++
      return norm
    },
    exportState: () => state.export(),
    importState: (from) => state.import(from),
  }
}

function descend(w: Float32Array, g: Float32Array, factor: number, decay: number, learningRate: number): void {
  for (let i = 0; i < w.length; i++) {
    const x = w[i]!
    w[i] = x - learningRate * (g[i]! * factor + decay * x)
  }
}

function descendWithMomentum(
  w: Float32Array,
  g: Float32Array,
  v: Float32Array,
  factor: number,
  decay: number,
  learningRate: number,
  momentum: number,
  nesterov: boolean,
): void {
  // Two loops without a branch inside.
  if (nesterov)
    for (let i = 0; i < w.length; i++) {
      const x = w[i]!
      const d = g[i]! * factor + decay * x
      const m = momentum * v[i]! + d
      v[i] = m
      w[i] = x - learningRate * (d + momentum * m)
    }
  else
    for (let i = 0; i < w.length; i++) {
      const x = w[i]!
      const m = momentum * v[i]! + g[i]! * factor + decay * x
      v[i] = m
      w[i] = x - learningRate * m
    }
}
