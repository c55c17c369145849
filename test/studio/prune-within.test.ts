// As small as quality allows, in Kerf Studio; widths by what the outputs lose.

import { expect, it } from 'vitest'
import { readModelFile } from '../../src/api/files.node.ts'
import { pruneModel } from '../../src/api/prune.node.ts'
import { human } from '../../src/api/report.ts'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { digitFolder } from './digits.ts'
import { lenet, useFolder } from './files.ts'
import { useStudio } from './harness.ts'

const model = readModelFile(lenet)

describeBrowser('Kerf Studio prunes as far as quality allows', () => {
  const studio = useStudio()
  const path = useFolder()

  it('by what the outputs lose, and by accuracy', async () => {
    const { page, open, accessible, fits, picture } = await studio.visit({ hash: '#prune', colorScheme: 'dark' })
    await open(lenet)
    await page.getByRole('table', { name: 'Groups of channels' }).waitFor()
    const field = page.getByRole('group', { name: 'As small as quality allows' })
    expect(await field.getByRole('button', { name: 'Find it' }).isDisabled()).toBe(true)
    await page.getByLabel('A folder of pictures').setInputFiles(await digitFolder(path('digits'), 80))
    await page.getByText('80 pictures of 10 classes').first().waitFor()
    await field.getByLabel('By at most, in %').fill('40')
    await field.getByRole('button', { name: 'Find it' }).click()
    const told = field.getByText(/% of the MACs stay: outputs are off by/)
    await told.waitFor({ timeout: 100_000 })
    const text = (await told.textContent())!
    const [, part, off] = text.match(/^(\d+) % of the MACs stay: outputs are off by ([\d.]+) %/)!.map(Number)
    expect(off).toBeLessThanOrEqual(40)
    const { after } = await pruneModel(model, { target: { of: 'macs', part: part! / 100, scope: {} } })
    const table = page.getByRole('table', { name: 'Before and after the cut' })
    await table.getByRole('row', { name: 'MACs' }).getByText(human(after.macs), { exact: true }).waitFor()
    await page.getByText(`${part} % of the MACs stay`, { exact: true }).waitFor()
    await page.locator('pre', { hasText: `--target-macs ${part! / 100}` }).waitFor()
    await accessible()
    await fits()
    await field.scrollIntoViewIfNeeded()
    await picture('prune-within')
    await field.getByText('Accuracy', { exact: true }).click()
    await field.getByLabel('Points that may be lost').fill('10')
    await field.getByRole('button', { name: 'Find it' }).click()
    const accuracy = field.getByText(/accuracy is [\d.]+ % \(before [\d.]+ %\), on 20 pictures/)
    await accuracy.waitFor({ timeout: 100_000 })
    const [reached, given] = (await accuracy.textContent())!
      .match(/is ([\d.]+) % \(before ([\d.]+)/)!
      .slice(1)
      .map(Number)
    expect(reached).toBeGreaterThanOrEqual(given! - 10)
  })

  it('with widths by what the outputs lose, as the command line says it', async () => {
    const { page, open, accessible, picture } = await studio.visit({ hash: '#prune' })
    await open(lenet)
    await page.getByRole('table', { name: 'Groups of channels' }).waitFor()
    await page.getByRole('combobox', { name: 'Widths' }).click()
    await page.getByRole('option', { name: 'the outputs lose least' }).click()
    await page.getByRole('alert').getByText('What the outputs lose is measured on pictures: give some.').waitFor()
    await page.getByLabel('A folder of pictures').setInputFiles(await digitFolder(path('few'), 40))
    const flags = '--target-macs 0.5 --data pictures/ --images 40 --allocate outputs'
    await page.locator('pre', { hasText: flags }).waitFor({ timeout: 60_000 })
    await accessible()
    await picture('prune-by-outputs')
  })
})
