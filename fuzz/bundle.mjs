import { mkdirSync, mkdtempSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const at = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url))

/**
 * Bundles `main.ts` and `worker.ts` from the sources, as the oldest Node reads no TypeScript, into a folder of its own where packages are found.
 * @returns the folder, for the caller to remove
 */
export async function bundle() {
  mkdirSync(at('../node_modules/.kerf'), { recursive: true })
  const outdir = mkdtempSync(at('../node_modules/.kerf/fuzz-'))
  await build({
    entryPoints: [at('main.ts'), at('worker.ts')],
    ...{
      outdir,
      bundle: true,
      splitting: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      target: 'node20',
    },
    chunkNames: '[name]-[hash]',
    logLevel: 'warning',
  })
  return outdir
}
