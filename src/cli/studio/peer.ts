import { readFileSync, realpathSync, statSync } from 'node:fs'
import { join, sep } from 'node:path'
import { KerfError } from '../../base/index.ts'
import { type PageFile, typeOf } from './files.ts'

/*
 * Another runtime for the page to measure beside: onnxruntime-web, as npm installs it. These files of it are served, and nothing else of its folder.
 */

/** What the page imports. */
const script = 'ort.wasm.min.mjs'

/** The script, and what it loads. */
const names: readonly string[] = [script, 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm']

/** Another runtime, as the server has it. */
export interface Peer {
  readonly name: string
  /** Address of its script among `files`. */
  readonly script: string
  /** By addresses below the page's own: read once, so that no request reaches the disk. */
  readonly files: ReadonlyMap<string, PageFile>
}

/**
 * Finds onnxruntime-web.
 * @param folder the package's own, its `dist`, or one with `node_modules`
 * @throws KerfError `not-found` where it is in none of these, or where it lacks a file
 */
export function findPeer(folder: string): Peer {
  const places = [join(folder, 'dist'), join(folder, 'node_modules', 'onnxruntime-web', 'dist'), folder]
  // A project's own `dist` may hold some of them, too: bundlers copy the binary.
  const [{ place, lacks }] = places
    .map((place) => ({ place, lacks: names.filter((name) => !isFile(place, name)) }))
    .toSorted((a, b) => a.lacks.length - b.lacks.length) as [{ place: string; lacks: string[] }]
  if (lacks.length === names.length)
    throw new KerfError(
      'not-found',
      `${folder} has no onnxruntime-web: ${script} was looked for in ${places.join(', ')}. Install it there: npm install onnxruntime-web.`,
      { path: folder },
    )
  if (lacks.length > 0)
    throw new KerfError(
      'not-found',
      `onnxruntime-web in ${place} lacks ${lacks.join(' and ')}. Install it again, or a newer version: npm install onnxruntime-web.`,
      { path: place, lacks },
    )
  const files = names.map(
    (name) =>
      [`peer/${name}`, { content: new Uint8Array(readFileSync(join(place, name))), type: typeOf(name)! }] as const,
  )
  return { name: 'onnxruntime-web', script: `peer/${script}`, files: new Map(files) }
}

/** Whether there is such a file. What a link leads out of the folder is none: its name would say of something else that it is onnxruntime-web. */
function isFile(folder: string, name: string): boolean {
  const path = join(folder, name)
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return false
  return realpathSync(path).startsWith(join(realpathSync(folder), sep))
}
