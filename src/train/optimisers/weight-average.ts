import { applyMask } from './parameter.ts'
import { type NamedArrays, StateArrays } from './state.ts'

/** A tensor to be averaged: a trained weight, or BatchNormalization's running mean or variance. */
export interface Averaged {
  readonly name: string
  readonly value: Float32Array
  readonly mask?: Uint8Array
}

/** An exponential moving average of weights and statistics. */
export interface WeightAverageOptions {
  /** d in a ← d·a + (1 − d)·w; 0.999 by default. */
  readonly decay?: number
  /** Uses min(d, (1 + t) / (10 + t)) at step t = 0, 1, …, so that the first weights are soon forgotten; true by default. */
  readonly warmUp?: boolean
}

/** Exponential moving average of weights; state `average/NAME`. */
export interface WeightAverage {
  /** Takes in the weights after a step. The first call copies them. */
  update(tensors: readonly Averaged[]): void
  /**
   * Exchanges the tensors' values with their averages, in place: once before evaluating or saving, once after.
   * @throws KerfError `bad-state` before the first update of a tensor, or for another length
   */
  swap(tensors: readonly Averaged[]): void
  exportState(): NamedArrays
  importState(state: NamedArrays): void
}

export function weightAverage({ decay = 0.999, warmUp = true }: WeightAverageOptions = {}): WeightAverage {
  const state = new StateArrays(['average'])
  return {
    update: (tensors) => {
      const t = state.steps
      const d = warmUp ? Math.min(decay, (1 + t) / (10 + t)) : decay
      for (const { name, value, mask } of tensors) {
        const known = state.has('average', name)
        const average = state.of('average', name, value.length)
        if (!known) average.set(value)
        else for (let i = 0; i < value.length; i++) average[i] = d * average[i]! + (1 - d) * value[i]!
        applyMask(average, mask)
      }
      state.steps++
    },
    swap: (tensors) => {
      for (const { name, value } of tensors) {
        const average = state.existing('average', name, value.length)
        for (let i = 0; i < value.length; i++) {
          const x = value[i]!
          value[i] = average[i]!
          average[i] = x
        }
      }
    },
    exportState: () => state.export(),
    importState: (from) => state.import(from),
  }
}
