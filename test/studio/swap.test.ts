// Swapping layers in Kerf Studio: kinds and sizes, which layers, the exchange on pictures, steps; against the library and the command line.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { profileModel } from '../../src/api/cost.node.ts'
import { readModelFile } from '../../src/api/files.node.ts'
import { nets } from '../../src/api/nets.ts'
import { human } from '../../src/api/report.ts'
import { rewrites, swappableLayers } from '../../src/api/rewrite.node.ts'
import { swapAndMeasure } from '../../src/api/workflow.node.ts'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { digitFolder } from './digits.ts'
import { lenet, useFolder, writeExternal } from './files.ts'
import { root, useStudio, type Visit } from './harness.ts'
import { fileOf } from './models.ts'

const model = readModelFile(lenet)

describeBrowser('Kerf Studio swaps', () => {
  const studio = useStudio()
  const path = useFolder()

  async function openSwap(options = {}, file = lenet): Promise<Visit> {
    const visit = await studio.visit(options)
    await visit.open(file)
    await visit.page.getByRole('tab', { name: 'Swap', exact: true }).click()
    await visit.page.getByRole('table', { name: 'Layers', exact: true }).waitFor()
    return visit
  }

  const totals = ({ page }: Visit) => page.getByRole('table', { name: 'Before and after the swap' })
  const command = async ({ page }: Visit) => (await page.locator('pre').last().textContent())!
  const size = ({ page }: Visit, of: string) =>
    page.getByRole('radiogroup', { name: 'What says how large they become' }).getByText(of, { exact: true }).click()
  const choose = async ({ page }: Visit, kind: string) => {
    await page.getByRole('combobox', { name: 'Kind' }).click()
    await page.getByRole('option', { name: kind, exact: true }).click()
  }

  it('to half of the MACs, as the command line does, and goes back', async () => {
    const visit = await openSwap()
    const { page, accessible, picture } = visit
    const { comparison, swapped } = await swapAndMeasure(model, {
      ...{ rewrite: 'low-rank', target: { macs: { part: 0.5 } }, measure: false },
    })
    await totals(visit).getByText(human(comparison.b.totals.macs), { exact: true }).waitFor()
    const row = page.getByRole('table', { name: 'Layers', exact: true }).getByRole('row', { name: 'conv2' })
    const [before, after] = [swapped[0]!.cost.before.macs!, swapped[0]!.cost.after.macs!]
    await row.getByText(`${human(before)} → ${human(after)}`).waitFor()
    await row.getByText(String(Number(swapped[0]!.weightError!.toPrecision(3)))).waitFor()
    await accessible()
    await picture('swap')
    const [, , ...argv] = (await command(visit)).split(' ')
    await page.getByRole('button', { name: 'Swap', exact: true }).click()
    const name = `${swapped.length} layers swapped for convolutions of low rank`
    await page.getByRole('navigation', { name: 'Steps' }).getByRole('button', { name }).waitFor()
    await page.getByRole('table', { name: 'Layers that were swapped' }).waitFor()
    await accessible()
    await picture('swapped')
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save the model' }).click()
    await (await download).saveAs(path('saved.onnx'))
    const out = path('cli.onnx')
    const given = argv.map((text) => (text === 'lenet5.onnx' ? lenet : text === 'lenet5-swapped.onnx' ? out : text))
    execFileSync(process.execPath, [join(root, 'dist/cli/main.js'), 'swap', ...given], { stdio: 'pipe' })
    const [mine, other] = [readModelFile(path('saved.onnx')), readModelFile(out)]
    expect(profileModel(mine).totals).toEqual(profileModel(other).totals)
    for (const [name, tensor] of other.graph.initializers)
      expect(mine.graph.initializers.get(name)?.data.bytes(), name).toEqual(tensor.data.bytes())
    await page.keyboard.press('Control+z')
    await page.getByRole('banner').getByText('lenet5.onnx', { exact: true }).waitFor()
    await page.getByRole('table', { name: 'Layers that were swapped' }).waitFor({ state: 'detached' })
  })

  it('those layers that are chosen, in every kind that there is', async () => {
    const visit = await openSwap({ viewport: { width: 360, height: 740 }, colorScheme: 'dark' })
    const { page, accessible, fits, picture } = visit
    await size(visit, 'Energy')
    await page.getByRole('checkbox', { name: 'Swap conv2' }).uncheck()
    await page.getByRole('row', { name: 'conv2' }).getByText('it was not chosen').waitFor()
    await page.locator('pre', { hasText: '--energy 0.95' }).waitFor()
    await page.getByRole('textbox', { name: 'By name' }).fill('conv[23]')
    await page.getByRole('button', { name: 'Choose', exact: true }).click()
    await page.locator('pre', { hasText: "--layers '{conv2,conv3}'" }).waitFor()
    await accessible()
    await fits()
    await picture('swap-narrow')
    for (const { name, settings } of rewrites) {
      await choose(visit, name)
      await page
        .locator('pre', { hasText: `--to ${name}` })
        .or(page.getByRole('alert'))
        .waitFor()
      for (const layer of swappableLayers(model, name))
        await page.getByRole('table', { name: 'Layers', exact: true }).getByRole('row', { name: layer.node }).waitFor()
      if ('keepWeights' in settings) await page.getByRole('checkbox', { name: 'Keep the weights' }).waitFor()
    }
    await fits()
  })

  it('what is set by hand, and says what is wrong with it', async () => {
    const visit = await openSwap()
    const { page } = visit
    await choose(visit, 'tucker')
    await size(visit, 'Set')
    await page.getByRole('textbox', { name: /rank|channels/i }).fill('3')
    await page.getByRole('alert').getByText('Give 2 numbers').waitFor()
    expect(await page.getByRole('button', { name: 'Swap', exact: true }).isDisabled()).toBe(true)
    await page.getByRole('textbox', { name: /rank|channels/i }).fill('4,8')
    await page.locator('pre', { hasText: '--rank 4,8' }).waitFor()
    await page.getByRole('row', { name: 'conv1' }).getByText('its rank is').waitFor()
  })

  it('on pictures by least squares, with times', async () => {
    const { page, picture } = await openSwap()
    await page.getByLabel('A folder of pictures').setInputFiles(await digitFolder(path('digits'), 40))
    await page.getByText('40 pictures of 10 classes').waitFor()
    await page.getByRole('checkbox', { name: 'Measure times' }).check()
    await page.getByRole('button', { name: 'Swap', exact: true }).click()
    const report = page.getByRole('region', { name: 'What the swap did' })
    await report.waitFor({ timeout: 60_000 })
    const [after, before] = (await report.textContent())!
      .match(/off by ([\d.]+) %.*least squares ([\d.]+) %/)!
      .slice(1)
      .map(Number)
    expect(after).toBeLessThan(before!)
    await report.getByRole('columnheader', { name: 'Output off' }).waitFor()
    await report.getByRole('columnheader', { name: 'Time (ms)' }).waitFor()
    await report.getByText(/A run takes [\d.e-]+ ms/).waitFor()
    await picture('swap-pictures')
  })

  it('a network of many layers while it answers, and stops', async () => {
    const file = await fileOf(nets.resnet20(), 'resnet20.onnx')
    const visit = await openSwap({}, file)
    const { page } = visit
    await totals(visit).waitFor({ timeout: 60_000 })
    await size(visit, 'Time')
    await page.getByRole('button', { name: 'Swap', exact: true }).click()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached', timeout: 60_000 })
    expect(await page.getByRole('navigation', { name: 'Steps' }).count()).toBe(0)
    expect(await page.getByRole('alert').count()).toBe(0)
  })

  it('shows nothing of a step that is no longer open, and no other kind where weights are missing', async () => {
    const visit = await openSwap()
    const { page } = visit
    await page.getByRole('button', { name: 'Swap', exact: true }).click()
    await page.getByRole('table', { name: 'Layers that were swapped' }).waitFor()
    await totals(visit).waitFor()
    await page.getByRole('button', { name: 'As it was opened' }).click()
    await page.getByRole('banner').getByText('lenet5.onnx', { exact: true }).waitFor()
    await totals(visit).waitFor()
    expect(await totals(visit).getByRole('row', { name: 'MACs' }).textContent()).toContain('417 k')

    const other = await studio.visit({ hash: '#swap' })
    await other.open(writeExternal(path('outside.onnx')))
    await other.page.getByRole('alert').waitFor()
    expect(await other.page.getByRole('combobox', { name: 'Kind' }).inputValue()).toBe('low-rank')
  })

  it('says in its own words what cannot be reached, and what a network by name is called on the command line', async () => {
    const { page, shown, accessible, picture } = await studio.visit({ hash: '#swap' })
    await page.getByRole('button', { name: 'A network by name …' }).click()
    await page.getByRole('combobox', { name: 'A network by name' }).fill('mobilenet_v2')
    await page.getByRole('option', { name: 'mobilenet_v2' }).click()
    await shown('mobilenet_v2')
    await page.getByRole('slider', { name: 'How much stays' }).focus()
    await page.keyboard.press('Home')
    const alert = page.getByRole('alert')
    await alert.getByText('Ask for as much, or swap other layers, too.').waitFor()
    expect(await alert.textContent()).not.toContain('--')
    await accessible()
    await picture('swap-out-of-reach')
    await page.getByRole('tab', { name: 'Prune' }).click()
    await page.locator('pre', { hasText: 'kerf prune net:mobilenet_v2 -o mobilenet_v2-pruned.onnx' }).waitFor()
  })
})
