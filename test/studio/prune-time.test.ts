// Budgets of time in Kerf Studio: layers measured in the browser, predictions, a cut beside its prediction.

import { expect, it } from 'vitest'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { lenet } from './files.ts'
import { useStudio } from './harness.ts'

describeBrowser('Kerf Studio measures layers', () => {
  const studio = useStudio()

  it('prunes to a time, measured on this device, which is kept', async () => {
    const visit = await studio.visit()
    await visit.open(lenet)
    await visit.page.getByRole('tab', { name: 'Prune' }).click()
    const { page, accessible, picture } = visit
    const settings = page.getByRole('group', { name: 'What goes' })
    await settings.getByText('Time', { exact: true }).click()
    await page.getByRole('alert').getByText('Measure the layers of the network on this device first').waitFor()
    await accessible()
    await page.getByRole('slider', { name: 'How much' }).focus()
    for (let percent = 50; percent < 80; percent++) await page.keyboard.press('ArrowRight')
    const times = page.getByRole('group', { name: 'Time on this device' })
    await times.getByRole('button', { name: 'Measure the layers' }).click()
    // What was measured before the stop is not measured again.
    await page.getByText(/timing layers … [1-9]/).waitFor({ timeout: 60_000 })
    await page.getByRole('button', { name: 'Stop' }).click()
    await times.getByRole('button', { name: 'Measure the layers' }).click()
    await times.getByText(/for a run on 1 thread/).waitFor({ timeout: 60_000 })
    const row = page
      .getByRole('table', { name: 'Before and after the cut' })
      .getByRole('row', { name: 'Time, predicted' })
    // It is there before its times are.
    const predicted = row.getByRole('cell', { name: / ms$/ }).first()
    await predicted.waitFor()
    const [now, after, part] = await row.getByRole('cell').allTextContents()
    expect(Number.parseFloat(part!)).toBeLessThanOrEqual(80.5)
    expect(Number.parseFloat(after!)).toBeLessThan(Number.parseFloat(now!))
    await page.locator('pre', { hasText: '--faster 1.25' }).waitFor()
    await picture('prune-time')
    await page.getByRole('button', { name: 'Cut and prove' }).click()
    await page.getByText(/A run took .* ms and takes .* ms, measured; .* ms had been predicted/).waitFor()
    await page.getByRole('button', { name: 'Pruned to 80 % of the time' }).waitFor()
    await page.reload()
    await visit.open(lenet)
    await page.getByRole('tab', { name: 'Prune' }).click()
    await times.getByText(/for a run on 1 thread/).waitFor()
    // Other wishes are predicted, too.
    await predicted.waitFor()
  })
})
