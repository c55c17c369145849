// The page of `kerf profile -o report.html`, as a reader sees it at 1,200 pixels.

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { profileModel } from '../../src/cost/index.ts'
import { nets } from '../../src/nets/index.ts'
import { blockGraph, pageColumns, profileReport, toHtml } from '../../src/report/index.ts'
import { describeBrowser, launch } from '../../src/testing/browser/chromium.ts'

describeBrowser('the report of a network', () => {
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    const profile = profileModel(nets.mobilenet_v2(), { name: 'mobilenet_v2' })
    browser = await launch()
    page = await browser.newPage({ viewport: { width: 1200, height: 900 } })
    const report = profileReport(profile, { columns: pageColumns })
    await page.setContent(toHtml(report, { figures: [blockGraph(profile)] }))
  })
  afterAll(() => browser?.close())

  const firstRows = async (n: number) =>
    (await page.locator('tbody tr:not([hidden]) td:first-child').allTextContents()).slice(0, n)
  const pageWidth = () => page.evaluate<number>('document.documentElement.scrollWidth')
  const head = (name: string) => page.locator('thead th', { hasText: name }).first()

  it('fits the page, and breaks no name', async () => {
    expect(await pageWidth()).toBeLessThanOrEqual(1200)
    const heights = await page.evaluate<number[]>(
      "[...document.querySelectorAll('tbody tr')].map((row) => row.offsetHeight)",
    )
    expect(Math.max(...heights) - Math.min(...heights)).toBeLessThan(4)
  })

  it('is sorted by a column, the other way round, and in the order of the network again', async () => {
    const order = await firstRows(3)
    await head('MACs').locator('button').click()
    expect(await head('MACs').getAttribute('aria-sort')).toBe('descending')
    // 1280·320·7² = 20,070,400.
    expect(await firstRows(1)).toEqual(['features.18.0'])
    await head('MACs').locator('button').press('Enter')
    expect(await head('MACs').getAttribute('aria-sort')).toBe('ascending')
    await head('MACs').locator('button').click()
    expect([await head('MACs').getAttribute('aria-sort'), await firstRows(3)]).toEqual([null, order])
  })

  it('is filtered by words in any column', async () => {
    // Six rows of the paper's table with 2, 2, 3, 3, 2 and 1 blocks of stride 1 or 2: 17 depthwise convolutions, 4 of them of stride 2.
    await page.fill('input[type=search]', 'conv depthwise')
    expect(await page.textContent('section output')).toMatch(/^17 of \d+ rows$/)
    await page.fill('input[type=search]', '')
    expect(await page.textContent('section output')).toBe('')
  })

  it('keeps its head in sight', async () => {
    await page.evaluate("document.querySelector('tbody tr:nth-child(60)').scrollIntoView()")
    expect((await head('MACs').boundingBox())?.y).toBeGreaterThanOrEqual(-1)
    expect((await head('MACs').boundingBox())?.y).toBeLessThan(40)
  })

  it('shows more columns when asked for, and then scrolls the table, not the page', async () => {
    expect(await head('Muls').isVisible()).toBe(false)
    await page.check('.more')
    expect(await head('Muls').isVisible()).toBe(true)
    expect(await pageWidth()).toBeLessThanOrEqual(1200)
  })

  it('draws blocks with their parts of the whole, and what passes between them', async () => {
    const texts = await page.locator('figure svg text').allTextContents()
    expect(texts.filter((t) => t.startsWith('features.18'))).not.toHaveLength(0)
    // 1280·320·7² of 300,774,272
    expect(texts).toContain('6.7 % · 20.1 M')
    expect(await page.locator('figure svg path').count()).toBeGreaterThan(10)
  })
})
