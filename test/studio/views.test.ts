// Every view as it looks, against baselines; and pictures of some for the documents.

import { join } from 'node:path'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { baseline, differences, isWriting, lookOf, writeBaseline } from './baseline.ts'
import { lenet } from './files.ts'
import { root, useStudio, type Visit } from './harness.ts'

const windows = [
  { colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  { colorScheme: 'dark', viewport: { width: 360, height: 740 } },
] as const

/** What each view is waited for. */
const ready: Readonly<Record<string, (page: Visit['page']) => Promise<unknown>>> = {
  graph: (page) => page.getByTestId('described').waitFor({ state: 'attached' }),
  costs: (page) => page.getByRole('tabpanel').getByText('Conv').first().waitFor(),
  measure: (page) => page.getByRole('button', { name: 'Measure' }).waitFor(),
  compare: (page) => page.getByRole('button', { name: 'Compare with a file' }).waitFor(),
  run: (page) => page.getByRole('button', { name: 'Random numbers' }).waitFor(),
  prune: (page) => page.getByRole('table', { name: 'Groups of channels' }).waitFor(),
  swap: (page) => page.getByRole('table', { name: 'Before and after the swap' }).waitFor(),
  quantise: (page) => page.getByText('kerf quantize').first().waitFor(),
  train: (page) => page.getByRole('combobox', { name: 'A network by name' }).waitFor(),
  lab: (page) => page.getByRole('button', { name: 'Run', exact: true }).waitFor(),
}

describeBrowser('views of Kerf Studio', () => {
  const studio = useStudio()

  /** Compares the window with a baseline, or writes it. */
  async function check(visit: Visit, name: string): Promise<void> {
    await visit.page.mouse.move(0, 0)
    await visit.page.waitForTimeout(300)
    await visit.picture(`view-${name}`)
    const look = await lookOf(visit.page)
    if (isWriting) writeBaseline(name, look)
    else expect(differences(baseline(name), look), name).toEqual([])
  }

  it.each(windows)('look as they did: $colorScheme, $viewport.width pixels', async (window) => {
    const visit = await studio.visit({ ...window, reducedMotion: 'reduce', sameFont: true })
    const { page, open } = visit
    const { width } = window.viewport
    await check(visit, `landing-${width}`)
    await open(lenet)
    const tabs = await page.getByRole('tab').allTextContents()
    expect(tabs.map((title) => title.toLowerCase())).toEqual(Object.keys(ready))
    for (const [i, name] of Object.keys(ready).entries()) {
      await page.getByRole('tab', { name: tabs[i], exact: true }).click()
      await ready[name]!(page)
      await check(visit, `${name}-${width}`)
    }
  })

  it('are told from others', async () => {
    const visit = await studio.visit({ ...windows[0], reducedMotion: 'reduce', sameFont: true, hash: '#prune' })
    const { page, open } = visit
    await open(lenet)
    await ready.prune!(page)
    const style = async (text: string) => {
      // The page's policy allows styles of scripts alone.
      await page.evaluate(
        `document.adoptedStyleSheets = [document.adoptedStyleSheets[0], new CSSStyleSheet()]; document.adoptedStyleSheets[1].replaceSync(${JSON.stringify(text)})`,
      )
      await page.waitForTimeout(100)
      return differences(baseline('prune-1280'), await lookOf(page))
    }
    expect(await style('')).toEqual([])
    const wrong: Readonly<Record<string, string>> = {
      'a part that is gone': 'fieldset:first-of-type { display: none }',
      'a button that is too wide': 'button { min-width: 300px }',
      'columns below each other': '[role=tabpanel] > div { display: block }',
      'other colours': 'html { filter: invert(1) }',
      'a page that nothing colours': 'body { background: #888 }',
    }
    for (const [what, text] of Object.entries(wrong)) expect(await style(text), what).not.toEqual([])
  })

  if (isWriting)
    it('are shown in the documents', async () => {
      const visit = await studio.visit({ ...windows[0], reducedMotion: 'reduce', sameFont: true })
      const { page, shown } = visit
      const save = async (name: string) => {
        await page.mouse.move(0, 0)
        await page.waitForTimeout(500)
        const picture = await page.screenshot({ animations: 'disabled' })
        const path = join(root, 'docs', 'images', `${name}.png`)
        await sharp(picture).png({ palette: true, compressionLevel: 9, effort: 10 }).toFile(path)
      }
      await page.getByRole('button', { name: 'ResNet-18' }).click()
      await shown('resnet18')
      await page.getByRole('searchbox').fill('layer1.0.conv1')
      await page.getByRole('searchbox').press('Enter')
      await page.getByText('What shrinks with it').waitFor()
      await save('studio')
      await page.getByRole('tab', { name: 'Prune' }).click()
      await ready.prune!(page)
      await page.getByRole('row', { name: 'MACs' }).first().waitFor()
      await save('studio-prune')
      await page.getByRole('button', { name: 'Cut and prove' }).click()
      await page.getByRole('button', { name: 'Pruned to 50 % of the MACs' }).waitFor({ timeout: 90_000 })
      await page.getByRole('tab', { name: 'Compare' }).click()
      for (const [side, title] of [
        ['A', '0: As it was opened'],
        ['B', '1: Pruned to 50 % of the MACs'],
      ] as const) {
        await page.getByRole('combobox', { name: side, exact: true }).click()
        await page.getByRole('option', { name: title }).click()
      }
      await page.getByRole('region', { name: 'Picture of both networks' }).scrollIntoViewIfNeeded()
      await save('studio-compare')
    })
})
