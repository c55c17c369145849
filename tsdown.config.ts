import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { build } from 'esbuild'
import { defineConfig, type Rolldown } from 'tsdown'

// What package.json's `exports` names: the files of src/api.
const api = readdirSync('src/api').map((name) => [`api/${basename(name, '.ts')}`, `src/api/${name}`])

const twin = '?for-cli'

/**
 * The command line takes its names from src/api. An entry point is kept with all that it lists, and whoever imports it loads that; of a twin, which is none,
 * nothing is left but the names that are taken: `kerf --version` loads a tenth so.
 */
const twinsOfEntries: Rolldown.Plugin = {
  name: 'twins-of-entries',
  async resolveId(source, importer = '') {
    const isEntry = importer.endsWith(twin)
      ? source.startsWith('./')
      : /[/\\]src[/\\]cli[/\\]/.test(importer) && /^(\.\.\/)+api\//.test(source)
    if (!isEntry) return
    const resolved = await this.resolve(source, importer, { skipSelf: true })
    return resolved && { id: `${resolved.id}${twin}`, moduleSideEffects: false }
  },
  load: (id) =>
    id.endsWith(twin) ? { code: readFileSync(id.slice(0, -twin.length), 'utf8'), moduleType: 'ts' } : undefined,
}

export default defineConfig({
  entry: {
    ...Object.fromEntries(api),
    'cli/main': 'src/cli/main.ts',
    // Runs in a thread of its own, which is started by this name from the chunk that holds worker-loader.node.ts.
    'chunks/loader-worker.node': 'src/data/worker/loader-worker.node.ts',
    // The same for sessions, from the chunk that holds spawn.node.ts.
    'chunks/session-worker.node': 'src/runtime/worker/session-worker.node.ts',
  },
  // What entry points share goes into few files, by room: loading hundreds of small ones takes Node twice as long.
  outputOptions: { chunkFileNames: 'chunks/[name]-[hash].js' },
  format: 'esm',
  plugins: [twinsOfEntries],
  // Nothing of Node's or a browser's is added; Node's modules are known where *.node.ts and cli/ import them.
  platform: 'neutral',
  deps: { neverBundle: /^node:/ },
  target: 'es2023',
  fixedExtension: false,
  dts: true,
  clean: true,
  // What workers of browsers run, threads and sessions: one file with everything in it, no module.
  onSuccess: async () => {
    const { workerSource } = await import(new URL('dist/api/runtime.js', import.meta.url).href)
    await build({
      entryPoints: ['src/runtime/worker/worker-file.ts'],
      outfile: 'dist/worker.js',
      banner: { js: workerSource },
      ...{ bundle: true, minify: true, platform: 'browser', format: 'iife', target: 'es2022', logLevel: 'warning' },
    })
  },
})
