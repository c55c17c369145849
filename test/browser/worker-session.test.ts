// Sessions in a worker, in headless Chromium: the page stays responsive, and the results are the same.

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { nets } from '../../src/nets/index.ts'
import { modelBytes } from '../../src/onnx/index.ts'
import { describeBrowser, launch } from '../../src/testing/browser/chromium.ts'
import { bundlePage, isolation, serve } from '../../src/testing/browser/server.ts'
import type { RunInPage } from '../../src/testing/browser/worker-page.ts'
import { browserWorkerFile } from '../../src/testing/session-worker.ts'

// Half a second of work for one thread, or more.
const shape = [128, 3, 32, 32]
const strict = {
  ...isolation,
  'Content-Security-Policy':
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; img-src 'self' data:",
}

/** Those of workers, too: a page does not always hear that they ended, where the worker that made them ended with them. */
async function workersOf(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession()
  const { targetInfos } = await session.send('Target.getTargets', { filter: [{}] })
  await session.detach()
  return targetInfos.filter(({ type }) => type === 'worker').length
}

describeBrowser('a session in a worker of a browser', () => {
  let browser: Browser
  let script: string
  let worker: string
  let model: Uint8Array
  beforeAll(async () => {
    ;[browser, script, worker] = await Promise.all([launch(), bundlePage('worker-page.ts'), browserWorkerFile()])
    model = modelBytes(nets.resnet20({ batch: shape[0] }))
  })
  afterAll(() => browser?.close())

  /** A page that finds the worker's file beside its own, unless it is left out. */
  async function withPage(
    headers: Readonly<Record<string, string>>,
    body: (page: Page, url: string) => Promise<void>,
    files: Readonly<Record<string, string>> = { '/worker.js': worker },
  ): Promise<void> {
    const server = await serve(
      { '/js/page.js': script, '/page.js': "import '/js/page.js'", '/model.onnx': model, ...files },
      headers,
    )
    const context = await browser.newContext()
    try {
      const page = await context.newPage()
      await page.goto(server.url, { waitUntil: 'load' })
      await page.waitForFunction("'runInPage' in globalThis")
      await body(page, server.url)
    } finally {
      await context.close()
      await server.close()
    }
  }

  const call = (page: Page, name: string, options: object, ...more: unknown[]) =>
    page.evaluate(`${name}(${[shape, options, ...more].map((v) => JSON.stringify(v)).join()})`)
  const run = (page: Page, options: object) => call(page, 'runInPage', options) as Promise<RunInPage>

  it('leaves the page its frames, with the bits of one on the page, from the file beside the page', async () => {
    await withPage({}, async (page) => {
      const here = await run(page, {})
      const there = await run(page, { worker: true })
      expect(there.outputs).toHaveLength(1280)
      expect(there.outputs).toEqual(here.outputs)
      expect([there.threads, there.notices]).toEqual([1, []])
      // On the page itself none is shown while it runs; one may be due at its end.
      expect(here.frames).toBeLessThanOrEqual(1)
      expect(there.frames).toBeGreaterThan(1)
    })
  })

  it('has threads of its own, which end with it', async () => {
    await withPage(isolation, async (page) => {
      const here = await run(page, { threads: 2 })
      const there = await run(page, { worker: true, threads: 2 })
      expect([there.threads, there.notices]).toEqual([2, []])
      expect(there.outputs).toEqual(here.outputs)
      expect(there.frames).toBeGreaterThan(1)
      await expect.poll(() => workersOf(browser)).toBe(0)
    })
  })

  it('starts from a file, with its threads, where a policy forbids blob:', async () => {
    await withPage(
      strict,
      async (page) => {
        const there = await run(page, { worker: true, threads: 2, workerUrl: '/files/kerf.js' })
        expect([there.threads, there.notices]).toEqual([2, []])
        // The same file for threads of the page.
        const here = await run(page, { threads: 2, workerUrl: '/files/kerf.js' })
        expect([here.threads, here.notices]).toEqual([2, []])
        expect(there.outputs).toEqual(here.outputs)
      },
      { '/files/kerf.js': worker },
    )
  })

  it('starts from a Blob, where the file is of another origin', async () => {
    const other = await serve({ '/kerf.js': worker }, { 'Cross-Origin-Resource-Policy': 'cross-origin' })
    await withPage(isolation, async (page) => {
      const there = await run(page, { worker: true, threads: 2, workerUrl: `${other.url}kerf.js` })
      expect([there.threads, there.notices]).toEqual([2, []])
      expect(there.outputs).toEqual((await run(page, { threads: 2 })).outputs)
    })
    await other.close()
  })

  it('is refused with what to do, where the file is not there', async () => {
    await withPage(
      {},
      async (page) => {
        const refused = await call(page, 'refusalInPage', { worker: true })
        expect(refused).toMatchObject({
          code: 'workers-blocked',
          message: expect.stringMatching(/kerf\/worker.*workerUrl/),
        })
      },
      {},
    )
  })

  it('is stopped by the page, and runs again', async () => {
    await withPage({}, async (page) => {
      const stopped = (await call(page, 'abortInPage', { worker: true }, 500)) as { told: number }
      const mine = shape.reduce((p, d) => p * d, 1)
      expect(stopped).toMatchObject({ code: 'aborted', reason: 'enough', again: [128, 10], mine })
    })
  })
})
