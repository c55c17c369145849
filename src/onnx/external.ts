import { KerfError } from '../base/index.ts'
import { type ByteSource, rangeOf, type StreamedData } from './source.ts'

/** Where a tensor lies outside the model file (`external_data` in onnx.proto; docs/ExternalData.md of ONNX). */
export interface ExternalLocation {
  /** Path relative to the model's folder, with `/`. */
  readonly location: string
  /** First byte. */
  readonly offset: number
  /** In bytes; undefined where the file does not say: as many as the tensor needs. */
  readonly length: number | undefined
}

/**
 * Reads the entries of `external_data` and refuses locations that lead out of the model's folder.
 * @param place what messages name: `Tensor "w"`
 * @throws KerfError `path-escape`, or `damaged` for entries that make no sense
 */
export function externalLocation(
  entries: readonly { readonly key?: string; readonly value?: string }[],
  place: string,
): ExternalLocation {
  const values = new Map(entries.map((e) => [e.key ?? '', e.value ?? '']))
  const number = (key: string): number | undefined => {
    const text = values.get(key)
    if (text === undefined) return undefined
    const value = Number(text)
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
      throw new KerfError(
        'damaged',
        `${place} has the external data ${key} "${text}", which is no number of bytes. Export the model again.`,
      )
    return value
  }
  const location = values.get('location')
  if (location === undefined || location === '')
    throw new KerfError(
      'damaged',
      `${place} is stored outside the file, which does not say where. Export the model again.`,
    )
  const parts = location.split('/')
  if (/^[A-Za-z]:|[\\\0]/.test(location) || location.startsWith('/') || parts.includes('..') || parts.at(-1) === '')
    throw pathEscape(location, place)
  return {
    location: parts.filter((p) => p !== '' && p !== '.').join('/'),
    offset: number('offset') ?? 0,
    length: number('length'),
  }
}

export const pathEscape = (location: string, place: string): KerfError =>
  new KerfError(
    'path-escape',
    `${place} points to "${location}", outside the model's folder; Kerf reads weights from there only. ` +
      'Put the file into the folder of the model and export it again with a plain file name.',
    { location },
  )

/** Tensor data in another file, which need not be there until somebody asks for them. */
export class ExternalData implements StreamedData {
  readonly streamed = true
  readonly byteLength: number
  readonly location: ExternalLocation
  readonly #source: ByteSource | undefined
  readonly #place: string

  /** @param source undefined: the model was read from memory, and nobody said where its weights are */
  constructor(location: ExternalLocation, byteLength: number, place: string, source: ByteSource | undefined) {
    this.location = location
    this.byteLength = byteLength
    this.#place = place
    this.#source = source
  }

  bytes(from?: number, count?: number, into?: ArrayBuffer): Uint8Array {
    const { offset, length } = rangeOf(this, from, count)
    return this.check().read(this.location.offset + offset, length, into)
  }

  /**
   * Looks whether the file is there and long enough, without reading it.
   * @throws KerfError `external-missing`, `external-too-short`, `path-escape`
   */
  check(): ByteSource {
    const { location, offset } = this.location
    if (!this.#source)
      throw new KerfError(
        'external-missing',
        `${this.#place} is stored in "${location}", outside the model's bytes. Give readModel the option external, which finds that file.`,
        { location },
      )
    let size: number
    try {
      size = this.#source.size
    } catch (error) {
      if (!(error instanceof KerfError) || error.code !== 'not-found') throw error
      throw new KerfError(
        'external-missing',
        `${this.#place} is stored in "${location}" beside the model, and that file does not exist. ` +
          'Put it into the folder of the model, or export the model with its weights inside.',
        { location, path: error.details.path },
      )
    }
    const needed = offset + this.byteLength
    if (size < needed)
      throw new KerfError(
        'external-too-short',
        `${this.#place} is stored in "${location}", bytes ${offset} to ${needed}, but that file has only ${size} bytes. ` +
          'It is cut short or belongs to another model: copy or export it again.',
        { location, needed, size },
      )
    return this.#source
  }
}
