/*
 * Protobuf's wire format (protobuf.dev/programming-guides/encoding): a message is a row of fields, each a tag – number × 8 + wire type – and a value.
 * Integers are varints: seven bits a byte, low ones first, the top bit set on all but the last.
 */

export const wire = { varint: 0, bits64: 1, bytes: 2, startGroup: 3, endGroup: 4, bits32: 5 } as const

const utf8 = new TextEncoder()

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 128) return false
  return true
}

/** Writes fields one after the other. */
export class WireWriter {
  #bytes = new Uint8Array(256)
  #size = 0
  /** Where the messages begin that are open. */
  readonly #open: number[] = []

  /** Begins a field. @param wireType one of `wire` */
  tag(field: number, wireType: number): this {
    return this.varint(field * 8 + wireType)
  }

  /** An integer of up to 64 bits; a negative one takes ten bytes, as protobuf's int32 and int64 do. */
  varint(value: number | bigint): this {
    this.#reserve(10)
    if (value >= 0 && value <= Number.MAX_SAFE_INTEGER) this.#putVarint(Number(value))
    else {
      let rest = BigInt.asUintN(64, BigInt(value))
      for (; rest >= 128n; rest >>= 7n) this.#bytes[this.#size++] = Number(rest & 127n) | 0x80
      this.#bytes[this.#size++] = Number(rest)
    }
    return this
  }

  float(value: number): this {
    return this.raw(new Uint8Array(new Float32Array([value]).buffer))
  }

  double(value: number): this {
    return this.raw(new Uint8Array(new Float64Array([value]).buffer))
  }

  /** A length, and so many bytes. */
  bytes(value: Uint8Array): this {
    return this.varint(value.length).raw(value)
  }

  string(value: string): this {
    return isAscii(value) ? this.varint(value.length).#putAscii(value) : this.bytes(utf8.encode(value))
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#size)
    this.#size += bytes.length
    return this
  }

  /** Begins a message as the value of a field of wire type `bytes`. */
  fork(): this {
    this.#open.push(this.#size)
    return this
  }

  /** Ends what `fork` began: moves it to make room for its length. */
  join(): this {
    const start = this.#open.pop()!
    const end = this.#size
    this.#reserve(10)
    this.#putVarint(end - start)
    const prefix = this.#bytes.slice(end, this.#size)
    this.#bytes.copyWithin(start + prefix.length, start, end)
    this.#bytes.set(prefix, start)
    return this
  }

  /** All that was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#size)
  }

  /** Names, nearly always: calling an encoder for each takes longer. */
  #putAscii(value: string): this {
    this.#reserve(value.length)
    for (let i = 0; i < value.length; i++) this.#bytes[this.#size + i] = value.charCodeAt(i)
    this.#size += value.length
    return this
  }

  #putVarint(value: number): void {
    let rest = value
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#bytes[this.#size++] = (rest % 128) | 0x80
    this.#bytes[this.#size++] = rest
  }

  #reserve(more: number): void {
    if (this.#size + more <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#size + more))
    grown.set(this.#bytes)
    this.#bytes = grown
  }
}
