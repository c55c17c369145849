// What a page loads: programs as users write them, bundled and minified by Vite and by esbuild, compressed by gzip.

import { readdirSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { type Rolldown, build as viteBuild } from 'vite'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const alias = Object.fromEntries(
  readdirSync(join(root, 'src/api'))
    .filter((name) => !name.includes('.node.'))
    .map((name) => basename(name, '.ts'))
    .map((name) => [name === 'index' ? 'kerf' : `kerf/${name}`, join(root, `src/api/${name}.ts`)]),
)

/** A file that a bundler has made, and what it imports from its beginning on. */
interface Chunk {
  readonly text: string | Uint8Array
  readonly isEntry: boolean
  readonly imports: readonly string[]
}

/**
 * Kilobytes of a page's scripts, as a server sends them, until the page has begun: the entry and what it imports. What a function imports when it is called – an
 * experiment of the lab, kernels of training – is loaded then, by every bundler.
 */
function sizeOf(chunks: ReadonlyMap<string, Chunk>): number {
  const loaded = new Set([...chunks].flatMap(([path, { isEntry }]) => (isEntry ? [path] : [])))
  for (const path of loaded) for (const imported of chunks.get(path)!.imports) loaded.add(imported)
  return [...loaded].reduce((sum, path) => sum + gzipSync(chunks.get(path)!.text).byteLength, 0) / 1000
}

async function byEsbuild(program: string): Promise<Map<string, Chunk>> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir: root },
    alias,
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    metafile: true,
    absWorkingDir: root,
    outdir: root,
  })
  return new Map(
    outputFiles.map(({ path, contents }) => {
      const name = relative(root, path).replaceAll('\\', '/')
      const { entryPoint, imports } = metafile.outputs[name]!
      const statements = imports.filter(({ kind }) => kind === 'import-statement').map((imported) => imported.path)
      return [name, { text: contents, isEntry: entryPoint === '<stdin>', imports: statements }]
    }),
  )
}

async function byVite(program: string): Promise<Map<string, Chunk>> {
  const page = join(root, 'page.js')
  const built = await viteBuild({
    ...{ root, configFile: false, logLevel: 'silent', publicDir: false },
    plugins: [
      {
        name: 'page',
        enforce: 'pre',
        resolveId: (id) => (id === 'page' ? page : alias[id]),
        load: (id) => (id === page ? program : undefined),
      },
    ],
    // Without Vite's own code, which fetches ahead what a chunk imports.
    build: {
      ...{ write: false, target: 'es2022', modulePreload: false },
      rolldownOptions: { input: 'page', preserveEntrySignatures: 'strict' },
    },
  })
  const { output } = built as Rolldown.RolldownOutput
  return new Map(
    output.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, { ...file, text: file.code }] as const] : [])),
  )
}

/** esbuild splits a page for every import that its program could make, though nothing of it is left (decision 0028): it has limits of its own. */
const bundlers = { Vite: byVite, esbuild: byEsbuild }

const pages: [what: string, program: string, limits: Readonly<Record<keyof typeof bundlers, number>>][] = [
  [
    'a page that profiles',
    `import { profileModel, readModel } from 'kerf'
     fetch('model.onnx').then(readModel).then((model) => console.log(profileModel(model).totals))`,
    { Vite: 63, esbuild: 69 },
  ],
  [
    'a page that runs a network',
    `import { createSession, imageToTensor, readModel } from 'kerf'
     const model = await readModel(await fetch('model.onnx'))
     const session = await createSession(model)
     console.log(await session.run({ input: imageToTensor(document.querySelector('img'), model) }))`,
    { Vite: 148.5, esbuild: 153 },
  ],
  [
    'a page with everything',
    Object.keys(alias)
      .map((name, i) => `export * as e${i} from '${name}'`)
      .join('\n'),
    { Vite: 400, esbuild: 412.5 },
  ],
]

describe.each(Object.keys(bundlers) as (keyof typeof bundlers)[])('bundled by %s', (bundler) => {
  it.each(pages)('%s', async (_, program, limits) => {
    expect(sizeOf(await bundlers[bundler](program))).toBeLessThanOrEqual(limits[bundler])
  })
})
