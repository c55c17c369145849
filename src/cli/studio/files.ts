import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { KerfError } from '../../base/index.ts'

/** What the server answers for an address. */
export interface PageFile {
  readonly content: Uint8Array<ArrayBuffer>
  readonly type: string
}

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json',
  webmanifest: 'application/manifest+json',
  wasm: 'application/wasm',
  svg: 'image/svg+xml',
  png: 'image/png',
  md: 'text/plain; charset=utf-8',
  onnx: 'application/octet-stream',
  gz: 'application/gzip',
}

/** Of a file of this name; undefined for those that no page needs. */
export const typeOf = (name: string): string | undefined => types[name.split('.').at(-1)!]

/**
 * The page as the build made it, by addresses: read once, so that no request reaches the disk. Links are left out, and what has a type that no page needs.
 * @throws KerfError `not-found` where it was not built
 */
export function pageFiles(folder: string): Map<string, PageFile> {
  const files = new Map<string, PageFile>()
  for (const path of filesUnder(folder)) {
    const address = relative(folder, path).split(sep).join('/')
    const type = typeOf(address)
    if (type) files.set(address, { content: new Uint8Array(readFileSync(path)), type })
  }
  if (files.has('index.html')) return files
  throw new KerfError(
    'not-found',
    `${folder} has no index.html: the page was not built. Run npm run build, or install Kerf again.`,
    { path: folder },
  )
}

function filesUnder(folder: string): string[] {
  if (!lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.'))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return filesUnder(path)
      return entry.isFile() ? [path] : []
    })
}
