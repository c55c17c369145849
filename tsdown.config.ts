import { readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { defineConfig } from 'tsdown'

// What package.json's `exports` names: the files of src/api.
const api = readdirSync('src/api').map((name) => [`api/${basename(name, '.ts')}`, `src/api/${name}`])

export default defineConfig({
  entry: {
    ...Object.fromEntries(api),
    'cli/main': 'src/cli/main.ts',
    // Runs in a thread of its own, which is started by this name from the chunk that holds worker-loader.node.ts.
    'chunks/loader-worker.node': 'src/data/worker/loader-worker.node.ts',
  },
  // What entry points share goes into few files, by room: loading hundreds of small ones takes Node twice as long.
  outputOptions: { chunkFileNames: 'chunks/[name]-[hash].js' },
  format: 'esm',
  // Nothing of Node's or a browser's is added; Node's modules are known where *.node.ts and cli/ import them.
  platform: 'neutral',
  deps: { neverBundle: /^node:/ },
  target: 'es2023',
  fixedExtension: false,
  dts: true,
  clean: true,
  // Threads of browsers can start from a file, too.
  onSuccess: async () => {
    const { workerSource } = await import(new URL('dist/api/runtime.js', import.meta.url).href)
    await writeFile(new URL('dist/worker.js', import.meta.url), workerSource)
  },
})
