import { type ByteSource, KerfError } from 'kerf'
import type { ServedFile } from './model-source.ts'

/** A file of the server, of which parts are asked for when they are needed: external data may be larger than what a browser keeps. In workers only. */
export const servedSource = ({ name, size, url, tag }: ServedFile): ByteSource => ({
  name,
  size,
  read(offset, length) {
    if (length === 0) return new Uint8Array(0)
    const request = new XMLHttpRequest()
    // Reading is synchronous; a worker may wait.
    request.open('GET', url, false)
    request.responseType = 'arraybuffer'
    request.setRequestHeader('Range', `bytes=${offset}-${offset + length - 1}`)
    request.setRequestHeader('If-Match', tag)
    request.send()
    if (request.status === 206) return new Uint8Array(request.response as ArrayBuffer)
    const why = new TextDecoder().decode(request.response as ArrayBuffer).trim()
    throw new KerfError(request.status === 412 ? 'file-changed' : 'not-found', `${why} Read the model again.`, {
      ...{ name, status: request.status },
    })
  },
})
