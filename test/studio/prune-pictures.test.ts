// What looks at pictures where Kerf Studio prunes: criteria, what each layer bears, recovery; against the library.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readModelFile } from '../../src/api/files.node.ts'
import { pruneModel } from '../../src/api/prune.node.ts'
import { human } from '../../src/api/report.ts'
import { withCrossEntropy } from '../../src/api/train.ts'
import { sensitivity } from '../../src/api/workflow.ts'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { digitFolder, digitTable, labelledDigits } from './digits.ts'
import { lenet, useFolder } from './files.ts'
import { useStudio, type Visit } from './harness.ts'

const model = readModelFile(lenet)

describeBrowser('Kerf Studio prunes by pictures', () => {
  const studio = useStudio()
  const path = useFolder()
  async function openPrune(options = {}): Promise<Visit> {
    const visit = await studio.visit(options)
    await visit.open(lenet)
    await visit.page.getByRole('tab', { name: 'Prune' }).click()
    await visit.page.getByRole('table', { name: 'Groups of channels' }).waitFor()
    return visit
  }

  it('by criteria that look at pictures with labels, and recovers on them', async () => {
    const { page, accessible, picture } = await openPrune()
    const settings = page.getByRole('group', { name: 'What goes' })
    await settings.getByRole('combobox', { name: 'Least important first, by' }).click()
    await page.getByRole('option', { name: 'fisher', exact: true }).click()
    await page.getByRole('alert').getByText('fisher looks at pictures with labels: give some.').waitFor()
    await accessible()
    await page.getByLabel('A folder of pictures').setInputFiles(await digitFolder(path('digits'), 40))
    const field = page.getByRole('group', { name: 'Pictures' })
    await field.getByText('40 pictures of 10 classes.').waitFor()
    await page.locator('pre', { hasText: '--criterion fisher --data pictures/ --images 40 --loss labels' }).waitFor()
    const { images } = await labelledDigits(40)
    const { after, groups } = await pruneModel(model, {
      ...{ criterion: 'fisher', loss: withCrossEntropy, images },
      target: { of: 'macs', part: 0.5 },
    })
    const table = page.getByRole('table', { name: 'Before and after the cut' })
    await table.getByRole('row', { name: 'MACs' }).getByText(human(after.macs), { exact: true }).waitFor()
    await field.getByRole('checkbox', { name: 'Use their labels' }).uncheck()
    await page.getByRole('alert').getByText('the pictures have none').waitFor()
    await settings.getByText('of own outputs').click()
    await page.locator('pre', { hasText: '--loss outputs' }).waitFor()
    await field.getByRole('checkbox', { name: 'Use their labels' }).check()
    await settings.getByText('Loss of labels').click()
    await page.locator('pre', { hasText: '--loss labels' }).waitFor()
    await page.getByRole('button', { name: 'Cut and prove' }).click()
    await page.getByRole('button', { name: 'Recover', exact: true }).click()
    const recovered = page.getByRole('table', { name: 'What recovery did' })
    await recovered.waitFor({ timeout: 60_000 })
    await page.getByRole('button', { name: 'Recovered on 40 pictures' }).waitFor()
    const percents = (await recovered.getByRole('row').nth(1).getByRole('cell').allTextContents())
      .slice(1)
      .map(Number.parseFloat)
    expect(percents[1]!).toBeLessThan(percents[0]!)
    expect(groups.length).toBeGreaterThan(0)
    await picture('prune-recovered')
    await page.getByText('--recover --epochs 10').waitFor()
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save a report' }).click()
    const html = readFileSync(await (await download).path(), 'utf8')
    for (const said of [
      'Pruned to 50 % of the MACs',
      'Cut = masked',
      'Channels',
      'least-squares',
      '--criterion fisher',
    ])
      expect(html).toContain(said)
    for (const { kept, channels } of groups) expect(html).toMatch(new RegExp(`>${channels}<[^]*>${kept}<`))
  })

  it('takes the pictures that come along with digits, and refuses files that are none', async () => {
    const { page, shown } = await studio.visit()
    await page.getByRole('button', { name: 'Digits' }).click()
    await shown('lenet5.onnx')
    await page.getByRole('tab', { name: 'Prune' }).click()
    const field = page.getByRole('group', { name: 'Pictures' })
    const chooser = page.waitForEvent('filechooser')
    await field.getByRole('button', { name: 'Pictures' }).click()
    await (await chooser).setFiles([{ name: 'a.txt', mimeType: 'text/plain', buffer: readFileSync(lenet) }])
    await field.getByRole('alert').getByText('0 pictures in one file. Give at least 8').waitFor()
    await field.getByRole('button', { name: 'The digits' }).click()
    await field.getByText(/pictures of 10 classes/).waitFor()
    // So many take long enough to be stopped.
    await field.getByLabel('Use at most').fill('2000')
    const bearing = page.getByRole('group', { name: 'What each layer bears' })
    await bearing.getByRole('button', { name: 'Measure curves' }).click()
    // By a key: it is over before a busy machine has shown two pictures, which a click waits for.
    await page.getByRole('button', { name: 'Stop' }).press('Enter')
    await bearing.getByRole('button', { name: /Measure (again|curves)/ }).waitFor()
    expect(await bearing.getByRole('alert').count()).toBe(0)
  })

  it('takes a table of labels that is dropped with the pictures', async () => {
    const { page, context, picture } = await openPrune({ viewport: { width: 360, height: 740 } })
    const folder = await digitTable(path('table'), 24)
    const field = page.getByRole('group', { name: 'Pictures' })
    await field.scrollIntoViewIfNeeded()
    const { x, y, width, height } = (await field.boundingBox())!
    const session = await context.newCDPSession(page)
    const files = [
      join(folder, 'labels.csv'),
      ...readdirSync(join(folder, 'pictures')).map((p) => join(folder, 'pictures', p)),
    ]
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await session.send('Input.dispatchDragEvent', {
        ...{ type, x: x + width / 2, y: y + height / 2 },
        data: { items: [], files, dragOperationsMask: 1 },
      })
    await field.getByText('24 pictures of 10 classes; 1 file of the table is not among them.').waitFor()
    await picture('prune-table')
    // Nothing hangs over the page as if files were still held above it.
    expect(await page.locator('[data-dropping]').count()).toBe(0)
    const settings = page.getByRole('group', { name: 'What goes' })
    await settings.getByRole('combobox', { name: 'Least important first, by' }).click()
    await page.getByRole('option', { name: 'fisher', exact: true }).click()
    const { images } = await labelledDigits(24)
    const { after } = await pruneModel(model, {
      ...{ criterion: 'fisher', loss: withCrossEntropy, images },
      target: { of: 'macs', part: 0.5 },
    })
    await page.locator('pre', { hasText: '--criterion fisher --data pictures/ --images 24 --loss labels' }).waitFor()
    const table = page.getByRole('table', { name: 'Before and after the cut' })
    await table.getByRole('row', { name: 'MACs' }).getByText(human(after.macs), { exact: true }).waitFor()
  })

  it('shows what each layer bears beside its slider', async () => {
    const { page, accessible, fits, picture } = await openPrune({ colorScheme: 'dark' })
    await page.getByLabel('A folder of pictures').setInputFiles(await digitFolder(path('digits'), 40))
    const bearing = page.getByRole('group', { name: 'What each layer bears' })
    await bearing.getByRole('button', { name: 'Measure curves' }).click()
    await bearing.getByText('The accuracy of 40 pictures').waitFor()
    const { images } = await labelledDigits(40)
    const { given, groups } = await sensitivity(model, { images, methods: ['filter'], ratios: [0.5] })
    await bearing.getByText(`is ${(100 * given.accuracy!).toFixed(1)} % now`).waitFor()
    await bearing.getByText(`${groups.length} are measured`).waitFor()
    for (const { name, channels, points } of groups)
      await page
        .getByRole('img', {
          name: new RegExp(
            `by ${name}: .* ${points[0]!.kept} of ${channels} channels ${(100 * points[0]!.quality.accuracy!).toFixed(1)} %`,
          ),
        })
        .waitFor()
    await accessible()
    await picture('prune-curves-dark')
    await page.setViewportSize({ width: 360, height: 740 })
    await fits()
    // Another use of the pictures has other curves, of which as many stay as were measured before a stop.
    await page.getByRole('checkbox', { name: 'Use their labels' }).uncheck()
    await bearing.getByRole('button', { name: 'Measure curves' }).click()
    await bearing.getByText('The agreement of 40 pictures is 100.0 % now').waitFor()
  })
})
