import { writeFile } from 'node:fs/promises'
import { defineConfig } from 'tsdown'

export default defineConfig({
  // A room's index is an entry point. `exports` in package.json decides which of them are public.
  // And what runs in threads of its own.
  entry: [
    ...['src/index.ts', 'src/index.node.ts', 'src/*/index.ts', 'src/*/index.node.ts', 'src/cli/main.ts'],
    'src/data/worker/loader-worker.node.ts',
  ],
  root: 'src',
  // What entry points share goes into few files, by room: loading hundreds of small ones takes Node twice as long.
  outputOptions: { chunkFileNames: 'chunks/[name]-[hash].js' },
  format: 'esm',
  // Only so that `node:` is known where *.node.ts and cli/ import it; nothing is added to the output.
  platform: 'node',
  target: 'es2023',
  fixedExtension: false,
  dts: true,
  clean: true,
  // Threads of browsers can start from a file, too.
  onSuccess: async () => {
    const { workerSource } = await import(new URL('dist/runtime/index.js', import.meta.url).href)
    await writeFile(new URL('dist/runtime/worker.js', import.meta.url), workerSource)
  },
})
