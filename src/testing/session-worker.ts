// What sessions' workers run, bundled from the sources: the built package has both as files.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { workerSource } from '../runtime/index.ts'

const entry = (name: string) => fileURLToPath(new URL(`../runtime/worker/${name}`, import.meta.url))

/** The file `kerf/worker`, as tsdown.config.ts builds it. */
export async function browserWorkerFile(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry('worker-file.ts')],
    banner: { js: workerSource },
    ...{ bundle: true, platform: 'browser', format: 'iife', target: 'es2022', write: false },
  })
  return outputFiles[0]!.text
}

/** The file for Node, in a folder of its own. */
export async function nodeWorkerFile(): Promise<{ readonly url: URL; remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'kerf-session-'))
  const outfile = join(folder, 'session-worker.mjs')
  await build({
    entryPoints: [entry('session-worker.node.ts')],
    ...{ bundle: true, platform: 'node', format: 'esm', outfile },
  })
  return { url: pathToFileURL(outfile), remove: () => rmSync(folder, { recursive: true, force: true }) }
}
