// Layers in codes, adder and ordinary ones, in Kerf Studio; against the library.

import { copyFileSync, readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import { readModelFile } from '../../src/api/files.node.ts'
import { modelBytes } from '../../src/api/index.node.ts'
import { human } from '../../src/api/report.ts'
import { createSession } from '../../src/api/runtime.node.ts'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { digitFolder } from './digits.ts'
import { lenet, useFolder } from './files.ts'
import { useStudio, type Visit } from './harness.ts'

describeBrowser('Kerf Studio quantises', () => {
  const studio = useStudio()
  const path = useFolder()

  /** The digits' network with adder layers, made in the page. */
  async function openAdder(options = {}): Promise<Visit> {
    const visit = await studio.visit({ ...options, hash: '#swap' })
    const { page, open } = visit
    await open(lenet)
    await page.getByRole('combobox', { name: 'Kind' }).click()
    await page.getByRole('option', { name: 'adder', exact: true }).click()
    await page.getByRole('checkbox', { name: 'Keep the weights' }).check()
    await page.locator('pre', { hasText: '--keep-weights' }).waitFor()
    // Statistics of noise leave nothing alive.
    await give(visit, 'Swap', await digitFolder(path('digits'), 40), '40 pictures')
    await page.getByRole('button', { name: 'Swap', exact: true }).click()
    await page.getByRole('navigation', { name: 'Steps' }).getByText('swapped for adder').waitFor()
    await page.getByRole('tab', { name: 'Quantise', exact: true }).click()
    await page.getByText(/adder layers? in floats/).waitFor()
    return visit
  }

  async function give({ page }: Visit, view: string, folder: string, told: string): Promise<void> {
    const panel = page.getByRole('tabpanel', { name: view })
    await panel.getByLabel('A folder of pictures').setInputFiles(folder)
    await panel.getByText(told).waitFor()
  }

  async function saved({ page }: Visit, name: string) {
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save the model' }).click()
    await (await download).saveAs(path(name))
    return readModelFile(path(name))
  }

  it('says why a network without adder layers cannot be', async () => {
    const { page, open, accessible, fits, picture } = await studio.visit({
      ...{ hash: '#quantise', viewport: { width: 360, height: 740 }, colorScheme: 'dark' },
    })
    await open(lenet)
    // Until then the page chooses.
    await page.getByText('5 layers in floats').waitFor()
    await page.getByText('Adder layers', { exact: true }).click()
    await page.getByText('The model has no adder layer').waitFor()
    expect(await page.getByRole('button', { name: 'Quantise', exact: true }).isDisabled()).toBe(true)
    await accessible()
    await fits()
    await picture('quantise-narrow')
  })

  it('ordinary layers in 8 bits, and says what that did', async () => {
    const visit = await studio.visit({ hash: '#quantise' })
    const { page, open, accessible, picture } = visit
    await open(lenet)
    await page.getByText('5 layers in floats').waitFor()
    await give(visit, 'Quantise', await digitFolder(path('plain'), 40), '40 pictures')
    await page.locator('pre', { hasText: '--to int8 --bits 8 --data pictures/ --images 40' }).waitFor()
    await page.getByRole('checkbox', { name: 'Make channels of neighbouring layers alike' }).check()
    await page.locator('pre', { hasText: '--equalise' }).waitFor()
    await page.getByRole('button', { name: 'Quantise', exact: true }).click()
    const report = page.getByRole('region', { name: 'What quantising did' })
    await report.getByText('Layers in 8 bits').waitFor({ timeout: 60_000 })
    const table = page.getByRole('table', { name: 'Layers in codes' })
    expect(await table.getByRole('row').count()).toBe(1 + 5)
    await page.getByText('it is in codes already').waitFor()
    await accessible()
    await picture('quantised-int8')
    const codes = await saved(visit, 'int8.onnx')
    const kinds = codes.graph.nodes.map(({ opType }) => opType)
    expect(kinds).toContain('QuantizeLinear')
    expect(kinds).not.toContain('BatchNormalization')
    expect(modelBytes(codes).length).toBeLessThan(modelBytes(readModelFile(lenet)).length / 3)
  })

  it('adder layers in few bits, and says what that did', async () => {
    const visit = await openAdder()
    const { page, accessible, picture } = visit
    const floats = await saved(visit, 'floats.onnx')
    await page.locator('pre', { hasText: '--bits 6 --data pictures/ --images 40' }).waitFor()
    const run = page.getByRole('button', { name: 'Quantise', exact: true })
    await run.click()
    const report = page.getByRole('region', { name: 'What quantising did' })
    await report.waitFor({ timeout: 60_000 })
    await page.getByText('All adder layers of the model are quantised already').waitFor()
    await accessible()
    await picture('quantised')
    const codes = await saved(visit, 'codes.onnx')
    await report.locator('dd', { hasText: human(modelBytes(codes).length, 'B') }).waitFor()
    await report.getByText(`before ${human(modelBytes(floats).length, 'B')}`).waitFor()
    const rows = await page.getByRole('table', { name: 'Layers in codes' }).getByRole('row').count()
    expect(rows - 1).toBe(floats.graph.nodes.filter(({ opType }) => opType === 'AdderConv').length)
    const kinds = codes.graph.nodes.map(({ opType }) => opType)
    expect(kinds).toContain('QuantizeLinear')
    const session = await createSession(codes)
    await session.dispose()
    // With two bits more is lost than with six.
    const off = async () => Number.parseFloat((await report.locator('dd', { hasText: '‖' }).textContent())!)
    const six = await off()
    await page.keyboard.press('Control+z')
    await page.getByText(/adder layers? in floats/).waitFor()
    await page.getByRole('slider', { name: 'Bits' }).focus()
    await page.keyboard.press('Home')
    await page.locator('pre', { hasText: '--bits 2' }).waitFor()
    await run.click()
    await report.getByText('Adder layers in 2 bits').waitFor({ timeout: 60_000 })
    expect(await off()).toBeGreaterThan(six)
  })

  it('refuses pictures that say nothing', async () => {
    const visit = await openAdder()
    const { page } = visit
    const [digit] = readdirSync(await digitFolder(path('one'), 1), { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.png'),
    )
    for (let i = 0; i < 8; i++) copyFileSync(path(`one/${digit}`), path(`same/${i}.png`))
    await give(visit, 'Quantise', path('same'), '8 pictures')
    await page.getByRole('button', { name: 'Quantise', exact: true }).click()
    await page.getByRole('alert').getByText('The data are constant').waitFor({ timeout: 60_000 })
  })
})
