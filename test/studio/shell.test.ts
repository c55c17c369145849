// What stands around every view: header, tabs, dialogs, keys, colours.

import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { lenet } from './files.ts'
import { pickByKeys, useStudio } from './harness.ts'

const tab = (page: Page) => page.getByRole('tab', { selected: true }).textContent()
const scheme = (page: Page) => page.evaluate<string>('document.documentElement.dataset.mantineColorScheme')

describeBrowser('the shell', () => {
  const studio = useStudio()

  const windows = [360, 1280, 3840].flatMap((width) =>
    (['light', 'dark'] as const).map((colours) => [width, colours] as const),
  )
  it.each(windows)('fits into %i pixels, and can be used by everybody: %s', async (width, colorScheme) => {
    const viewport = { width, height: Math.round(width === 360 ? 740 : width * 0.6) }
    const { page, open, picture, accessible, fits } = await studio.visit({ viewport, colorScheme })
    const look = async (name: string) => {
      await picture(`${name}-${width}-${colorScheme}`)
      await fits()
      await accessible()
    }
    await look('landing')
    await open(lenet)
    await page.getByRole('tab', { name: 'Costs' }).click()
    await page.getByRole('tabpanel').getByText('Conv').first().waitFor()
    await look('opened')
    await page.getByRole('button', { name: 'Keys' }).click()
    await page.getByRole('dialog', { name: 'Keys' }).getByText('Open files').waitFor()
    await look('keys')
  })

  it('has the tab in its address, and the way back', async () => {
    const { page, open } = await studio.visit({ hash: '#costs' })
    await open(lenet)
    expect(await tab(page)).toBe('Costs')
    await page.getByRole('tab', { name: 'Graph' }).click()
    expect(new URL(page.url()).hash).toBe('#graph')
    await page.goBack()
    await expect.poll(() => tab(page)).toBe('Costs')
    await page.reload()
    await open(lenet)
    expect(await tab(page)).toBe('Costs')
  })

  it('is led by keys', async () => {
    const { page, open } = await studio.visit()
    await pickByKeys(page, 'Control+o', lenet)
    await page.getByRole('tab').first().waitFor()
    await page.keyboard.press('Alt+2')
    await expect.poll(() => tab(page)).toBe(await page.getByRole('tab').nth(1).textContent())
    // The keys go on from there, not from the top of the page.
    const focused = () => page.evaluate<string>('document.activeElement.textContent')
    await expect.poll(focused).toBe(await tab(page))
    // From within a view, too.
    await page.getByRole('grid').focus()
    await page.keyboard.press('Alt+1')
    await expect.poll(() => tab(page)).toBe('Graph')
    await expect.poll(focused).toBe('Graph')
    await page.keyboard.press('Control+/')
    const dialog = page.getByRole('dialog', { name: 'Keys' })
    await dialog.waitFor()
    for (const does of ['Redo', 'goes from box to box, along the arrows']) await dialog.getByText(does).waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await expect.poll(focused).toBe('Graph')
    // Everything else by Tab: from the start of the page to the first tab.
    await page.getByRole('heading', { name: 'Kerf' }).click()
    const reached: string[] = []
    for (let i = 0; i < 6; i++) {
      await page.keyboard.press('Tab')
      reached.push(
        await page.evaluate<string>(
          "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent ?? ''",
        ),
      )
    }
    expect(reached[0]).toBe('Open')
    expect(reached).toEqual(expect.arrayContaining(['Keys', 'Graph']))
    await open(lenet)
  })

  it('is light, dark or as the system is, and stays so', async () => {
    const { page } = await studio.visit({ colorScheme: 'dark' })
    expect(await scheme(page)).toBe('dark')
    await page.getByText('Light', { exact: true }).click({ force: true })
    await expect.poll(() => scheme(page)).toBe('light')
    await page.reload()
    expect(await scheme(page)).toBe('light')
    await page.getByText('As the system').click({ force: true })
    await expect.poll(() => scheme(page)).toBe('dark')
    await page.emulateMedia({ colorScheme: 'light' })
    await expect.poll(() => scheme(page)).toBe('light')
  })

  it('moves nothing that stands already', async () => {
    const { page, shown } = await studio.visit({ reducedMotion: 'reduce' })
    await page.evaluate(
      "globalThis.moved = 0; new PerformanceObserver((list) => { for (const { value } of list.getEntries()) globalThis.moved += value }).observe({ type: 'layout-shift', buffered: true })",
    )
    await page.getByRole('button', { name: 'ResNet-18' }).click()
    await shown('resnet18')
    await page.waitForTimeout(700)
    expect(await page.evaluate('globalThis.moved')).toBeLessThan(0.01)
    const seconds = await page.evaluate<number[]>(
      'document.getAnimations().map((a) => Number(a.effect.getComputedTiming().duration) / 1000).filter((s) => s > 0.01)',
    )
    expect(seconds).toEqual([])
  })
})
