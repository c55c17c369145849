// Recovery in Kerf Studio: curves, a stop, and a tab that is closed while the network learns.

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { digitFolder } from './digits.ts'
import { lenet, useFolder } from './files.ts'
import { useStudio, type Visit } from './harness.ts'

type Page = Visit['page']

describeBrowser('Kerf Studio recovers', () => {
  const studio = useStudio()
  const path = useFolder()

  /** Half of the MACs cut, and recovery begun. */
  async function begin(epochs: number): Promise<Visit> {
    const visit = await studio.visit()
    const { page } = visit
    await visit.open(lenet)
    await page.getByRole('tab', { name: 'Prune' }).click()
    await page.getByLabel('A folder of pictures').setInputFiles(await digitFolder(path('digits'), 100))
    await page.getByText('100 pictures of 10 classes').waitFor()
    await page.getByRole('button', { name: 'Cut and prove' }).click()
    const recover = page.getByRole('group', { name: 'Recover' })
    await recover.getByText('And train').click()
    await recover.getByLabel('Epochs').fill(String(epochs))
    await recover.getByRole('button', { name: 'Recover' }).click()
    return visit
  }

  const distilling = (page: Page) => page.getByText(/distilling.* … ([1-9]|[1-8]\d) %/)

  async function finished(page: Page): Promise<Uint8Array> {
    await page.getByRole('button', { name: 'Recovered on 100 pictures' }).waitFor({ timeout: 90_000 })
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save the model' }).click()
    return readFileSync(await (await download).path())
  }

  it('goes on where it was when its tab was closed, to the same bits', async () => {
    const epochs = 150
    const whole = await begin(epochs)
    await whole.page.getByRole('img', { name: /Loss of training: Loss/ }).waitFor({ timeout: 60_000 })
    await whole.picture('recover')
    await whole.accessible()
    const expected = await finished(whole.page)
    const { page, context } = await begin(epochs)
    await distilling(page).waitFor({ timeout: 60_000 })
    const address = page.url()
    await page.close()
    const again = await context.newPage()
    await again.goto(address)
    const kept = again.getByRole('region', { name: 'Unfinished recovery' })
    await kept.getByText(/Recovery of lenet5.onnx was at \d+ % of/).waitFor()
    await kept.getByRole('button', { name: 'Go on' }).click()
    expect(Buffer.from(await finished(again)).equals(expected)).toBe(true)
    await again.reload()
    await again.getByRole('heading', { name: 'Opened before' }).waitFor()
    expect(await kept.count()).toBe(0)
  })

  it('is kept for each cut, and each goes on', async () => {
    const { page } = await begin(2000)
    const kept = page.getByRole('region', { name: 'Unfinished recovery' })
    const recover = page.getByRole('group', { name: 'Recover' })
    const stopped = async () => {
      await distilling(page).waitFor({ timeout: 60_000 })
      await page.getByRole('button', { name: 'Stop' }).click()
    }
    await stopped()
    await kept.getByText('(Pruned to 50 % of the MACs)').waitFor()
    // Another cut, of the same network.
    await page.keyboard.press('Control+z')
    await page.getByRole('slider', { name: 'How much' }).focus()
    for (let i = 0; i < 20; i++) await page.keyboard.press('ArrowRight')
    await page.locator('pre', { hasText: '--target-macs 0.7' }).waitFor()
    await page.getByRole('button', { name: 'Cut and prove' }).click()
    await page.getByRole('button', { name: 'Pruned to 70 % of the MACs' }).waitFor()
    await recover.getByRole('button', { name: 'Recover' }).click()
    await stopped()
    await kept.getByText('(Pruned to 70 % of the MACs)').waitFor()
    expect(await kept.getByRole('button', { name: 'Go on' }).count()).toBe(2)
    // The older one, whose network takes the place of the open one.
    await kept.getByRole('button', { name: 'Go on' }).last().click()
    await stopped()
    await page.getByRole('button', { name: 'Pruned to 50 % of the MACs' }).waitFor()
    await page.getByRole('banner').getByText('lenet5-1.onnx', { exact: true }).waitFor()
    await kept.getByRole('button', { name: 'Discard' }).first().click()
    await expect.poll(() => kept.getByRole('button', { name: 'Go on' }).count()).toBe(1)
    // The newest one stands first.
    await kept.getByText('(Pruned to 50 % of the MACs)').waitFor()
  })

  it('is stopped, and goes on or is discarded', async () => {
    const { page } = await begin(2000)
    await distilling(page).waitFor({ timeout: 60_000 })
    await page.getByRole('button', { name: 'Stop' }).click()
    const kept = page.getByRole('region', { name: 'Unfinished recovery' })
    await kept.getByRole('button', { name: 'Go on' }).click()
    await distilling(page).waitFor({ timeout: 60_000 })
    await page.getByRole('button', { name: 'Stop' }).click()
    await kept.getByRole('button', { name: 'Discard' }).click()
    await kept.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Recover', exact: true }).waitFor()
  })
})
