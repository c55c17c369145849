import type { GradientClip } from './gradients.ts'
import type { GroupTable, Parameter } from './parameter.ts'
import type { NamedArrays } from './state.ts'

export interface Optimiser {
  /**
   * Changes the parameters in place by one update; allocates nothing after the first step. In order: masks, clipping by value, clipping
   * by norm, adaptive rate, weight decay and momentum.
   * @returns L2 norm of all gradients, masked and clipped by value, before clipping by norm and adaptive rates
   * @throws KerfError `bad-parameter`, `bad-state`; `not-finite` (a NaN or infinite gradient, named; nothing has been changed then)
   */
  step(parameters: readonly Parameter[], learningRate: number): number
  /** The live state; write or copy it before the next step. */
  exportState(): NamedArrays
  /** Goes on from exported state, to the same bits. @throws KerfError `bad-state` */
  importState(state: NamedArrays): void
}

/** Settings of every optimiser. */
export interface CommonOptions {
  /** See `parameterGroups`. */
  readonly groups: GroupTable
  /** No clipping by default. */
  readonly clip?: GradientClip
}
