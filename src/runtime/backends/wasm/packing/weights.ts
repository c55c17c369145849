import type { Tensor } from '../../../../graph/index.ts'

/*
 * Stored weights on their way into the plan's memory. What lies in a file is read piece by piece into memory that all of them share: new memory
 * for each would cost more time than reading, and the largest weight would be there twice.
 */

/** float32 values that are read when asked for. */
export interface StoredFloats {
  readonly length: number
  /** Whether parts of them are easier to get than the whole. */
  readonly streamed: boolean
  /** The values from one position on; only to be read, and only until the next call. */
  read(from: number, count: number): Float32Array
  /** All of them; only to be read. */
  whole(): Float32Array
}

export type KnownWeights = Float32Array | StoredFloats

export const isKnown = (weights: KnownWeights | object): weights is KnownWeights =>
  weights instanceof Float32Array || 'whole' in weights

export const wholeFloats = (weights: KnownWeights): Float32Array =>
  weights instanceof Float32Array ? weights : weights.whole()

/** Bytes that are read at once, if a piece can be as small: they stay in the second-level cache. */
export const pieceBytes = 1 << 20

/** The same memory, which nobody may write to, where it is aligned; else a copy (not `bytes.slice()`: that of Node's Buffer shares its memory). */
const floatsOf = (bytes: Uint8Array): Float32Array =>
  bytes.byteOffset % 4 === 0
    ? new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
    : new Float32Array(new Uint8Array(bytes).buffer)

/** Tensors below this size are read into memory of their own. */
const worthSharing = 65536

export class WeightReader {
  /** Of the largest tensor; lent to one at a time. */
  readonly #largest: number
  #whole: ArrayBuffer | undefined
  #lent = false
  #piece: ArrayBuffer | undefined

  constructor(stored: ReadonlyMap<string, Tensor>) {
    this.#largest = [...stored.values()].reduce((most, t) => Math.max(most, t.data.byteLength), 0)
  }

  /** What was lent is not used any more. */
  release(): void {
    this.#lent = false
  }

  /** A float32 tensor, straight from its bytes: large weights must not pass through doubles. Valid until `release`. */
  floats({ data }: Tensor): Float32Array {
    return floatsOf(data.bytes(0, data.byteLength, this.#lend(data.byteLength)))
  }

  /** The same when it is asked for, piece by piece where that is easier to get. Valid until `release`. */
  pieces(tensor: Tensor): StoredFloats {
    const { data } = tensor
    let whole: Float32Array | undefined
    const all = () => (whole ??= this.floats(tensor))
    const streamed = data.streamed === true && data.byteLength >= worthSharing
    return {
      length: data.byteLength / 4,
      streamed,
      whole: all,
      read: (from, count) => {
        if (!streamed) return all().subarray(from, from + count)
        if (!this.#piece || this.#piece.byteLength < 4 * count)
          this.#piece = new ArrayBuffer(Math.max(pieceBytes, 4 * count))
        return floatsOf(data.bytes(4 * from, 4 * count, this.#piece))
      },
    }
  }

  /** Undefined for small tensors, and while it is lent. */
  #lend(bytes: number): ArrayBuffer | undefined {
    if (bytes < worthSharing || this.#lent) return undefined
    this.#lent = true
    this.#whole ??= new ArrayBuffer(this.#largest)
    return this.#whole
  }
}
