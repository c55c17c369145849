// A whole network in headless Chromium, with threads and without, against ONNX Runtime in Node.

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { GraphBuilder, type Model } from '../../src/graph/index.ts'
import { nets } from '../../src/nets/index.ts'
import { modelBytes } from '../../src/onnx/index.ts'
import { workerSource } from '../../src/runtime/index.ts'
import { describeBrowser, launch } from '../../src/testing/browser/chromium.ts'
import type { PageRun } from '../../src/testing/browser/page.ts'
import { bundlePage, isolation, serve } from '../../src/testing/browser/server.ts'
import { hasOrt, randomTensor, runOrt } from '../../src/testing/ort.ts'

const threadWorkers = (page: Page) => page.workers().length

/** The largest difference as a part of the largest value. */
function difference(actual: readonly number[], expected: ArrayLike<number>): number {
  const wanted = Array.from(expected)
  if (actual.length !== wanted.length) return Number.POSITIVE_INFINITY
  const worst = Math.max(...actual.map((v, i) => Math.abs(v - wanted[i]!)))
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
    const server = await serve(
      { '/page.js': script, '/model.onnx': model, '/input.f32': pixels, '/worker.js': workerSource },
      headers,
    )
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

  const run = (page: Page, threads: number | undefined, shape: readonly number[], worker?: string): Promise<PageRun> =>
    page.evaluate(`runNetwork(${threads}, ${JSON.stringify(shape)}, ${JSON.stringify(worker)})`)

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
    const [, make, size] = networks[0]!
    await withPage(make, size, {}, async ({ page, console, shape, expected }) => {
      const result = await run(page, 2, shape)
      expect(result).toMatchObject({ threads: 1, isolated: false })
      expect(console).toEqual([expect.stringMatching(/^kerf: 2 threads were asked for, one is used: .*COOP and COEP/)])
      if (hasOrt) expect(difference(result.logits, expected)).toBeLessThan(1e-4)
    })
  })

  /** A page that lets workers start from its own files only. */
  const strict = (scripts: string) => ({
    ...isolation,
    'Content-Security-Policy': `default-src 'self'; script-src 'self' ${scripts}; img-src 'self' data:`,
  })
  const ownConsole = (lines: readonly string[]) => lines.filter((line) => line.startsWith('kerf'))

  it('starts its threads from a file, where a policy forbids those from blob:', async () => {
    const [, make, size] = networks[0]!
    await withPage(make, size, strict("'wasm-unsafe-eval'"), async ({ page, console, shape, expected }) => {
      const result = await run(page, 2, shape, '/worker.js')
      expect(result).toMatchObject({ backend: 'wasm', threads: 2 })
      expect(ownConsole(console)).toEqual([])
      if (hasOrt) expect(difference(result.logits, expected)).toBeLessThan(1e-4)
    })
  })

  it('and else runs on one, with a notice that says what to do', async () => {
    const [, make, size] = networks[0]!
    await withPage(make, size, strict("'wasm-unsafe-eval'"), async ({ page, console, shape, expected }) => {
      const result = await run(page, 2, shape)
      expect(result).toMatchObject({ backend: 'wasm', threads: 1, isolated: true })
      expect(ownConsole(console)).toEqual([
        expect.stringMatching(
          /^kerf: 2 threads were asked for, one is used: workers cannot start here .*worker-src blob:.*option workerUrl\.$/,
        ),
      ])
      if (hasOrt) expect(difference(result.logits, expected)).toBeLessThan(1e-4)
      expect(await run(page, 2, shape, '/nowhere.js')).toMatchObject({ threads: 1 })
    })
  })

  it('says which policy forbids WebAssembly', async () => {
    const [, make, size] = networks[0]!
    await withPage(make, size, strict(''), async ({ page, shape }) => {
      await expect(run(page, 1, shape)).rejects.toThrow("Allow it: script-src 'wasm-unsafe-eval'")
    })
  })

  it('takes an image from whatever draws it', async () => {
    const open = () => {
      const b = new GraphBuilder('open')
      const input = b.input('input', 'float32', ['N', 3, 'H', 'W'])
      b.output(b.node('Identity', [input], {}, { name: 'same', outputs: ['logits'] }))
      return b.model()
    }
    await withPage(open, 2, {}, async ({ page }) => {
      const tensors = (await page.evaluate('tensorsOfImages()')) as Record<string, { shape: number[]; data: number[] }>
      expect(Object.keys(tensors)).toEqual(['canvas', 'offscreen', 'element', 'frame', 'bitmap', 'data'])
      // The middle 2 × 2: red on the left, blue on the right. Red 1, 0; green 0; blue (0 − ½) ÷ ½ = −1, and 1.
      for (const [name, { shape, data }] of Object.entries(tensors)) {
        expect([name, shape]).toEqual([name, [1, 3, 2, 2]])
        // A video's colours are not exact.
        const near = name === 'frame' ? 0.02 : 1e-6
        const off = [1, 0, 1, 0, 0, 0, 0, 0, -1, 1, -1, 1].map((v, i) => Math.abs(v - data[i]!))
        expect([name, Math.max(...off) <= near]).toEqual([name, true])
      }
    })
  })

  it('releases its threads', async () => {
    const [, make, size] = networks[0]!
    await withPage(make, size, isolation, async ({ page, shape }) => {
      await run(page, 3, shape)
      expect(threadWorkers(page)).toBe(2)
      await page.evaluate('disposeSession()')
      await expect.poll(() => threadWorkers(page), { timeout: 10_000 }).toBe(0)
    })
  })
})
