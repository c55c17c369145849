import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { offline } from './offline.plugin.ts'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Kerf by the names of its entry points, from its sources, as a browser gets them. */
const alias = [
  { find: /^kerf$/, replacement: at('../src/api/index.ts') },
  // A file of its own, which sessions start their workers from: built before.
  { find: /^kerf\/worker(?=\?url$)/, replacement: at('../dist/worker.js') },
  { find: /^kerf\/([a-z]+)$/, replacement: `${at('../src/api')}/$1.ts` },
]

export default defineConfig({
  root: at('.'),
  // The folder works under any address.
  base: './',
  resolve: { alias },
  plugins: [react(), offline(at('public'))],
  worker: { format: 'es' },
  build: {
    ...{ outDir: at('../dist/studio'), emptyOutDir: true, target: 'es2023', license: true },
    rolldownOptions: {
      input: { index: at('index.html'), 'service-worker': at('src/offline/service-worker.ts') },
      // A service worker's name stays the same, and its folder is what it serves.
      output: {
        entryFileNames: ({ name }) => (name === 'service-worker' ? 'service-worker.js' : 'assets/[name]-[hash].js'),
      },
    },
  },
})
