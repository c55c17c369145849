import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { modelBytes } from '../../src/onnx/index.ts'
import { describeBrowser, launch } from '../../src/testing/browser/chromium.ts'
import { bundlePage, isolation, serve } from '../../src/testing/browser/server.ts'
import type { TrainedInPage } from '../../src/testing/browser/training-page.ts'
import { tinyNet } from '../../src/testing/tiny-images.ts'

describeBrowser('training in a browser', () => {
  let browser: Browser
  let script: string
  beforeAll(async () => {
    ;[browser, script] = await Promise.all([launch(), bundlePage('training-page.ts')])
  })
  afterAll(() => browser?.close())

  async function trainIn(threads: number, epochs: number): Promise<TrainedInPage> {
    const server = await serve({ '/page.js': script, '/model.onnx': modelBytes(tinyNet({ adder: true })) }, isolation)
    const context = await browser.newContext()
    try {
      const page = await context.newPage()
      const problems: string[] = []
      page.on('console', (message) => problems.push(message.text()))
      page.on('pageerror', (error) => problems.push(String(error)))
      await page.goto(server.url, { waitUntil: 'load' })
      const result = (await page.evaluate(`trainNetwork(${threads}, ${epochs})`)) as TrainedInPage
      expect(problems).toEqual([])
      return result
    } finally {
      await context.close()
      await server.close()
    }
  }

  it('a small network learns on one thread, the same bits again, and the page stays alive meanwhile', async () => {
    const [first, second] = [await trainIn(1, 40), await trainIn(1, 40)]
    expect(first.threads).toBe(1)
    expect(first.losses.at(-1)).toBeLessThan(0.9 * first.losses[0]!)
    expect(first.accuracies.at(-1)).toBeGreaterThan(0.45)
    expect(second.weights).toEqual(first.weights)
    expect(first.ticks).toBeGreaterThan(0)
  })

  it('and on two, where the page is isolated', async () => {
    const { threads, losses } = await trainIn(2, 2)
    expect(threads).toBe(2)
    expect(losses.at(-1)).toBeLessThan(losses[0]!)
  })
})
