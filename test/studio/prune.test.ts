// Pruning in Kerf Studio: the preview, widths by hand, the cut with its proof, steps back and forth, recovery on pictures; against the library and the command line.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { profileModel } from '../../src/api/cost.node.ts'
import { readModelFile } from '../../src/api/files.node.ts'
import { pruneModel } from '../../src/api/prune.node.ts'
import { human } from '../../src/api/report.ts'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { root, useStudio, type Visit } from './harness.ts'

const lenet = 'examples/digits/lenet5.onnx'
const model = readModelFile(join(root, lenet))

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-studio-prune-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function openPrune(studio: ReturnType<typeof useStudio>, options = {}): Promise<Visit> {
  const visit = await studio.visit(options)
  await visit.open(lenet)
  await visit.page.getByRole('tab', { name: 'Prune' }).click()
  await visit.page.getByRole('table', { name: 'Groups of channels' }).waitFor()
  return visit
}

/** The model as it is saved, and the command that is to make the same. */
async function saved({ page }: Visit): Promise<string> {
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save the model' }).click()
  const path = join(folder, 'saved.onnx')
  await (await download).saveAs(path)
  return path
}

describeBrowser('Kerf Studio prunes', () => {
  const studio = useStudio()

  it('to half of the MACs, as the command line does, and goes back', async () => {
    const visit = await openPrune(studio)
    const { page, accessible, picture } = visit
    const { after } = await pruneModel(model, { target: { of: 'macs', part: 0.5, scope: {} } })
    const table = page.getByRole('table', { name: 'Before and after the cut' })
    await table.getByRole('row', { name: 'MACs' }).getByText(human(after.macs), { exact: true }).waitFor()
    await accessible()
    await picture('prune')
    const command = (await page.locator('pre').textContent())!
    await page.getByRole('button', { name: 'Cut and prove' }).click()
    await page.getByText('It does what the network with these channels masked does').waitFor()
    await page
      .getByRole('navigation', { name: 'Steps' })
      .getByRole('button', { name: 'Pruned to 50 % of the MACs' })
      .waitFor()
    const mine = readModelFile(await saved(visit))
    const [, , ...argv] = command.split(' ')
    const out = join(folder, 'cli.onnx')
    const given = argv.map((text) =>
      text === 'lenet5.onnx' ? join(root, lenet) : text === 'lenet5-pruned.onnx' ? out : text,
    )
    execFileSync(process.execPath, [join(root, 'dist/cli/main.js'), 'prune', ...given], { stdio: 'pipe' })
    const other = readModelFile(out)
    expect(profileModel(mine).totals).toEqual(profileModel(other).totals)
    for (const [name, tensor] of other.graph.initializers)
      expect(mine.graph.initializers.get(name)?.data.bytes(), name).toEqual(tensor.data.bytes())
    await page.keyboard.press('Control+z')
    await page.getByRole('banner').getByText('lenet5.onnx', { exact: true }).waitFor()
    await table.getByRole('row', { name: 'MACs' }).getByText('417 k').waitFor()
    // What was said of the cut belongs to its step.
    const told = page.getByText('It does what the network with these channels masked does')
    await told.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Redo' }).click()
    await told.waitFor()
    await page.getByRole('heading', { name: 'What another cut would do' }).waitFor()
  })

  it('by keys alone, which stay where they are', async () => {
    const { page } = await openPrune(studio)
    const cut = page.getByRole('button', { name: 'Cut and prove' })
    const focused = () => page.evaluate<string>('document.activeElement.textContent')
    await cut.focus()
    await expect.poll(() => cut.isEnabled()).toBe(true)
    await page.keyboard.press('Enter')
    await page.getByText('It does what the network with these channels masked does').waitFor()
    expect(await focused()).toBe('Cut and prove')
    // A list that opens is no text that is being written.
    await page.getByRole('combobox', { name: 'Widths' }).focus()
    await page.keyboard.press('Control+z')
    await page.getByRole('banner').getByText('lenet5.onnx', { exact: true }).waitFor()
  })

  it('and asks before what was not saved is lost', async () => {
    const visit = await openPrune(studio)
    const { page } = visit
    const asked: string[] = []
    page.on('dialog', async (dialog) => {
      asked.push(dialog.type())
      await dialog.accept()
    })
    await page.getByRole('button', { name: 'Cut and prove' }).click()
    await page.getByRole('button', { name: 'Save the model' }).waitFor()
    await page.reload()
    await expect.poll(() => asked).toEqual(['beforeunload'])
    await visit.open(lenet)
    await page.getByRole('button', { name: 'Cut and prove' }).click()
    await saved(visit)
    await page.reload()
    await page.getByRole('banner').waitFor()
    expect(asked).toEqual(['beforeunload'])
  })

  it('by hand, and says how on the command line', async () => {
    const { page, fits, accessible, picture } = await openPrune(studio, {
      viewport: { width: 360, height: 740 },
      colorScheme: 'dark',
    })
    const rows = page.getByRole('table', { name: 'Groups of channels' }).getByRole('row')
    await rows.nth(1).getByRole('slider').focus()
    await page.keyboard.press('ArrowRight')
    await page.locator('pre', { hasText: '--ratios' }).waitFor()
    await rows.nth(1).getByRole('checkbox').check()
    await page.locator('pre', { hasText: '--keep' }).waitFor()
    const [, channels, stay] = await rows.nth(1).getByRole('cell').allTextContents()
    expect(stay).toBe(channels)
    await accessible()
    await fits()
    await picture('prune-narrow')
  })

  it('says what cannot be reached', async () => {
    const { page } = await openPrune(studio)
    await page.getByRole('group', { name: 'What goes' }).getByText('Neurons').click()
    const slider = page.getByRole('slider', { name: 'How much' })
    await slider.focus()
    await page.keyboard.press('Home')
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('button', { name: 'Cut and prove' }).isDisabled()).toBe(true)
  })
})
