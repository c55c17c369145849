// Running networks in Kerf Studio: on an image, on random numbers, and every value looked at; against the same session in Node.

import { join } from 'node:path'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { imageToTensor } from '../../src/api/data.ts'
import { readModelFile } from '../../src/api/files.node.ts'
import { createSession, hostTensor, outputSummary } from '../../src/api/runtime.node.ts'
import { randomFeeds } from '../../src/api/workflow.node.ts'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { root, useStudio, type Visit } from './harness.ts'

const lenet = 'examples/digits/lenet5.onnx'
const model = readModelFile(join(root, lenet))

async function openRun(studio: ReturnType<typeof useStudio>, options = {}): Promise<Visit> {
  const visit = await studio.visit(options)
  await visit.open(lenet)
  await visit.page.getByRole('tab', { name: 'Run', exact: true }).click()
  return visit
}

/** A bright stroke on black, as the digits are drawn. */
async function strokes(): Promise<{ readonly png: Buffer; readonly pixels: Uint8Array }> {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="28" height="28"><rect width="28" height="28"/><path d="M14 4v20" stroke="#fff" stroke-width="4"/></svg>'
  const image = sharp(Buffer.from(svg)).ensureAlpha()
  return { png: await image.png().toBuffer(), pixels: await image.raw().toBuffer() }
}

async function expected(feeds: Parameters<Awaited<ReturnType<typeof createSession>>['run']>[0]) {
  await using session = await createSession(model, { threads: 1 })
  const { logits } = await session.run(feeds)
  return outputSummary('logits', logits!, 10).top![0]!
}

describeBrowser('Kerf Studio runs a network', () => {
  const studio = useStudio()

  it('on random numbers', async () => {
    const { page, accessible, fits, picture } = await openRun(studio)
    await page.getByRole('button', { name: 'Random numbers' }).click()
    const table = page.getByRole('table', { name: 'Largest classes of logits' })
    const [feed] = randomFeeds(model, new Map([['input', [1, 1, 28, 28]]]), 1)
    const [best] = await expected({ input: hostTensor('float32', feed!.shape, feed!.values) })
    await table
      .getByRole('row')
      .nth(1)
      .getByText(`class ${best!.index}`)
      .or(table.getByText(best!.name ?? '-'))
      .first()
      .waitFor()
    expect(await table.getByRole('row').nth(1).textContent()).toContain(best!.value.toPrecision(4))
    await accessible()
    await fits()
    await picture('run-random')
  })

  it('on an image, and shows what any layer makes of it', async () => {
    const { page, accessible, picture } = await openRun(studio)
    const { png, pixels } = await strokes()
    const chooser = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Choose an image' }).click()
    await (await chooser).setFiles({ name: 'one.png', mimeType: 'image/png', buffer: png })
    const table = page.getByRole('table', { name: 'Largest classes of logits' })
    const data = new Uint8ClampedArray(pixels)
    const [best] = await expected({ input: imageToTensor({ data, width: 28, height: 28 }, model) })
    await table.waitFor()
    expect(await table.getByRole('row').nth(1).textContent()).toContain(best!.value.toPrecision(4))
    await page.getByRole('combobox', { name: 'Value' }).fill('relu1')
    const value = model.graph.nodes.find((n) => n.opType === 'Relu')!.outputs[0]!
    await page.getByRole('combobox', { name: 'Value' }).fill(value)
    await page.getByRole('img', { name: value }).waitFor()
    await page.keyboard.press('Escape')
    await accessible()
    await picture('run-image')
  })

  it('says what cannot be read as an image', async () => {
    const { page } = await openRun(studio)
    const chooser = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Choose an image' }).click()
    await (await chooser).setFiles({ name: 'notes.png', mimeType: 'image/png', buffer: Buffer.from('no image') })
    await page.getByRole('alert').getByText('notes.png cannot be read as an image').waitFor()
  })

  it('says why there is no camera', async () => {
    const { page } = await openRun(studio)
    await page.getByRole('button', { name: 'Camera' }).click()
    await page.getByText('There is no picture of a camera').waitFor()
  })

  it('on a narrow screen in the dark', async () => {
    const { page, accessible, fits, picture } = await openRun(studio, {
      viewport: { width: 360, height: 740 },
      colorScheme: 'dark',
    })
    await page.getByRole('button', { name: 'Random numbers' }).click()
    await page.getByRole('table').waitFor()
    await accessible()
    await fits()
    await picture('run-narrow')
  })
})
