// For tests of what fetches data sets: files in their formats, and a server of them.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'

/** An IDX file. */
export function idxFile(sizes: readonly number[], bytes: ArrayLike<number>): Buffer {
  const header = Buffer.alloc(4 + 4 * sizes.length)
  header.writeUInt32BE(0x800 + sizes.length)
  for (const [i, size] of sizes.entries()) header.writeUInt32BE(size, 4 + 4 * i)
  return Buffer.concat([header, Buffer.from(bytes)])
}

/** CIFAR-10's archive of batches. */
export async function cifarArchive(batches: Readonly<Record<string, Buffer>>): Promise<Buffer> {
  const archive = pack()
  archive.entry({ name: 'cifar-10-batches-bin/', type: 'directory' })
  archive.entry({ name: 'cifar-10-batches-bin/readme.html' }, 'text')
  for (const [name, bytes] of Object.entries(batches)) archive.entry({ name: `cifar-10-batches-bin/${name}` }, bytes)
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  return gzipSync(Buffer.concat(chunks))
}

/**
 * A server's answers: files, and parts of them, as real ones know them.
 * @param send how the bytes go out; all at once by default
 */
export function serveFiles(
  files: Readonly<Record<string, Uint8Array>>,
  send = (response: ServerResponse, bytes: Uint8Array): unknown => response.end(bytes),
) {
  return ({ url = '', headers }: IncomingMessage, response: ServerResponse): void => {
    const bytes = files[url.slice(1)]
    const start = Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0)
    if (!bytes) response.writeHead(404).end('no such file')
    else if (start >= bytes.length && start > 0)
      response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
    else {
      const partial = start > 0 ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}
      response.writeHead(start > 0 ? 206 : 200, { 'content-length': bytes.length - start, ...partial })
      send(response, bytes.subarray(start))
    }
  }
}
