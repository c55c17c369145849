// How long a page is held up: the processor's time of its longest task, as Chromium's tracing has it. The time on the clock is that of a busy machine, too.

import type { Browser, Page } from 'playwright-core'

/** A page is not to be held up for longer, in milliseconds: 50 on the machines of `docs/results.md` (`KERF_LARGE=1` asks for it), twice that on slower ones. */
export const mayTakeMs = process.env.KERF_LARGE ? 50 : 100

interface TraceEvent {
  readonly name: string
  readonly tid: number
  readonly pid: number
  /** Of the processor, in microseconds. */
  readonly tdur?: number
  readonly args: { readonly name?: string }
}

/**
 * The longest task of a page's main thread while something is done, in milliseconds.
 * @param settleMs how long to wait for what follows
 */
export async function longestTaskMs(browser: Browser, page: Page, act: () => Promise<unknown>, settleMs = 300) {
  await browser.startTracing(page, { categories: ['toplevel', '__metadata'] })
  await act()
  await page.waitForTimeout(settleMs)
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: readonly TraceEvent[] }
  const keyOf = ({ pid, tid }: TraceEvent) => `${pid} ${tid}`
  const mains = new Set(
    traceEvents.filter((e) => e.name === 'thread_name' && e.args.name === 'CrRendererMain').map(keyOf),
  )
  const tasks = traceEvents.filter((e) => e.name.endsWith('RunTask') && e.tdur !== undefined && mains.has(keyOf(e)))
  if (tasks.length === 0) throw new Error('The trace has no task of a page.')
  return Math.max(...tasks.map((e) => e.tdur! / 1000))
}
