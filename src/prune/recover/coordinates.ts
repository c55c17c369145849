import { type Analysis, tensorValues } from '../../graph/index.ts'
import type { Changes } from './changes.ts'
import { addedBy, affineOf, type SolvedLayer } from './layers.ts'
import { forWeights } from './problem.ts'
import type { StagedRun } from './staged-run.ts'

/**
 * A layer's weights and constants as a matrix [M, D + 1], the constants in the last column; and the stored tensors that this is made of. The constants are the bias, or where there is
 * none what the node behind adds, seen from in front of it; or there are none.
 */
export class LayerCoordinates {
  /** [M, D + 1]. */
  values: Float64Array
  readonly outputs: number
  /** D + 1. */
  readonly width: number
  /** What each output channel is scaled by behind. */
  readonly scale: Float64Array
  /** The stored tensors: weights, then constants where there are some. */
  readonly names: readonly string[]
  readonly #layer: SolvedLayer
  readonly #stored: readonly Float64Array[]
  readonly #isAdded: boolean

  /** @param layer without groups */
  constructor(layer: SolvedLayer, cut: Analysis, run: StagedRun, changes: Changes) {
    const { sum, weight, bias, behind } = layer
    const tensor = (name: string) => tensorValues(run.tensor(name))
    const affine = behind.affine && affineOf(cut, behind.affine, tensor)
    const added = behind.affine && addedBy(cut, behind.affine)
    const constants = bias ?? (added !== undefined && changes.canSet(added) ? added : undefined)
    this.#layer = layer
    this.#isAdded = bias === undefined
    this.outputs = sum.outChannels
    this.width = sum.inChannels * sum.taps + 1
    this.scale = Float64Array.from({ length: sum.outChannels }, (_, m) => affine?.scale[m] ?? 1)
    this.names = constants === undefined ? [weight] : [weight, constants]
    this.#stored = this.names.map((name) => Float64Array.from(tensor(name)))
    // What is added behind stays where it is: the matrix says what is added to it.
    this.values = this.#matrix(this.#stored, (m) => (this.#isAdded ? 0 : this.#stored[1]![m]!))
  }

  #matrix([weights]: readonly ArrayLike<number>[], constant: (m: number) => number): Float64Array {
    const out = new Float64Array(this.outputs * this.width)
    forWeights(this.#layer.sum, 0, (at, stored) => {
      out[at + Math.floor(at / (this.width - 1))] = weights![stored]!
    })
    for (let m = 0; m < this.outputs && this.names.length > 1; m++) out[(m + 1) * this.width - 1] = constant(m)
    return out
  }

  /** The gradient by the matrix, from those by the tensors. */
  gradient(gradients: readonly ArrayLike<number>[]): Float64Array {
    return this.#matrix(gradients, (m) => gradients[1]![m]! * (this.#isAdded ? this.scale[m]! : 1))
  }

  /** The tensors of another matrix. */
  tensors(values: Float64Array): Float64Array[] {
    const [weights, constants] = this.#stored.map((tensor) => tensor.slice())
    forWeights(this.#layer.sum, 0, (at, stored) => {
      weights![stored] = values[at + Math.floor(at / (this.width - 1))]!
    })
    constants?.forEach((was, m) => {
      const value = values[(m + 1) * this.width - 1]!
      constants[m] = this.#isAdded ? was + this.scale[m]! * value : value
    })
    return constants ? [weights!, constants] : [weights!]
  }
}
