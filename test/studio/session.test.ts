// A session of Kerf Studio as a file: saved, opened again by dropping it, every step there.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { digitFolder } from './digits.ts'
import { lenet, useFolder } from './files.ts'
import { pickByKeys, useStudio, type Visit } from './harness.ts'

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
    const tab = (await again.page.getByRole('tab', { selected: true }).boundingBox())!
    expect(tab.x + tab.width).toBeLessThan(361)
    // Of all steps the one that is open is in sight.
    const current = (await steps.locator('[aria-current=step]').boundingBox())!
    const saving = (await steps.getByRole('button', { name: 'Save the model' }).boundingBox())!
    expect(current.x).toBeGreaterThan(0)
    expect(current.x).toBeLessThan(saving.x - 40)
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

  it('brings back what a cut needs for recovery, what a training found out, and the wishes of views', async () => {
    const { page, open } = await studio.visit({ hash: '#train' })
    await open(lenet)
    const give = async (to: Visit['page']) => {
      await to
        .getByLabel('A folder of pictures')
        .first()
        .setInputFiles(await digitFolder(path('digits'), 100))
      await to.getByText('100 pictures of 10 classes').first().waitFor()
    }
    await give(page)
    await page.getByLabel('Epochs', { exact: true }).first().fill('2')
    await page.getByLabel('Batch size').first().fill('20')
    // Such steps spoil it: it is wrong about pictures.
    await page.getByLabel('Learning rate').first().fill('3')
    await page.getByRole('button', { name: 'Train', exact: true }).click()
    const report = page.getByRole('region', { name: 'What training did' })
    await report.getByRole('table', { name: 'Confusion matrix' }).waitFor({ timeout: 60_000 })
    const confusion = await report.getByRole('table', { name: 'Confusion matrix' }).textContent()
    await page.getByRole('tab', { name: 'Costs' }).click()
    await page.getByText('Roofline').click()
    await page.getByRole('tab', { name: 'Swap', exact: true }).click()
    await page.getByRole('radiogroup').getByText('Energy', { exact: true }).click()
    await page.getByRole('tab', { name: 'Prune' }).click()
    // A criterion that looks at pictures, which are not in the file.
    await page.getByRole('combobox', { name: 'Least important first, by' }).fill('taylor')
    await page.getByRole('option', { name: 'taylor', exact: true }).click()
    await page
      .getByText(/Looks at pictures/)
      .first()
      .waitFor()
    await page.getByRole('button', { name: 'Cut and prove' }).click()
    await page.getByRole('button', { name: 'Pruned to 50 % of the MACs' }).waitFor()
    await page.getByRole('group', { name: 'Recover' }).getByText('Solve', { exact: true }).click()
    const download = page.waitForEvent('download')
    await page.keyboard.press('Control+s')
    await (await download).saveAs(path('cut.kerf'))
    const recovered = async (on: Visit['page']) => {
      await on.getByRole('group', { name: 'Recover' }).getByRole('button', { name: 'Recover' }).click()
      await on.getByRole('button', { name: 'Recovered on 100 pictures' }).waitFor({ timeout: 60_000 })
      const download = on.waitForEvent('download')
      await on.getByRole('button', { name: 'Save the model' }).click()
      return readFileSync(await (await download).path())
    }
    const expected = await recovered(page)

    const visit = await studio.visit({ viewport: { width: 360, height: 740 }, colorScheme: 'dark' })
    const again = visit.page
    await again.setInputFiles('input[type=file]:not([webkitdirectory])', path('cut.kerf'))
    await visit.shown('lenet5-2.onnx')
    await give(again)
    expect(await again.getByRole('combobox', { name: 'Least important first, by' }).inputValue()).toBe('taylor')
    expect(Buffer.from(await recovered(again)).equals(expected)).toBe(true)
    await visit.picture('session-recovered')
    await visit.fits()
    const page2 = again.waitForEvent('download')
    await again.getByRole('button', { name: 'Save a report' }).click()
    const html = readFileSync(await (await page2).path(), 'utf8')
    for (const text of ['Pruned to 50 % of the MACs', 'Recovered on 100 pictures', 'Channels', '--criterion taylor'])
      expect(html).toContain(text)
    await again.getByRole('tab', { name: 'Swap', exact: true }).click()
    expect(await again.getByRole('radio', { name: 'Energy' }).isChecked()).toBe(true)
    await again.getByRole('tab', { name: 'Costs' }).click()
    expect(await again.getByRole('radio', { name: 'Roofline' }).isChecked()).toBe(true)
    await again.getByRole('tab', { name: 'Train' }).click()
    const recipe = again.getByRole('group', { name: 'Recipe' })
    expect(await recipe.getByLabel('Epochs', { exact: true }).first().inputValue()).toBe('2')
    await again.getByRole('navigation', { name: 'Steps' }).getByRole('button', { name: 'Trained for 2 epochs' }).click()
    const told = again.getByRole('region', { name: 'What training did' })
    await told.getByText('The pictures themselves are not in a session’s file.').waitFor()
    expect(await told.getByRole('table', { name: 'Confusion matrix' }).textContent()).toBe(confusion)
    await visit.accessible()
    await visit.fits()
    await told.scrollIntoViewIfNeeded()
    await visit.picture('session-trained')
    // Another model begins as at first.
    await pickByKeys(again, 'Control+o', lenet)
    await visit.shown('lenet5.onnx')
    await again.getByRole('tab', { name: 'Costs' }).click()
    expect(await again.getByRole('radio', { name: 'Layers' }).isChecked()).toBe(true)
  })

  it('brings back tables as they were sorted and filtered, and what the network was run on', async () => {
    const visit = await studio.visit({ hash: '#costs' })
    const { page, open } = visit
    await open(lenet)
    const cells = (of: Visit['page']) =>
      of.getByRole('grid', { name: 'Layers and what they cost' }).getByRole('row').allTextContents()
    await page.getByRole('button', { name: 'MACs' }).click()
    await page.getByRole('button', { name: 'Columns' }).click()
    await page.getByLabel('Shape of the output').uncheck()
    await page.keyboard.press('Escape')
    await page.getByRole('textbox', { name: 'Filter layers by name' }).fill('conv')
    await page.getByText(/^4 of \d+ layers$/).waitFor()
    const expected = await cells(page)
    // Another panel, and back: as it was left.
    await page.getByRole('radiogroup', { name: 'What is shown' }).getByText('Blocks').click()
    await page.getByRole('grid', { name: 'Blocks, and their parts of the whole' }).waitFor()
    await page.getByRole('radiogroup', { name: 'What is shown' }).getByText('Layers').click()
    await expect.poll(() => cells(page)).toEqual(expected)
    await page.getByRole('tab', { name: 'Run', exact: true }).click()
    const chooser = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Choose an image' }).click()
    const folder = await digitFolder(path('one'), 1)
    const [label] = readdirSync(folder)
    await (await chooser).setFiles(path(`one/${label}/0.png`))
    await page.getByRole('table', { name: 'Largest classes of logits' }).waitFor()
    await page.getByRole('combobox', { name: 'Value' }).fill('input')
    await page.getByRole('img', { name: 'input', exact: true }).waitFor()
    const classes = (of: Visit['page']) => of.getByRole('table', { name: 'Largest classes of logits' }).textContent()
    const said = await classes(page)
    const download = page.waitForEvent('download')
    await page.keyboard.press('Control+s')
    await (await download).saveAs(path('run.kerf'))
    const again = await studio.visit({ viewport: { width: 360, height: 740 }, colorScheme: 'dark' })
    await again.page.setInputFiles('input[type=file]:not([webkitdirectory])', path('run.kerf'))
    await again.shown('lenet5.onnx')
    await again.page.getByRole('table', { name: 'Largest classes of logits' }).waitFor()
    expect(await classes(again.page)).toBe(said)
    await again.page.getByRole('img', { name: 'What the network was run on' }).waitFor()
    await again.page.getByRole('img', { name: 'input', exact: true }).waitFor()
    await again.accessible()
    await again.fits()
    await again.picture('session-run')
    await again.page.getByRole('tab', { name: 'Costs' }).click()
    expect(await again.page.getByRole('textbox', { name: 'Filter layers by name' }).inputValue()).toBe('conv')
    await expect.poll(() => cells(again.page)).toEqual(expected)
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
