import { type ByteSource, blobSource, KerfError, type Model, readModel } from 'kerf'
import type { ModelSource, ServedFile } from './model-source.ts'
import { servedSource } from './served-source.ts'

/** What was read. */
export interface ReadModel {
  readonly name: string
  readonly model: Model
  /** Of all files that were read; undefined where there was none. */
  readonly bytes: number | undefined
  /** The names of those of the files that it uses. */
  readonly used: readonly string[]
  /** External data that were not given: their paths in the model's folder. */
  readonly missing: readonly string[]
}

/** @throws KerfError as `readModel` and `buildNet`; `not-found` and `file-changed` for what a server does not have any more */
export async function readFrom(source: ModelSource): Promise<ReadModel> {
  if (source.from === 'example') {
    const file = await fetched({ name: 'lenet5.onnx', url: digits.href, size: 0, tag: '' })
    return withExternal(blobSource(file, 'lenet5.onnx'), 'lenet5.onnx', () => undefined)
  }
  if (source.from === 'net') {
    const { buildNet } = await import('kerf/nets')
    return { name: source.net, model: buildNet(source.net), bytes: undefined, used: [], missing: [] }
  }
  if (source.from === 'files') {
    const [{ path, file }, ...others] = source.files
    const folder = path.slice(0, path.lastIndexOf('/') + 1)
    return withExternal(blobSource(file), file.name, (location) => {
      // Data that were picked one by one have lost their folder.
      const [inFolder, byName] = [folder + location, location.split('/').at(-1)!].map((wanted) =>
        others.find((other) => other.path === wanted),
      )
      const found = inFolder ?? byName
      return found && blobSource(found.file, found.path)
    })
  }
  const [own, ...others] = source.files
  // All of it at once: it is on this machine, and what was read stays as it was.
  return withExternal(blobSource(await fetched(own), own.name), own.name, (location) => {
    const found = others.find(({ name }) => name === location)
    return found && servedSource(found)
  })
}

function withExternal(source: ByteSource, name: string, find: (location: string) => ByteSource | undefined): ReadModel {
  const missing: string[] = []
  const used: string[] = []
  let bytes = source.size
  const model = readModel(source, {
    name,
    external(location) {
      const found = find(location)
      if (!found) {
        missing.push(location)
        return absent(location)
      }
      bytes += found.size
      used.push(found.name)
      return found
    },
  })
  return { name, model, bytes, used, missing }
}

/** A file that is not there: whoever needs its bytes is told by the library. */
const absent = (name: string): ByteSource => {
  const missing = () => new KerfError('not-found', `${name} was not given. Drop it together with the model.`, { name })
  return {
    name,
    get size(): number {
      throw missing()
    },
    read() {
      throw missing()
    },
  }
}

async function fetched({ url, name, tag }: ServedFile): Promise<Blob> {
  const response = await fetch(url, { headers: tag ? { 'If-Match': tag } : {} })
  if (response.ok) return response.blob()
  const why = (await response.text()).trim()
  const changed = response.status === 412
  throw new KerfError(changed ? 'file-changed' : 'not-found', `${why} ${changed ? 'Read it again.' : ''}`.trim(), {
    name,
    status: response.status,
  })
}

const digits = new URL('../../../examples/digits/lenet5.onnx', import.meta.url)
