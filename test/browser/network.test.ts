// A whole network in headless Chromium, with threads and without, against ONNX Runtime in Node.

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Model } from '../../src/graph/index.ts'
import { nets } from '../../src/nets/index.ts'
import { modelBytes } from '../../src/onnx/index.ts'
import { hasOrt, randomTensor, runOrt } from '../ort.ts'
import { describeBrowser, launch } from './chromium.ts'
import type { PageRun } from './page.ts'
import { bundlePage, isolation, serve } from './server.ts'

const threadWorkers = (page: Page) => page.workers().length

/** The largest difference as a part of the largest value. */
function difference(actual: readonly number[], expected: ArrayLike<number>): number {
  const wanted = Array.from(expected)
  if (actual.length !== wanted.length) return Number.POSITIVE_INFINITY
  const worst = Math.max(...actual.map((v, i) => Math.abs(v - (wanted[i] as number))))
  return worst / Math.max(...wanted.map(Math.abs))
}

const networks: readonly (readonly [name: string, make: () => Model, size: number])[] = [
  ['ResNet-20', () => nets.resnet20({ batch: 1 }), 32],
  ['SqueezeNet', () => nets.squeezenet1_1({ batch: 1, inputSize: 64, classes: 10 }), 64],
  ['MobileNetV2', () => nets.mobilenet_v2({ batch: 1, inputSize: 64, classes: 10 }), 64],
]

describeBrowser('in a browser', () => {
  let browser: Browser
  let script: string
  beforeAll(async () => {
    ;[browser, script] = await Promise.all([launch(), bundlePage()])
  })
  afterAll(() => browser?.close())

  /** Opens a page on a network; `expected` is what ONNX Runtime says. */
  async function withPage(
    make: () => Model,
    size: number,
    headers: Readonly<Record<string, string>>,
    body: (at: {
      page: Page
      console: string[]
      shape: readonly number[]
      expected: ArrayLike<number>
    }) => Promise<void>,
  ): Promise<void> {
    const model = modelBytes(make())
    const input = randomTensor([1, 3, size, size], 20)
    const { logits } = hasOrt ? await runOrt(model, { input }) : { logits: undefined }
    const pixels = new Uint8Array((input.data as Float32Array).buffer)
    const server = await serve({ '/page.js': script, '/model.onnx': model, '/input.f32': pixels }, headers)
    const context = await browser.newContext()
    try {
      const page = await context.newPage()
      const console: string[] = []
      page.on('console', (message) => console.push(message.text()))
      page.on('pageerror', (error) => console.push(String(error)))
      await page.goto(server.url, { waitUntil: 'load' })
      await body({ page, console, shape: input.dims, expected: logits?.data as Float32Array })
    } finally {
      await context.close()
      await server.close()
    }
  }

  const run = (page: Page, threads: number | undefined, shape: readonly number[]): Promise<PageRun> =>
    page.evaluate(`runNetwork(${threads}, ${JSON.stringify(shape)})`)

  it.skipIf(!hasOrt).each(networks)('%s agrees on two threads, where the page is isolated', async (_, make, size) => {
    await withPage(make, size, isolation, async ({ page, console, shape, expected }) => {
      const result = await run(page, 2, shape)
      expect(result).toMatchObject({ backend: 'wasm', threads: 2, isolated: true })
      expect(difference(result.logits, expected)).toBeLessThan(1e-4)
      expect(console).toEqual([])
    })
  })

  it.skipIf(!hasOrt).each(networks)('%s agrees on one thread', async (_, make, size) => {
    await withPage(make, size, {}, async ({ page, console, shape, expected }) => {
      const result = await run(page, undefined, shape)
      expect(result).toMatchObject({ backend: 'wasm', threads: 1, isolated: false })
      expect(difference(result.logits, expected)).toBeLessThan(1e-4)
      expect(threadWorkers(page)).toBe(0)
      expect(console).toEqual([])
    })
  })

  it('falls back to one thread with a visible notice, where the page is not isolated', async () => {
    const [, make, size] = networks[0] as (typeof networks)[0]
    await withPage(make, size, {}, async ({ page, console, shape, expected }) => {
      const result = await run(page, 2, shape)
      expect(result).toMatchObject({ threads: 1, isolated: false })
      expect(console).toEqual([expect.stringMatching(/^kerf: 2 threads were asked for, one is used: .*COOP and COEP/)])
      if (hasOrt) expect(difference(result.logits, expected)).toBeLessThan(1e-4)
    })
  })

  it('releases its threads', async () => {
    const [, make, size] = networks[0] as (typeof networks)[0]
    await withPage(make, size, isolation, async ({ page, shape }) => {
      await run(page, 3, shape)
      expect(threadWorkers(page)).toBe(2)
      await page.evaluate('disposeSession()')
      await expect.poll(() => threadWorkers(page), { timeout: 10_000 }).toBe(0)
    })
  })
})
