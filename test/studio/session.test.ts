// A session of Kerf Studio as a file: saved, opened again by dropping it, every step there.

import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { lenet, useFolder } from './files.ts'
import { useStudio, type Visit } from './harness.ts'

describeBrowser('a session of Kerf Studio', () => {
  const studio = useStudio()
  const path = useFolder()

  async function saved({ page }: Visit, what: string, name: string): Promise<string> {
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: what }).click()
    await (await download).saveAs(path(name))
    return path(name)
  }

  it('comes back with every step, what it did, and the way through them', async () => {
    const visit = await studio.visit({ hash: '#prune' })
    const { page, open, picture, accessible, fits } = visit
    await open(lenet)
    await page.getByRole('table', { name: 'Groups of channels' }).waitFor()
    await page.getByRole('button', { name: 'Cut and prove' }).click()
    await page.getByRole('button', { name: 'Pruned to 50 % of the MACs' }).waitFor()
    await page.getByRole('tab', { name: 'Swap', exact: true }).click()
    await page.getByRole('table', { name: 'Before and after the swap' }).waitFor()
    await page.getByRole('button', { name: 'Swap', exact: true }).click()
    const report = page.getByRole('region', { name: 'What the swap did' })
    await report.waitFor({ timeout: 60_000 })
    const told = await report.textContent()
    const before = readFileSync(await saved(visit, 'Save the model', 'before.onnx'))
    const session = await saved(visit, 'Save the session', 'lenet5.kerf')
    await accessible()

    const again = await studio.visit({ viewport: { width: 360, height: 740 } })
    await again.page.setInputFiles('input[type=file]:not([webkitdirectory])', session)
    await again.shown('lenet5-2.onnx')
    // The view that was open then.
    await again.page.getByRole('region', { name: 'What the swap did' }).waitFor()
    expect(await again.page.getByRole('region', { name: 'What the swap did' }).textContent()).toBe(told)
    expect(readFileSync(await saved(again, 'Save the model', 'after.onnx'))).toEqual(before)
    await again.fits()
    await again.picture('session')
    const steps = again.page.getByRole('navigation', { name: 'Steps' })
    const names = async () => (await steps.getByRole('button').allTextContents()).slice(2, -1)
    expect(await names()).toEqual([
      'As it was opened',
      'Pruned to 50 % of the MACs',
      expect.stringContaining('swapped for convolutions of low rank'),
    ])
    await again.page.keyboard.press('Control+z')
    await again.shown('lenet5-1.onnx')
    await again.page.keyboard.press('Control+z')
    await again.shown('lenet5.onnx')
    await again.page.getByRole('banner').getByText('417 k').waitFor()
    await again.page.keyboard.press('Control+Shift+z')
    await again.shown('lenet5-1.onnx')
    await fits()
    await picture('session-before')
  })

  it('is refused where it is damaged, and what was open stays', async () => {
    const visit = await studio.visit()
    const { page, open, shown } = visit
    await open(lenet)
    const download = page.waitForEvent('download')
    await page.keyboard.press('Control+s')
    await (await download).saveAs(path('damaged.kerf'))
    const bytes = readFileSync(path('damaged.kerf'))
    bytes[Math.floor(bytes.length / 2)]! ^= 1
    writeFileSync(path('damaged.kerf'), bytes)
    await page.setInputFiles('input[type=file]:not([webkitdirectory])', path('damaged.kerf'))
    await page.getByRole('alert').getByText('the model of the step "As it was opened" is damaged').waitFor()
    await shown('lenet5.onnx')
  })
})
