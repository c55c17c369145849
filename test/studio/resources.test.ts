// What opening a model costs the page: time of its own thread.

import type { Browser, Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { lenet, useFolder, writeDeep } from './files.ts'
import { useStudio } from './harness.ts'

/** Closes the model as a person does. */
async function close(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Open', exact: true }).click()
  await page.getByRole('menuitem', { name: /^Close/ }).click()
  await page.getByRole('heading', { name: 'See what a network costs' }).waitFor()
}

/**
 * The longest task of the page's own thread while something is done, in milliseconds that the processor worked on it: other programs do not count.
 */
async function longestTask(browser: Browser, page: Page, work: () => Promise<void>): Promise<number> {
  await browser.startTracing(page, { categories: ['toplevel', '__metadata'] })
  await work()
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as {
    traceEvents: { name: string; pid: number; tid: number; tdur?: number; args: { name?: string } }[]
  }
  const threads = traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
  const ofPage = (event: { pid: number; tid: number }) =>
    threads.some(({ pid, tid }) => pid === event.pid && tid === event.tid)
  const tasks = traceEvents.filter((event) => /RunTask$/.test(event.name) && ofPage(event))
  expect(tasks.length).toBeGreaterThan(10)
  return Math.max(...tasks.map(({ tdur = 0 }) => tdur / 1000))
}

describeBrowser('resources', () => {
  const studio = useStudio()
  const at = useFolder()

  it.each([
    ['small', 0],
    ['of 10,000 nodes', 10_000],
  ])('are left to the page: a model that is %s takes no task of more than 50 ms', async (_, nodes) => {
    const model = nodes === 0 ? lenet : writeDeep(at('tasks.onnx'), nodes)
    const { page, open } = await studio.visit()
    await open(lenet)
    await close(page)
    const longest = await longestTask(studio.browser(), page, async () => {
      await open(model)
      await page.waitForTimeout(500)
    })
    expect(longest).toBeLessThanOrEqual(50)
  })
})
