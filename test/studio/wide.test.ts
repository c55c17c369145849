// Large windows: room goes to what needs it. Nothing is cut that has room, and no line is longer than eyes follow.

import { expect, it } from 'vitest'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { useStudio } from './harness.ts'

describeBrowser('windows of 1920 × 1080 pixels', () => {
  const studio = useStudio()

  it('cut nothing, and stretch nothing', { timeout: 120_000 }, async () => {
    const visit = await studio.visit({ viewport: { width: 1920, height: 1080 }, sameFont: true })
    const { page, fits } = visit
    await page.getByRole('button', { name: /^ResNet-18/ }).click()
    const faults: Record<string, readonly string[]> = {}
    const look = async (title: string, ready: string) => {
      await page.getByRole('tab', { name: title, exact: true }).click()
      await page.getByRole('tabpanel', { name: title, exact: true }).getByText(ready).first().waitFor()
      await fits()
      faults[title] = await page.evaluate(faultsOf)
    }
    await look('Costs', 'Total of 69 layers')
    await page.getByText('Blocks', { exact: true }).click()
    await page.getByText('of Parameters').waitFor()
    faults.Blocks = await page.evaluate(faultsOf)
    await look('Compare', 'There is one network so far')
    await look('Prune', '12 groups')
    await look('Swap', 'layers chosen')
    await look('Quantise', '21 layers')
    await look('Train', 'Recipe')
    await look('Lab', 'Where it comes from')
    await page.getByRole('tab', { name: 'Prune', exact: true }).click()
    await page.getByRole('button', { name: 'Cut and prove' }).click()
    await page.getByRole('button', { name: 'Pruned to 50 % of the MACs' }).waitFor({ timeout: 90_000 })
    await look('Compare', 'layers differ')
    expect(Object.entries(faults).filter(([, found]) => found.length > 0)).toEqual([])
  })
})

/** Run in the page: what of it that is shown is cut or too wide. */
function faultsOf(): string[] {
  interface Shown {
    readonly scrollWidth: number
    readonly clientWidth: number
    readonly offsetWidth: number
    readonly textContent: string
    readonly value?: string
    checkVisibility(): boolean
  }
  interface Page {
    readonly document: { querySelectorAll(selector: string): Iterable<Shown> }
  }
  const { document } = globalThis as unknown as Page
  const shown = (selector: string) =>
    [...document.querySelectorAll(`[role=tabpanel] :is(${selector})`)].filter((element) => element.checkVisibility())
  return [
    ...shown('td, th, input:not([type=file])')
      .filter((element) => element.scrollWidth > element.clientWidth + 1)
      .map((element) => `cut: ${element.value || element.textContent}`),
    // 100 letters of a usual font.
    ...shown('p')
      .filter((element) => element.offsetWidth > 800 && element.textContent.length > 110)
      .map((element) => `a long line: ${element.textContent}`),
    ...shown('table:not([role=grid])')
      .filter((element) => element.offsetWidth > 1250)
      .map((element) => `stretched: ${element.textContent.slice(0, 40)}`),
  ]
}
