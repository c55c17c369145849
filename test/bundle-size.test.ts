// What a page loads: programs as users write them, bundled and minified by esbuild, compressed by gzip.

import { readdirSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const entries = readdirSync(join(root, 'src/api'))
  .filter((name) => !name.includes('.node.'))
  .map((name) => basename(name, '.ts'))

/**
 * Kilobytes of a page's scripts, as a server sends them, until the page has begun: the entry and what it imports. What a function imports when it is called – an
 * experiment of the lab – is loaded then, by every bundler.
 */
async function sizeOf(program: string): Promise<number> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir: root },
    alias: Object.fromEntries(
      entries.map((name) => [name === 'index' ? 'kerf' : `kerf/${name}`, join(root, `src/api/${name}.ts`)]),
    ),
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
  const { outputs } = metafile
  const loaded = new Set(Object.keys(outputs).filter((path) => outputs[path]!.entryPoint === '<stdin>'))
  for (const path of loaded)
    for (const { kind, path: imported } of outputs[path]!.imports) if (kind === 'import-statement') loaded.add(imported)
  const files = outputFiles.filter(({ path }) => loaded.has(relative(root, path).replaceAll('\\', '/')))
  expect(files).toHaveLength(loaded.size)
  return files.reduce((sum, { contents }) => sum + gzipSync(contents).byteLength, 0) / 1000
}

const everything = entries.map((name, i) => `export * as e${i} from '${name === 'index' ? 'kerf' : `kerf/${name}`}'`)

const pages: [what: string, limit: number, program: string][] = [
  [
    'a page that profiles',
    65,
    `import { profileModel, readModel } from 'kerf'
     fetch('model.onnx').then(readModel).then((model) => console.log(profileModel(model).totals))`,
  ],
  [
    'a page that runs a network',
    178,
    `import { createSession, imageToTensor, readModel } from 'kerf'
     const model = await readModel(await fetch('model.onnx'))
     const session = await createSession(model)
     console.log(await session.run({ input: imageToTensor(document.querySelector('img'), model) }))`,
  ],
  ['a page with everything', 435, everything.join('\n')],
]

it.each(pages)('%s takes at most %i kB', async (_, limit, program) => {
  expect(await sizeOf(program)).toBeLessThanOrEqual(limit)
})
