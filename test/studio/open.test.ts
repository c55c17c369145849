// Opening models in Kerf Studio, as a person does it.

import { copyFileSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { lenet, useFolder, writeDeep, writeExternal, writeLarge, writeUnknown } from './files.ts'
import { useStudio } from './harness.ts'

/** Files and folders from the machine's own file manager, let go above the page. */
async function drop(page: Page, ...files: string[]): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const data = { items: [], files, dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', { type, x: 200, y: 300, data })
  await session.detach()
}

/** What stands below MACs, Parameters and Accesses, and what exactly. */
const totals = (page: Page) =>
  page
    .getByLabel('Totals')
    .locator('dd')
    .evaluateAll((all) => all.map((dd) => [dd.textContent, dd.getAttribute('title')]))

describeBrowser('opening', () => {
  const studio = useStudio()
  const at = useFolder()

  it('shows the model that the command was given, and hides the key', async () => {
    const { page, shown } = await studio.visit({ model: lenet })
    await shown('lenet5.onnx')
    expect(page.url()).not.toContain('token')
    expect(await page.evaluate('document.cookie')).toBe('')
    expect(await page.title()).toBe('lenet5.onnx – Kerf Studio')
    expect(await totals(page)).toEqual([
      ['417 k', '416,520'],
      ['61.9 k', '61,932'],
      ['105 k', '105,378'],
    ])
    await page.reload()
    await shown('lenet5.onnx')
  })

  it('shows a file that is picked, and another in its place', async () => {
    const { page, open, picture } = await studio.visit()
    await open(lenet)
    expect((await totals(page))[0]).toEqual(['417 k', '416,520'])
    await open(writeLarge(at('dense.onnx'), 1))
    expect((await totals(page))[0]).toEqual(['1.05 M', '1,048,576'])
    await picture('picked')
  })

  it('shows a file that is dropped', async () => {
    const { page, shown } = await studio.visit()
    await drop(page, lenet)
    await shown('lenet5.onnx')
  })

  it.each([
    ['digits', 'Digits', 'lenet5.onnx', '416,520'],
    // As torchvision's documentation has it (1.81 G), and the paper of FasterNet (0.34 G).
    ['resnet18', 'ResNet-18', 'resnet18', '1,814,073,344'],
    ['fasternet_t0', 'FasterNet-T0', 'fasternet_t0', '335,422,720'],
  ])('has an example: %s', async (_, title, name, macs) => {
    const { page, shown } = await studio.visit()
    await page.getByRole('button', { name: title }).click()
    await shown(name)
    expect((await totals(page))[0]?.[1]).toBe(macs)
  })

  it('takes external data that are picked with the model', async () => {
    const model = writeExternal(at('both/model.onnx'))
    const { page, open } = await studio.visit()
    await open(model, `${model}.data`)
    const bytes = readFileSync(model).length + readFileSync(`${model}.data`).length
    await page
      .getByRole('banner')
      .getByText(`${(bytes / 1000).toPrecision(3)} kB`)
      .waitFor()
    expect(await page.getByRole('status').filter({ hasText: 'missing' }).count()).toBe(0)
  })

  it('names external data that are missing, counts without them, and takes them afterwards', async () => {
    const model = writeExternal(at('one/model.onnx'))
    const { page, open, accessible, picture } = await studio.visit()
    await open(model)
    const notice = page.getByRole('status').filter({ hasText: 'A file of weights is missing' })
    await notice.getByText('model.onnx.data lies beside the model and was not given.').waitFor()
    expect((await totals(page))[0]).toEqual(['62.2 k', '62,208'])
    await picture('missing-data')
    await accessible()
    await drop(page, `${model}.data`)
    await notice.waitFor({ state: 'detached' })
    await page.getByRole('banner').getByText('kB').waitFor()
  })

  it('takes a folder, with external data in a folder of it', async () => {
    const model = writeExternal(at('folder/net.onnx'), 'data/weights.bin')
    const { page, shown } = await studio.visit()
    await drop(page, dirname(model))
    await shown('net.onnx')
    expect(await page.getByRole('status').filter({ hasText: 'missing' }).count()).toBe(0)
  })

  it('asks which of several models is meant', async () => {
    copyFileSync(lenet, at('several/a.onnx'))
    copyFileSync(lenet, at('several/deeper/b.onnx'))
    const { page, shown, accessible } = await studio.visit()
    await drop(page, at('several'))
    const dialog = page.getByRole('dialog', { name: 'Which model?' })
    await dialog.getByRole('button', { name: 'several/a.onnx' }).waitFor()
    await accessible()
    await dialog.getByRole('button', { name: 'several/deeper/b.onnx' }).click()
    await shown('b.onnx')
  })

  it('says what a file is that is no model, and keeps the one before', async () => {
    const whole = readFileSync(lenet)
    writeFileSync(at('cut.onnx'), whole.subarray(0, 100_000))
    writeFileSync(at('empty.onnx'), '')
    writeFileSync(at('picture.png'), Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'))
    writeFileSync(at('noise.onnx'), Buffer.from('hello, this is no model at all'))
    const { page, open, shown, accessible, picture } = await studio.visit()
    await open(lenet)
    for (const [name, message] of [
      ['cut.onnx', /^cut\.onnx is not complete: .* The file was cut short; copy or export it again\.$/],
      ['empty.onnx', /^empty\.onnx is empty\. Export or copy the model again\.$/],
      ['picture.png', /^picture\.png is not an ONNX model: it looks like a PNG/],
      ['noise.onnx', /^noise\.onnx is not an ONNX model/],
    ] as const) {
      await page.setInputFiles('input[type=file]:not([webkitdirectory])', at(name))
      const alert = page.getByRole('alert').filter({ hasText: name })
      await alert.waitFor()
      expect(await alert.getByText(name).textContent()).toMatch(message)
      await shown('lenet5.onnx')
    }
    await picture('no-model')
    await accessible()
    await page.getByRole('button', { name: 'Dismiss' }).click()
    expect(await page.getByRole('alert').count()).toBe(0)
    await drop(page, at('picture.png'), at('cut.onnx').replace('cut.onnx', 'noise.onnx'), at('empty.onnx'))
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await drop(page, dirname(at('nothing/readme.txt')))
    await page.getByRole('alert').getByText('There is no file in it.').waitFor()
  })

  it('marks totals that an unknown operator is not in', async () => {
    const { page, open, picture } = await studio.visit()
    await open(writeUnknown(at('unknown.onnx')))
    expect((await totals(page))[0]).toEqual(['at least 62.2 k', '62,208'])
    await picture('partial')
  })

  it('can be told to stop reading, and to read another one instead', async () => {
    const deep = writeDeep(at('deep.onnx'), 40_000)
    const { page, open, shown } = await studio.visit()
    await open(lenet)
    const pick = (path: string) => page.setInputFiles('input[type=file]:not([webkitdirectory])', path)
    await pick(deep)
    const reading = page.getByRole('banner').getByText('Reading deep.onnx …')
    await reading.waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await shown('lenet5.onnx')
    expect(await reading.count()).toBe(0)
    await pick(deep)
    await reading.waitFor()
    await page.keyboard.press('Escape')
    await shown('lenet5.onnx')
    await pick(deep)
    await reading.waitFor()
    await open(writeLarge(at('instead.onnx'), 1))
    // Nothing comes late.
    await page.waitForTimeout(1500)
    expect(await page.title()).toBe('instead.onnx – Kerf Studio')
    expect(await page.getByRole('alert').count()).toBe(0)
  })

  it('closes a model', async () => {
    const { page, open } = await studio.visit()
    await open(lenet)
    await page.getByRole('button', { name: 'Open', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Close lenet5.onnx' }).click()
    await page.getByRole('heading', { name: 'See what a network costs' }).waitFor()
    expect(await page.title()).toBe('Kerf Studio')
  })

  it('says that the file has changed on the disk, and reads it again', async () => {
    const path = at('changing.onnx')
    copyFileSync(lenet, path)
    const { page, shown, picture } = await studio.visit({ model: path })
    await shown('changing.onnx')
    writeLarge(path, 1)
    utimesSync(path, 1, 1)
    await page.evaluate("dispatchEvent(new Event('focus'))")
    await page.getByText('changing.onnx has changed on the disk').waitFor()
    expect((await totals(page))[0]?.[1]).toBe('416,520')
    await picture('changed')
    await page.getByRole('button', { name: 'Read it again' }).click()
    await page.getByText('1.05 M').first().waitFor()
    await page.getByText('changing.onnx has changed on the disk').waitFor({ state: 'detached' })
    rmSync(path)
    await page.evaluate("dispatchEvent(new Event('focus'))")
    await page.getByText('changing.onnx is gone').waitFor()
  })

  it('keeps what was opened in this browser, until it is told to forget it', async () => {
    const { page, open, shown, picture, accessible } = await studio.visit()
    const model = writeExternal(at('kept/model.onnx'))
    await open(model, `${model}.data`)
    await open(lenet)
    const before = page.getByRole('listitem')
    const again = async () => {
      await page.getByRole('button', { name: 'Open', exact: true }).click()
      await page.getByRole('menuitem', { name: /^Close/ }).click()
    }
    await again()
    await expect.poll(() => before.count()).toBe(2)
    await page.reload()
    await expect
      .poll(() => before.allTextContents())
      .toEqual([expect.stringMatching(/^lenet5\.onnx/), expect.stringMatching(/^model\.onnx/)])
    await picture('recent')
    await accessible()
    await before.filter({ hasText: 'model.onnx' }).getByRole('button').first().click()
    await shown('model.onnx')
    expect(await page.getByRole('status').filter({ hasText: 'missing' }).count()).toBe(0)
    await again()
    // The last one opened comes first, and is kept once.
    await expect
      .poll(async () => (await before.allTextContents()).map((text) => text.slice(0, 5)))
      .toEqual(['model', 'lenet'])
    await page.getByRole('button', { name: 'Forget model.onnx' }).click()
    await expect.poll(() => before.count()).toBe(1)
    await page.getByRole('switch', { name: 'Keep a copy of opened models' }).click()
    await open(model)
    await again()
    await page.reload()
    await page.getByRole('button', { name: 'Forget lenet5.onnx' }).waitFor()
    expect(await before.count()).toBe(1)
  })

  it('shows 100 MB at once, and opens 500 MB', async () => {
    const { page, shown } = await studio.visit()
    const hundred = writeLarge(at('hundred.onnx'), 24)
    const times: number[] = []
    for (let i = 0; i < 3; i++) {
      const start = performance.now()
      await page.setInputFiles('input[type=file]:not([webkitdirectory])', hundred)
      await shown('hundred.onnx')
      times.push(performance.now() - start)
      await page.getByRole('button', { name: 'Open', exact: true }).click()
      await page.getByRole('menuitem', { name: 'Close' }).click()
    }
    // Two seconds are asked for (`KERF_LARGE=1`); on a slower or busier machine it is not to take for ever.
    expect(Math.min(...times)).toBeLessThan(process.env.KERF_LARGE ? 2000 : 10_000)
    const large = writeLarge(at('large.onnx'), 120)
    await page.setInputFiles('input[type=file]:not([webkitdirectory])', large)
    await shown('large.onnx')
    expect((await totals(page))[1]?.[1]).toBe((120 * 1024 * 1024).toLocaleString('en'))
  })

  it('shows a large model that the command was given', async () => {
    const { page, shown } = await studio.visit({ model: writeLarge(at('given.onnx'), 24) })
    await shown('given.onnx')
    expect((await totals(page))[1]?.[1]).toBe((24 * 1024 * 1024).toLocaleString('en'))
  })
})
