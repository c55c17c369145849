import { KerfError } from '../base/index.ts'
import type { TensorData } from '../graph/index.ts'

/** Bytes at rest: a file, or memory. Reading is synchronous, so that weights can be lazy inside plain arithmetic. */
export interface ByteSource {
  /** How messages call it: the file's name. */
  readonly name: string
  /** In bytes. Asking may touch the disk. */
  readonly size: number
  /**
   * The bytes from `offset` on, `length` of them, which lie within `size`. The result may be a view: do not write to it.
   * @param into memory to be used instead of new memory where something must be copied, if it is large enough
   * @throws KerfError when the bytes cannot be read any more
   */
  read(offset: number, length: number, into?: ArrayBuffer): Uint8Array
}

/** A source of `bytes` in memory, which messages call by `name`. */
export function memorySource(bytes: Uint8Array, name = 'model.onnx'): ByteSource {
  // Node's Buffer is a Uint8Array whose slice() shares memory: a change of what was thought a copy would reach the model's own bytes.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { name, size: plain.byteLength, read: (offset, length) => plain.subarray(offset, offset + length) }
}

/** Tensor data of which any part can be read without making the rest: writers stream it in pieces. */
export interface StreamedData extends TensorData {
  readonly streamed: true
}

export const isStreamed = (data: TensorData): data is StreamedData => data.streamed === true

/** The range that a call of `bytes(offset, length)` asks for, checked. */
export function rangeOf(
  data: TensorData,
  offset = 0,
  length = data.byteLength - offset,
): { offset: number; length: number } {
  if (offset < 0 || length < 0 || offset + length > data.byteLength)
    throw new KerfError(
      'too-short',
      `Bytes ${offset} to ${offset + length} were asked of a tensor of ${data.byteLength} bytes.`,
      {
        offset,
        length,
        byteLength: data.byteLength,
      },
    )
  return { offset, length }
}

/** A stretch of a source, read when asked for. */
export function sourceRange(source: ByteSource, start: number, byteLength: number): StreamedData {
  const data: StreamedData = {
    streamed: true,
    byteLength,
    bytes(from, count, into) {
      const { offset, length } = rangeOf(data, from, count)
      return source.read(start + offset, length, into)
    },
  }
  return data
}
