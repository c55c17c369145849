import type { IntegerLayer, KeptLayer, QuantizedLayer, RangeMethod } from 'kerf/rewrite'
import type { Quality } from 'kerf/workflow'

/** How a network is to be quantised. */
export interface QuantizeWish {
  /** What becomes codes: adder layers, or ordinary ones. */
  readonly to: 'adder' | 'int8'
  /** Of the codes: 2 to 8. */
  readonly bits: number
  /** How ranges follow from what was seen. */
  readonly range: RangeMethod
  /** Whether each filter's mean result is put right on the pictures. */
  readonly biasCorrection: boolean
  /** Whether the channels of neighbouring layers are made alike before; of ordinary layers. */
  readonly equalise: boolean
}

/** What can be quantised. */
export interface Quantisable {
  /** What the network has, where nothing was chosen: adder layers, else ordinary ones. */
  readonly to: QuantizeWish['to']
  /** Names of layers. */
  readonly layers: readonly string[]
  /** Why there are none, as the library says it. */
  readonly why?: string
  /** What does the same on the command line. */
  readonly command: string
}

/** What quantising did. */
export interface QuantizeOutcome extends QuantizeWish {
  /** That ranges follow from. */
  readonly pictures: number
  /** Adder layers. */
  readonly layers: readonly QuantizedLayer[]
  /** Ordinary layers. */
  readonly integers: readonly Pick<IntegerLayer, 'node' | 'op' | 'weights' | 'weightError' | 'drift'>[]
  /** Ordinary layers that stay in floating point, and why. */
  readonly kept: readonly KeptLayer[]
  /** Root mean square of the change of the first output, by that of its values, on the first pictures. */
  readonly outputDrift: number
  /** On all pictures, against the network before. */
  readonly quality: Quality
  /** Of the file. */
  readonly bytes: { readonly before: number; readonly after: number }
}
