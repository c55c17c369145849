// The core runs unchanged in a browser: it bundles without any of Node's modules, and what was bundled starts in a
// realm that has none of Node's globals.

import { readdirSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import { build, type Plugin } from 'esbuild'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

interface Bundle {
  code: string
  /** `importer imports module`, for every module of Node's that the bundle would need. */
  nodeImports: string[]
}

/** Bundles for a browser. A module of Node's is noted and left out instead of stopping the build at the first one. */
async function bundle(source: { entry: string } | { contents: string }): Promise<Bundle> {
  const nodeImports: string[] = []
  const noteNodeImports: Plugin = {
    name: 'note-node-imports',
    setup({ onResolve }) {
      onResolve({ filter: /.*/ }, ({ path, importer }) => {
        if (!path.startsWith('node:') && !builtinModules.includes(path)) return undefined
        nodeImports.push(`${importer.replace(root, '')} imports ${path}`)
        return { path, external: true }
      })
    },
  }
  const result = await build({
    ...('entry' in source
      ? { entryPoints: [source.entry] }
      : { stdin: { contents: source.contents, sourcefile: 'inline.ts', loader: 'ts', resolveDir: root } }),
    absWorkingDir: root,
    bundle: true,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    globalName: 'bundled',
    write: false,
    metafile: true,
    logLevel: 'silent',
    plugins: [noteNodeImports],
  })
  const externals = Object.values(result.metafile.outputs).flatMap((output) => output.imports)
  // The notes are complete only if nothing else stayed outside the bundle.
  expect(externals).toHaveLength(nodeImports.length)
  return { code: result.outputFiles[0]?.text ?? '', nodeImports }
}

/** Runs a bundle with the globals that browsers and workers have besides the language's own. */
function evaluate(code: string): Record<string, unknown> {
  const web = { TextEncoder, TextDecoder, AbortController, AbortSignal, URL, performance, structuredClone, setTimeout }
  const context = createContext({ ...web })
  for (const name of ['process', 'Buffer', 'require', 'global']) {
    expect(runInContext(`typeof ${name}`, context)).toBe('undefined')
  }
  runInContext(code, context)
  return context.bundled
}

/** The entry points that browsers get, as they are written and as they are built. */
const entries = readdirSync(join(root, 'src/api'))
  .filter((name) => !name.includes('.node.'))
  .flatMap((name) => [`src/api/${name}`, `dist/api/${basename(name, '.ts')}.js`])

describe('the bundle for a browser', () => {
  it.each(entries)('needs none of the modules of Node, and starts without the globals of Node: %s', async (entry) => {
    const { code, nodeImports } = await bundle({ entry })
    expect(nodeImports).toEqual([])
    expect(Object.keys(evaluate(code)).length).toBeGreaterThan(0)
  })

  it.each(['node:fs', 'fs', 'node:fs/promises', 'path'])('would not hide an import of %s', async (name) => {
    const { nodeImports } = await bundle({ contents: `import * as module from '${name}'; export const all = module` })
    expect(nodeImports).toEqual([`inline.ts imports ${name}`])
  })

  it.each(['process.cwd()', 'Buffer.alloc(1)'])('would not run with %s in it', async (expression) => {
    const { code } = await bundle({ contents: `export const value = ${expression}` })
    expect(() => evaluate(code)).toThrow(/is not defined/)
  })
})
