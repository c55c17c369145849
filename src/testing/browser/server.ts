// A local server with one page, the bundled library, a network and its input; with or without the headers that threads need.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** They isolate a page from other origins, which is what browsers ask for before they share memory between threads. */
export const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

export interface Served {
  readonly url: string
  close(): Promise<void>
}

/** A page's script as a browser gets it. @param entry a file of this folder */
export async function bundlePage(entry = 'page.ts'): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    write: false,
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}

/** @param files content by path; `/` is the page, which loads `/page.js` */
export async function serve(
  files: Readonly<Record<string, string | Uint8Array>>,
  headers: Readonly<Record<string, string>>,
): Promise<Served> {
  const page =
    '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>Kerf</title><script type="module" src="/page.js"></script>'
  const types: Readonly<Record<string, string>> = {
    js: 'text/javascript',
    mjs: 'text/javascript',
    wasm: 'application/wasm',
    '/': 'text/html',
  }
  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    const content = path === '/' ? page : files[path]
    if (content === undefined) {
      response.writeHead(404).end()
      return
    }
    const type = types[path.split('.').at(-1)!] ?? 'application/octet-stream'
    response.writeHead(200, { ...headers, 'Content-Type': type }).end(content)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
