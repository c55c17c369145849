import { KerfError } from '../base/index.ts'
import type { Model } from '../graph/index.ts'
import type { Bytes, BytesLater } from './bytes.ts'
import { type ReadOptions, readModel } from './read.ts'
import type { ByteSource } from './source.ts'

/**
 * What a model can be had from: the model itself, bytes, a Response, Blob or File, an address, in Node also the path of a file. A text is an address in
 * browsers (relative to the page); in Node it is a path, unless it begins with http: or https:.
 */
export type ModelSource = Model | ByteSource | Bytes | BytesLater | string | URL

/**
 * A model from whatever has it.
 * @throws KerfError `not-found` where an address or a file does not answer, and as `readModel`
 */
export async function openModel(source: ModelSource, options: ReadOptions = {}): Promise<Model> {
  if (typeof source === 'string' || source instanceof URL) return readModel(await fetched(source), options)
  if (typeof source === 'object' && source !== null && 'graph' in source) return source
  return isByteSource(source) ? readModel(source, options) : readModel(source as BytesLater, options)
}

const isByteSource = (source: ByteSource | Bytes | BytesLater): source is ByteSource | Bytes =>
  !('arrayBuffer' in (source ?? {}))

async function fetched(address: string | URL): Promise<Response> {
  try {
    return await fetch(address)
  } catch (error) {
    throw new KerfError(
      'not-found',
      `${address} could not be fetched: ${(error as Error).message}. Check the address.`,
      {
        url: String(address),
      },
    )
  }
}
