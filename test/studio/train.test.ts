// Training in Kerf Studio: the recipe as a form, curves, stop and go on, the confusion matrix; against the library.

import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { createLoader } from '../../src/api/data.ts'
import { readModelFile } from '../../src/api/files.node.ts'
import { modelBytes } from '../../src/api/index.node.ts'
import { evaluate, parseRecipe, recipeJsonSchema } from '../../src/api/train.node.ts'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { digitFolder, digitTable, labelledDigits } from './digits.ts'
import { lenet, useFolder } from './files.ts'
import { useStudio, type Visit } from './harness.ts'

describeBrowser('Kerf Studio trains', () => {
  const studio = useStudio()
  const path = useFolder()
  const count = 120

  async function openTrain(options = {}): Promise<Visit> {
    const visit = await studio.visit({ ...options, hash: '#train' })
    const { page, open } = visit
    await open(lenet)
    await page.getByLabel('A folder of pictures').setInputFiles(await digitFolder(path('digits'), count))
    await page.getByText(`${count} pictures of 10 classes`).waitFor()
    await field(page, 'Epochs').waitFor()
    return visit
  }

  /** Parts of the recipe may have fields of the same name; its own come first. */
  const field = (page: Page, name: string) => page.getByLabel(name, { exact: true }).first()
  const report = ({ page }: Visit) => page.getByRole('region', { name: 'What training did' })

  async function saved({ page }: Visit, button: string, name: string): Promise<string> {
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: button }).click()
    await (await download).saveAs(path(name))
    return path(name)
  }

  it('by a recipe that the form says, and shows how well', async () => {
    const visit = await openTrain()
    const { page, accessible, picture } = visit
    // The texts are the schema's own.
    const { properties } = recipeJsonSchema() as { properties: Record<string, { description: string }> }
    await page.getByText(properties.batchSize!.description).waitFor()
    await field(page, 'Epochs').fill('2')
    await field(page, 'Batch size').fill('20')
    await page.getByRole('combobox', { name: 'Optimiser: kind' }).click()
    await page.getByRole('option', { name: 'adamw' }).click()
    await page.getByText('Everything else').click()
    await page.getByText(properties.labelSmoothing?.description ?? properties.freeze!.description).waitFor()
    await page.getByRole('button', { name: 'Train', exact: true }).click()
    await report(visit).waitFor({ timeout: 120_000 })
    await page.getByRole('button', { name: 'Trained for 2 epochs' }).waitFor()
    await accessible()
    await picture('trained')
    const cells = await page.getByRole('table', { name: 'Confusion matrix' }).getByRole('cell').allTextContents()
    expect(cells.reduce((sum, text) => sum + Number(text), 0)).toBe(count / 10)
    // Behind the corner.
    const right = cells.filter((_, i) => i % 11 === 1).reduce((sum, text) => sum + Number(text), 0)
    expect(await report(visit).getByRole('listitem').count()).toBe(count / 10 - right)
    if (right === count / 10) await report(visit).getByText('It is right about all of them.').waitFor()
    const recipe = parseRecipe(JSON.parse(readFileSync(await saved(visit, 'Save the recipe', 'recipe.json'), 'utf8')))
    expect(recipe).toMatchObject({ epochs: 2, batchSize: 20, optimiser: { kind: 'adamw' }, learningRate: 1e-4 })
    const [before, after] = [readModelFile(lenet), readModelFile(await saved(visit, 'Save the model', 'trained.onnx'))]
    expect(after.graph.nodes).toHaveLength(before.graph.nodes.length)
    expect(modelBytes(after)).not.toEqual(modelBytes(before))
    await page.keyboard.press('Control+z')
    await report(visit).waitFor({ state: 'detached' })
  })

  it('stops, and goes on to the same bits, also in another tab', async () => {
    const visit = await openTrain({ viewport: { width: 360, height: 740 }, colorScheme: 'dark' })
    const { page, context, accessible, fits, picture } = visit
    const settle = async (epochs: string) => {
      await field(page, 'Epochs').fill(epochs)
      await field(page, 'Batch size').fill('20')
    }
    await settle('40')
    await page.getByRole('button', { name: 'Train', exact: true }).click()
    await report(visit).waitFor({ timeout: 120_000 })
    const whole = readFileSync(await saved(visit, 'Save the model', 'whole.onnx'))
    await page.keyboard.press('Control+z')
    await report(visit).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Train', exact: true }).click()
    await page.getByText(/^Epoch \d+, step/).waitFor({ timeout: 60_000 })
    await fits()
    await picture('training-narrow')
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByRole('button', { name: /^Go on after epoch/ }).waitFor({ timeout: 60_000 })
    await accessible()
    await page.reload()
    await page.setInputFiles('input[type=file]:not([webkitdirectory])', lenet)
    await visit.shown('lenet5.onnx')
    const goOn = page.getByRole('button', { name: /^Go on after epoch/ })
    // Other pictures with the same labels are another training.
    await page
      .getByLabel('A folder of pictures')
      .setInputFiles(await digitFolder(path('negatives'), count, { negative: true }))
    await page.getByText(`${count} pictures of 10 classes`).waitFor()
    await page.waitForTimeout(1000)
    expect(await goOn.count()).toBe(0)
    await page.getByLabel('A folder of pictures').setInputFiles(path('digits'))
    await goOn.click()
    await report(visit).waitFor({ timeout: 120_000 })
    expect(readFileSync(await saved(visit, 'Save the model', 'again.onnx'))).toEqual(whole)
    expect(context.pages()).toHaveLength(1)
  })

  it('a network by name, with labels from a table, and tests it once with pictures of their own', async () => {
    const visit = await studio.visit({ hash: '#train', colorScheme: 'dark' })
    const { page, shown, accessible, fits, picture } = visit
    await page.getByRole('button', { name: 'A network by name …' }).click()
    await page.getByRole('combobox', { name: 'A network by name' }).fill('lenet')
    await picture('net-by-name')
    await page.getByRole('option', { name: 'lenet5_bn' }).click()
    await shown('lenet5_bn')
    await page.getByLabel('A folder of pictures').setInputFiles(await digitTable(path('table'), 80))
    await page.getByText('80 pictures of 10 classes; 1 file of the table is not among them').waitFor()
    const tests = await digitFolder(path('tests'), 40, { from: 200 })
    await page.getByLabel('A folder of test pictures').setInputFiles(tests)
    await page.getByRole('group', { name: 'Test pictures' }).getByText('40 pictures of 10 classes').waitFor()
    await field(page, 'Epochs').fill('3')
    await field(page, 'Batch size').fill('20')
    expect(await page.getByLabel('A new classifier for the classes of the pictures').isDisabled()).toBe(true)
    await page.getByRole('button', { name: 'Train', exact: true }).click()
    await report(visit).waitFor({ timeout: 120_000 })
    await report(visit).getByText('of 40 test pictures').waitFor()
    await accessible()
    await fits()
    await picture('trained-by-name')
    const model = readModelFile(await saved(visit, 'Save the model', 'by-name.onnx'))
    const { set, transforms } = await labelledDigits(40, 200, model)
    const loader = createLoader(set, { batchSize: 20, transforms, training: false })
    const { accuracy } = await evaluate(model, loader, { threads: 1 })
    const told = report(visit).getByText(`${(100 * accuracy).toFixed(1)} %`)
    await told.first().waitFor()
    const cells = await page.getByRole('table', { name: 'Confusion matrix' }).getByRole('cell').allTextContents()
    expect(cells.reduce((sum, text) => sum + Number(text), 0)).toBe(40)
    const recipe = parseRecipe(JSON.parse(readFileSync(await saved(visit, 'Save the recipe', 'net.json'), 'utf8')))
    expect(recipe).toMatchObject({ model: { net: 'lenet5_bn' }, data: { kind: 'images', test: 'test-pictures' } })
  })

  it('says what is wrong with test pictures', async () => {
    const { page } = await openTrain()
    const [seven] = readdirSync(path('digits/7'))
    for (const label of ['cat', 'dog']) {
      mkdirSync(path(`two/${label}`), { recursive: true })
      for (let k = 0; k < 5; k++) cpSync(path(`digits/7/${seven}`), path(`two/${label}/${k}.png`))
    }
    await page.getByLabel('A folder of test pictures').setInputFiles(path('two'))
    await page.getByText('10 pictures of 2 classes').waitFor()
    await page.getByRole('button', { name: 'Train', exact: true }).click()
    await page.getByRole('alert').getByText('The test pictures have a class "cat"').waitFor()
  })

  it('says what is wrong with a recipe', async () => {
    const { page } = await openTrain()
    await field(page, 'Learning rate').fill('-1')
    await page.getByRole('button', { name: 'Train', exact: true }).click()
    await page.getByRole('alert').getByText('learningRate').waitFor()
  })
})
