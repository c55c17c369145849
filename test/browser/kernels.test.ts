// The tests of kernels in Chromium, where engines differ: dot products of bytes are one instruction there or three, and rounded sums fused or not.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { expect, it } from 'vitest'
import { describeBrowser, launch } from '../../src/testing/browser/chromium.ts'
import { isolation, serve } from '../../src/testing/browser/server.ts'
import type { PageResults } from '../../src/testing/browser/vitest-in-page.ts'

const at = (path: string) => fileURLToPath(new URL(`../../src/${path}`, import.meta.url))
const steps = at('runtime/backends/wasm/steps')

/** Those start processes or threads of Node. */
const ofNode = ['kernels-apart.test.ts', 'threads.test.ts']
const files = readdirSync(steps, { recursive: true, encoding: 'utf8' }).filter(
  (path) => path.endsWith('.test.ts') && !ofNode.some((name) => path.endsWith(name)),
)

/** There is no machine code in a page. */
const withoutNode: Plugin = {
  name: 'without Node',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^vitest$/ }, () => ({ path: at('testing/browser/vitest-in-page.ts') }))
    onResolve({ filter: /native\.node\.ts$|kernels-apart\.node\.ts$/ }, ({ path }) => ({ path, namespace: 'none' }))
    onLoad({ filter: /.*/, namespace: 'none' }, () => ({
      contents: 'export const nativeKernels = () => undefined; export const kernelsApart = () => undefined',
    }))
  },
}

async function page(): Promise<string> {
  const loaded = files.map((path) => `${JSON.stringify(path)}: () => import(${JSON.stringify(join(steps, path))})`)
  const contents = `
    import { runInPage } from 'vitest'
    import { exactDots } from ${JSON.stringify(at('runtime/backends/wasm/engine/module.ts'))}
    globalThis.results = runInPage({ ${loaded.join(', ')} }).then((found) => ({ ...found, dots: exactDots() }))`
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: steps, loader: 'ts' },
    plugins: [withoutNode],
    ...{ bundle: true, platform: 'browser', target: 'es2022', format: 'esm', write: false, logLevel: 'silent' },
  })
  return outputFiles[0]!.text
}

describeBrowser('kernels in a browser', () => {
  it('pass their tests', async () => {
    const [browser, script] = await Promise.all([launch(), page()])
    const server = await serve({ '/page.js': script }, isolation)
    try {
      const opened = await browser.newPage()
      await opened.goto(server.url, { waitUntil: 'load' })
      const { passed, failed, dots } = await opened.evaluate(
        // What the page's script leaves there.
        () => (globalThis as unknown as { results: Promise<PageResults & { dots: { products: number } }> }).results,
      )
      expect(failed).toEqual([])
      expect(passed).toBeGreaterThan(800)
      // Every Chromium of today has relaxed SIMD.
      expect(dots.products).toBeGreaterThan(0)
    } finally {
      await browser.close()
      await server.close()
    }
  })
})
