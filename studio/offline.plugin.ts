import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'

/** For a folder that any server serves; the server of `kerf studio` sends a stricter one. Style elements have no number there that is drawn for each load. */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

/** What the service worker does not keep: itself, and texts that the page does not ask for. */
const isKept = (file: string) => file !== 'service-worker.js' && !/^[.]|[.](md|map)$/.test(file)

/**
 * Tells the service worker the files of the build, and the page the policy that it keeps to without a server's help.
 * @param publicFolder files that are copied as they are
 */
export const offline = (publicFolder: string): Plugin => ({
  name: 'kerf-offline',
  apply: 'build',
  enforce: 'post',
  transformIndexHtml: {
    order: 'post',
    handler: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: policy },
        injectTo: 'head-prepend',
      },
    ],
  },
  generateBundle: {
    order: 'post',
    handler(_, bundle) {
      const hash = createHash('sha256')
      const add = (name: string, content: string | Uint8Array) => {
        hash.update(`${name}\0`).update(content)
        return `./${name}`
      }
      const copied = readdirSync(publicFolder)
        .filter(isKept)
        .map((name) => add(name, readFileSync(join(publicFolder, name))))
      const made = Object.entries(bundle)
        .filter(([name]) => isKept(name))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, file]) => add(name, file.type === 'chunk' ? file.code : file.source))
      const worker = bundle['service-worker.js']
      if (worker?.type !== 'chunk') throw new Error('The build has no service-worker.js.')
      const values = {
        KERF_FILES: [...copied, ...made],
        KERF_BUILD: hash.update(worker.code).digest('hex').slice(0, 16),
        KERF_POLICY: policy,
      }
      for (const [name, value] of Object.entries(values)) {
        if (!worker.code.includes(name)) throw new Error(`The service worker does not use ${name}.`)
        worker.code = worker.code.replaceAll(name, JSON.stringify(value))
      }
    },
  },
})
