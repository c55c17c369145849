import { askMemory, KerfError } from '../base/index.ts'
import type { ByteSource } from './source.ts'

/* What programs have bytes in. */

/** Bytes that are there. */
export type Bytes = Uint8Array | ArrayBufferView | ArrayBuffer | SharedArrayBuffer

/** Bytes that come: a Response, a Blob, a File. Described by what is used of them, so that this compiles without their types. */
export interface BytesLater {
  /** All of them. */
  arrayBuffer(): Promise<ArrayBuffer>
  /** Of a Response. */
  readonly ok?: boolean
  /** Of a Response: the server's answer, in HTTP's numbers. */
  readonly status?: number
  /** Of a Response: where it came from. */
  readonly url?: string
  /** Of a File. */
  readonly name?: string
  /** Of a Blob or File: in bytes. */
  readonly size?: number
}

/** @throws KerfError `bad-options` for what is none: a path, a promise, a list of numbers, nothing */
export const isLater = (source: unknown): source is BytesLater => {
  const { arrayBuffer, read, byteLength } = (source ?? {}) as Partial<BytesLater & ByteSource & ArrayBuffer>
  if (arrayBuffer) return true
  if (read || byteLength !== undefined) return false
  const received = source instanceof Promise ? 'a promise: await it first' : source && typeof source
  throw new KerfError(
    'bad-options',
    `A model is read from bytes; received ${received}. Give a Uint8Array, ArrayBuffer, Blob or Response; addresses and paths are for openModel.`,
  )
}

/** The same bytes, not copied. */
export const bytesOf = (bytes: Bytes): Uint8Array =>
  ArrayBuffer.isView(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes)

/** @throws KerfError `not-found` for a Response that is none of a file; `out-of-memory` for a Blob that is larger than the limit */
export async function bytesFrom(source: BytesLater, name = 'model.onnx'): Promise<Uint8Array> {
  if (source.ok === false)
    throw new KerfError('not-found', `${name}: the server answered ${source.status}. Check the address.`, {
      status: source.status,
      url: source.url,
    })
  if (source.size !== undefined) askMemory(source.size, name, 'Use a smaller file')
  return new Uint8Array(await source.arrayBuffer())
}

/** How messages call it: a file's name, the last part of an address. */
export const nameOf = ({ name, url }: BytesLater): string | undefined =>
  name || (url && new URL(url, 'file:///').pathname.split('/').at(-1)) || undefined
