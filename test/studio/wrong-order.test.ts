// Things done too early, twice, or with what does not fit: one message that says what to do, where it happened, and a page that goes on.

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { digitTable } from './digits.ts'
import { lenet } from './files.ts'
import { useStudio, type Visit } from './harness.ts'

const folder = mkdtempSync(join(tmpdir(), 'kerf-wrong-'))

/** What stands in the window, not below it. */
const isInSight = async (page: Visit['page'], text: RegExp): Promise<boolean> => {
  const box = await page.getByRole('alert').filter({ hasText: text }).boundingBox()
  const { height } = page.viewportSize()!
  return box !== null && box.y >= 0 && box.y + box.height <= height
}

describeBrowser('Kerf Studio, used otherwise than it is meant', () => {
  const studio = useStudio()

  it('says of an empty folder, and of a session that is none, what they are', async () => {
    const { page } = await studio.visit()
    const empty = join(folder, 'empty')
    mkdirSync(empty)
    await page.locator('input[webkitdirectory]').last().setInputFiles(empty)
    await page
      .getByRole('alert')
      .getByText('There is no file in it. Give an ONNX file, or a folder with one.')
      .waitFor()
    const session = join(folder, 'notes.kerf')
    writeFileSync(session, 'no archive')
    await page.setInputFiles('input[type=file]:not([webkitdirectory])', session)
    await page.getByRole('alert').getByText('This is no session that Kerf Studio saved').waitFor()
  })

  it('says in the place of what pictures are for why they do not do, and moves nothing', async () => {
    const { page, open, accessible } = await studio.visit({ hash: '#train' })
    await open(lenet)
    const pictures = page.getByRole('group', { name: 'Pictures', exact: true })
    const most = pictures.getByRole('textbox', { name: 'Use at most' })
    await most.waitFor()
    const before = await most.boundingBox()
    const empty = join(folder, 'none')
    mkdirSync(empty)
    const give = (path: string) => pictures.locator('input[webkitdirectory]').setInputFiles(path)
    await give(empty)
    await pictures.getByRole('alert').getByText('The folder is empty. Give at least 8, better some hundreds.').waitFor()
    await give(await digitTable(join(folder, 'few'), 5))
    await pictures
      .getByRole('alert')
      .getByText(/^5 pictures with labels in .*labels\.csv\. Give at least 8/)
      .waitFor()
    expect(await most.boundingBox()).toEqual(before)
    await accessible()
  })

  it('shows a message where it happened, in sight, until something else is tried', async () => {
    const { page, open } = await studio.visit({ hash: '#quantise', viewport: { width: 1280, height: 600 } })
    await open(lenet)
    const none = Array.from({ length: 8 }, (_, i) => {
      const path = join(folder, `${i}.png`)
      writeFileSync(path, 'no picture')
      return path
    })
    const give = (paths: string[]) =>
      page
        .getByRole('tabpanel')
        .getByRole('group', { name: 'Pictures', exact: true })
        .locator('input[type=file]:not([webkitdirectory])')
        .setInputFiles(paths)
    await give(none)
    await page.getByRole('button', { name: 'Quantise' }).click()
    const why = /None of 8 files is an image/
    await page.getByRole('alert').filter({ hasText: why }).waitFor()
    await expect.poll(() => isInSight(page, why)).toBe(true)
    await give(none.slice(1))
    await page.getByRole('alert').filter({ hasText: why }).waitFor({ state: 'detached' })
  })

  it('covers neither the steps nor what stops work with a message, and forgets curves of another network', async () => {
    const { page, open } = await studio.visit({ hash: '#prune' })
    await page.getByRole('button', { name: /^Digits/ }).click()
    await page.getByRole('button', { name: 'The digits' }).click()
    await page.getByText(/pictures of 10 classes/).waitFor()
    const cut = async () => {
      await page.getByRole('button', { name: 'Cut and prove' }).click()
      await page.getByRole('button', { name: 'Pruned to 50 % of the MACs' }).waitFor({ timeout: 60_000 })
    }
    await cut()
    const recover = page.getByRole('group', { name: 'Recover' })
    await recover.getByText('And train').click()
    await recover.getByRole('button', { name: 'Recover' }).click()
    await page.getByRole('table', { name: 'What recovery did' }).waitFor({ timeout: 60_000 })
    const curve = page.getByLabel('Loss of training')
    await curve.waitFor()
    await page.getByRole('button', { name: 'Undo' }).click()
    await curve.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Redo' }).click()
    await curve.waitFor()
    await page.setInputFiles('input[type=file]:not([webkitdirectory]) >> nth=-1', join(folder, 'notes.kerf'))
    const alert = page.getByRole('alert')
    await alert.waitFor()
    const save = (await page.getByRole('button', { name: 'Save the model' }).boundingBox())!
    const message = (await alert.boundingBox())!
    expect(message.y + message.height).toBeLessThanOrEqual(save.y)
    await page.getByRole('button', { name: 'Dismiss' }).click()
    await open(lenet)
    await page.getByRole('navigation', { name: 'Steps' }).waitFor({ state: 'detached' })
    await cut()
    expect(await curve.count()).toBe(0)
  })
})
