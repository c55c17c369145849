// Times are measured in a page, on Kerf's runtime and on onnxruntime-web, and a network is slimmed there.

import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openData } from '../../src/data/index.node.ts'
import { describeBrowser, launch } from '../../src/testing/browser/chromium.ts'
import { bundlePage, isolation, serve } from '../../src/testing/browser/server.ts'
import type { MeasuredInPage } from '../../src/testing/browser/times-page.ts'

/** The files of onnxruntime-web, where `bench/` has it: `npm ci --prefix bench`. */
function ortFiles(): Record<string, Uint8Array> | undefined {
  try {
    const require = createRequire(new URL('../../bench/package.json', import.meta.url))
    const folder = dirname(require.resolve('onnxruntime-web'))
    const names = ['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm']
    if (!names.every((name) => existsSync(join(folder, name)))) return undefined
    const files = Object.fromEntries(
      names.map((name) => [`/${name}`, new Uint8Array(readFileSync(join(folder, name)))]),
    )
    return { ...files, '/ort.mjs': files['/ort.wasm.min.mjs']! }
  } catch {
    return undefined
  }
}

const ort = ortFiles()
const perLayer = 0.004

describeBrowser('times in a browser', () => {
  let browser: Browser
  let files: Record<string, string | Uint8Array>
  beforeAll(async () => {
    const [opened, script, { train }] = await Promise.all([
      launch(),
      bundlePage('times-page.ts'),
      openData({ kind: 'mnist', path: 'examples/digits' }),
    ])
    browser = opened
    const pixels = new Float32Array(60 * 28 * 28)
    for (let i = 0; i < 60; i++) await train.read(i, pixels.subarray(i * 784, (i + 1) * 784))
    files = {
      '/page.js': script,
      '/model.onnx': new Uint8Array(readFileSync('examples/digits/lenet5.onnx')),
      '/images.f32': new Uint8Array(pixels.buffer),
      ...ort,
    }
  })
  afterAll(() => browser?.close())

  async function measure(runtime: string): Promise<MeasuredInPage> {
    const server = await serve(files, isolation)
    const context = await browser.newContext()
    try {
      const page = await context.newPage()
      const problems: string[] = []
      page.on('pageerror', (error) => problems.push(String(error)))
      await page.goto(server.url, { waitUntil: 'load' })
      const result = (await page.evaluate(`measureAndSlim('${runtime}', ${perLayer})`)) as MeasuredInPage
      expect(problems).toEqual([])
      return result
    } finally {
      await context.close()
      await server.close()
    }
  }

  function check({ table, macs, target, stages, told }: MeasuredInPage, runtime: string): void {
    expect(table.on).toMatchObject({ runtime, threads: 1, machine: expect.stringContaining('Chrome') })
    // Three convolutions, two poolings, two linear layers.
    expect(Object.keys(table.layers)).toHaveLength(7)
    for (const { ms } of Object.values(table.layers).flat()) expect(ms).toBeGreaterThan(0)
    expect(table.networks).toHaveLength(3)
    expect(target.of).toBe('milliseconds')
    expect(target.before / target.limit).toBeCloseTo(1.5, 6)
    expect(target.reached).toBeGreaterThan(0)
    expect(macs[1]).toBeLessThan(macs[0])
    expect(stages).toEqual(['given', 'cut', 'recovered', 'round'])
    expect(told).toContain('timing layers')
  }

  it('Kerf measures itself, and slims, in a page that is isolated', async () => {
    check(await measure('kerf'), 'kerf')
  }, 120_000)

  it.skipIf(!ort)(
    `onnxruntime-web${ort ? '' : ' (skipped: npm ci --prefix bench installs it)'}`,
    async () => {
      const measured = await measure('ort-web')
      check(measured, 'ort-web')
      expect(measured.table.on.version).toMatch(/^\d+\.\d+\.\d+$/)
    },
    120_000,
  )
})
