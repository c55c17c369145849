import { defineConfig } from 'tsdown'

export default defineConfig({
  // A room's index is an entry point. `exports` in package.json decides which of them are public.
  entry: ['src/index.ts', 'src/*/index.ts', 'src/*/index.node.ts', 'src/cli/main.ts'],
  root: 'src',
  // One output per source file: stack traces and imports look like the sources, and each entry point loads only its own.
  unbundle: true,
  format: 'esm',
  // Only so that `node:` is known where *.node.ts and cli/ import it; nothing is added to the output.
  platform: 'node',
  target: 'es2023',
  fixedExtension: false,
  dts: true,
  clean: true,
})
