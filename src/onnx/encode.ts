import { KerfError } from '../base/index.ts'
import type { Model, TensorData } from '../graph/index.ts'
import type { ExternalLocation } from './external.ts'
import { withOwnFunctions } from './functions.ts'
import { inflate, type Piece } from './inflate.ts'
import { encode } from './message.ts'
import { isStreamed } from './source.ts'
import { writeModel } from './write.ts'
import { lengthError, TensorWriter } from './write-tensor.ts'

/** A file's content before it is written: how long it is, and its bytes in order, made as they are asked for. */
export interface Content {
  /** In bytes. */
  readonly size: number
  /** In order; an array is good until the next is asked for. */
  chunks(): Generator<Uint8Array, void>
}

/** A model's file, and its external data. */
export interface EncodedModel extends Content {
  /** The content of the external data file, if weights were put into one. */
  readonly external: Content | undefined
}

/** How a model is written. */
export interface EncodeOptions {
  /**
   * Name of a file, beside the model's, for the data of all initializers of 1 KiB or more; by default they stay inside.
   * Tensors in attributes always stay inside: runtimes look for them there.
   */
  readonly externalLocation?: string
}

/** What protobuf can hold: libraries count lengths in 31 bits. */
export const protobufLimit = 2 ** 31 - 1

/** Smaller tensors stay inside the model, so that shapes can be read from it alone (ONNX and ONNX Runtime use the same threshold). */
const externalThreshold = 1024

/** Bytes of a weight that are in memory at a time while it is copied from file to file. */
const chunkSize = 4 * 2 ** 20

/**
 * Encodes a model; operators that only Kerf knows get a function of standard ones, where it has none (see functions.ts). No weight is read before `chunks` comes to it, and none is kept.
 * @throws KerfError `wrong-length` when a tensor's data do not fit its shape, `unknown-type` for what cannot be written
 */
export function encodeModel(model: Model, options: EncodeOptions = {}): EncodedModel {
  const { externalLocation } = options
  const file = externalLocation === undefined ? undefined : new ExternalFile(externalLocation)
  const tensors = new TensorWriter(file && ((data) => file.place(data)))
  const skeleton = encode(writeModel(withOwnFunctions(model), tensors))
  const { pieces, size } = inflate(skeleton, 'ModelProto', tensors.payloads)
  return { size, chunks: () => chunksOf(pieces), external: file && file.size > 0 ? file : undefined }
}

/**
 * The whole model as one array, for small ones.
 * @throws KerfError `too-large` from 2 GiB on, and as `encodeModel`
 */
export function modelBytes(model: Model): Uint8Array {
  const encoded = encodeModel(model)
  if (encoded.size > protobufLimit) throw tooLarge(encoded.size)
  const bytes = new Uint8Array(encoded.size)
  let at = 0
  for (const chunk of encoded.chunks()) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

export const tooLarge = (size: number): KerfError =>
  new KerfError(
    'too-large',
    `The model would be ${size} bytes long; protobuf ends at ${protobufLimit}. Write its weights to an external data file.`,
    { size, limit: protobufLimit },
  )

class ExternalFile implements Content {
  readonly location: string
  size = 0
  readonly #placed: { readonly offset: number; readonly data: TensorData }[] = []

  constructor(location: string) {
    this.location = location
  }

  place(data: TensorData): ExternalLocation | undefined {
    if (data.byteLength < externalThreshold) return undefined
    // Aligned so that runtimes can map a tensor into memory: to pages, large ones to the 64 KiB that Windows asks for.
    const alignment = data.byteLength >= 2 ** 20 ? 65536 : 4096
    const offset = Math.ceil(this.size / alignment) * alignment
    this.#placed.push({ offset, data })
    this.size = offset + data.byteLength
    return { location: this.location, offset, length: data.byteLength }
  }

  *chunks(): Generator<Uint8Array, void> {
    let at = 0
    for (const { offset, data } of this.#placed) {
      if (offset > at) yield new Uint8Array(offset - at)
      yield* chunksOf([data])
      at = offset + data.byteLength
    }
  }
}

function* chunksOf(pieces: readonly Piece[]): Generator<Uint8Array, void> {
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) yield piece
    else if (isStreamed(piece))
      for (let at = 0; at < piece.byteLength; at += chunkSize)
        yield piece.bytes(at, Math.min(chunkSize, piece.byteLength - at))
    else {
      const bytes = piece.bytes()
      if (bytes.length !== piece.byteLength) throw lengthError('A tensor', piece.byteLength, bytes.length)
      yield bytes
    }
  }
}
