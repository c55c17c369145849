import { aborted, KerfError, type Task } from '../base/index.ts'
import type { Model } from '../graph/index.ts'
import type { Bytes, BytesLater } from './bytes.ts'
import { type ReadOptions, readModel } from './read.ts'
import type { ByteSource } from './source.ts'

/** What a model is had from at once: the model itself, its file's bytes, or a source of them. */
export type ModelAtHand = Model | ByteSource | Bytes

/**
 * What a model is had from later: a Response, Blob or File, or an address. A text is an address in browsers (relative to the page); in Node it is the path of a
 * file, unless it begins with `http:` or `https:`.
 */
export type ModelElsewhere = BytesLater | string | URL

/** A model in any form that programs have it in. */
export type ModelSource = ModelAtHand | ModelElsewhere

/** How a model is read; `signal` stops fetching it. */
export interface OpenModelOptions extends ReadOptions, Pick<Task, 'signal'> {}

const isModel = (source: ModelSource): source is Model => (source as Partial<Model> | undefined)?.graph !== undefined

/**
 * A model from whatever has it: what every entry point that takes a model in any form does at its door.
 * @returns a promise for what is had later
 * @throws KerfError as `openModel`
 */
export function modelOf(source: ModelAtHand, options?: OpenModelOptions): Model
export function modelOf(source: ModelSource, options?: OpenModelOptions): Model | Promise<Model>
export function modelOf(source: ModelSource, options: OpenModelOptions = {}): Model | Promise<Model> {
  if (typeof source === 'string' || source instanceof URL) return fetched(source, options)
  return isModel(source) ? source : readModel(source as Bytes, options)
}

/**
 * A model from whatever has it.
 * @throws KerfError `not-found` where an address or a file does not answer, `aborted`, and as `readModel`
 */
export const openModel = async (source: ModelSource, options?: OpenModelOptions): Promise<Model> =>
  modelOf(source, options)

async function fetched(address: string | URL, options: OpenModelOptions): Promise<Model> {
  const { signal } = options
  try {
    return await readModel(await fetch(address, { signal }), options)
  } catch (error) {
    if (signal?.aborted) throw aborted('Reading the model', signal.reason)
    if (error instanceof KerfError) throw error
    throw new KerfError(
      'not-found',
      `${address} could not be fetched: ${(error as Error).message}. Check the address.`,
      {
        url: String(address),
      },
    )
  }
}
