import type { ByteSource } from './source.ts'

/** Where and how a byte stream stops being protobuf. Internal to this room: readers turn it into a KerfError with the file's name. */
export class WireError extends Error {
  /** 'overrun': something goes on beyond the end of the bytes, as in a file cut short. */
  readonly kind: 'overrun' | 'malformed'
  readonly position: number
  constructor(kind: 'overrun' | 'malformed', position: number, problem: string) {
    super(problem)
    this.kind = kind
    this.position = position
  }
}

const windowSize = 64 * 1024

/**
 * Reads a source forward through a window of 64 KiB and seeks over what nobody wants: memory stays the same whatever the size.
 */
export class Cursor {
  readonly #source: ByteSource
  readonly size: number
  position = 0
  #window: Uint8Array = new Uint8Array(0)
  #start = 0

  constructor(source: ByteSource) {
    this.#source = source
    this.size = source.size
  }

  byte(): number {
    const i = this.position - this.#start
    const window = this.#window
    if (i >= 0 && i < window.length) {
      this.position++
      return window[i]!
    }
    if (this.position >= this.size)
      throw new WireError('overrun', this.position, 'the bytes end in the middle of a number')
    this.#fill()
    return this.byte()
  }

  /** A base-128 varint of at most 64 bits; beyond 2^53 it is rounded (callers that keep such a value copy its bytes). */
  varint(): number {
    const from = this.position
    let value = 0
    let scale = 1
    for (let i = 0; i < 10; i++) {
      const b = this.byte()
      value += (b & 0x7f) * scale
      if (b < 0x80) return value
      scale *= 128
    }
    throw new WireError('malformed', from, 'a number has more than ten bytes')
  }

  /** The bytes from `from` to `to`: a view that is only good until the cursor moves on. */
  slice(from: number, to: number): Uint8Array {
    const i = from - this.#start
    if (i >= 0 && to - this.#start <= this.#window.length) return this.#window.subarray(i, to - this.#start)
    return this.#source.read(from, to - from)
  }

  #fill(): void {
    this.#start = this.position
    this.#window = this.#source.read(this.position, Math.min(windowSize, this.size - this.position))
  }
}
