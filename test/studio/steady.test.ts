// What stands in the page stays where it is, whatever comes later. Counted are all shifts, also those soon after a click: on a busy machine they come late.

import { expect, it } from 'vitest'
import { buildNet } from '../../src/api/nets.ts'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { useStudio } from './harness.ts'
import { sessionOf } from './models.ts'

/** As Chromium measures it: how much of the window moves, times how far. */
const mayMove = 0.01

describeBrowser('what stands already', () => {
  const studio = useStudio()

  it.each([390, 1280])('is not moved: %i pixels', { timeout: 300_000 }, async (width) => {
    const viewport = { width, height: width === 390 ? 844 : 800 }
    const { page } = await studio.visit({ viewport, reducedMotion: 'reduce', sameFont: true })
    await page.evaluate(watchShifts)
    const moved: Record<string, number> = {}
    const look = async (what: string) => {
      await page.waitForTimeout(400)
      moved[what] = await page.evaluate<number>('globalThis.moved.splice(0).reduce((sum, one) => sum + one, 0)')
    }
    const click = (name: string) => page.getByRole('button', { name, exact: true }).click()
    const goTo = async (title: string) => {
      await page.getByRole('tab', { name: title, exact: true }).click()
      // Until then the view before has buttons of the same names.
      await page.getByRole('tabpanel', { name: title, exact: true }).waitFor()
    }
    await click('Digits LeNet-5, trained on handwritten digits: 5 layers with weights.')
    await page.getByTestId('described').waitFor({ state: 'attached' })
    await look('opened')
    for (const title of await page.getByRole('tab').allTextContents()) {
      await goTo(title)
      await page.waitForTimeout(400)
      await look(title)
    }
    await goTo('Prune')
    await click('The digits')
    await page.getByText(/pictures of 10 classes/).waitFor()
    await look('pictures')
    await click('Measure the layers')
    await page.getByText(/for a run on 1 thread/).waitFor({ timeout: 60_000 })
    await look('measured')
    await click('Cut and prove')
    await page.getByText('It does what the network with these channels masked does').waitFor()
    await page.getByRole('table', { name: 'Groups of channels' }).waitFor()
    await look('cut')
    await page.getByRole('group', { name: 'Recover' }).getByText('Solve', { exact: true }).click()
    await click('Recover')
    await page.getByRole('table', { name: 'What recovery did' }).waitFor({ timeout: 60_000 })
    await look('recovered')
    await goTo('Swap')
    await click('Swap')
    await page.getByRole('region', { name: 'What the swap did' }).waitFor({ timeout: 60_000 })
    // And of the next one, of whatever kind the engine finds possible.
    await page
      .getByRole('table', { name: 'Layers', exact: true })
      .or(page.getByRole('alert'))
      .first()
      .waitFor({ timeout: 60_000 })
    await look('swapped')
    await goTo('Compare')
    await page.getByText(/layers differ/).waitFor()
    await look('compared')
    for (const [i, button] of ['Undo', 'Undo', 'Undo', 'Redo'].entries()) {
      await click(button)
      await page.waitForTimeout(600)
      await look(`compared, ${i}: ${button}`)
    }
    expect(Object.entries(moved).filter(([, by]) => by > mayMove)).toEqual([])
  })

  it('is in sight: the open step, whatever becomes of the window', async () => {
    const { page } = await studio.visit()
    const net = buildNet('resnet20')
    const titles = ['As it was opened', 'Pruned to 50 % of the MACs', 'Recovered on 100 pictures', 'Layers in 8 bits']
    const session = await sessionOf(
      'resnet20.onnx',
      titles.map((title) => [title, net] as const),
    )
    await page.setInputFiles('input[type=file]:not([webkitdirectory])', session)
    const step = page.getByRole('button', { name: 'Layers in 8 bits' })
    await step.waitFor()
    await page.setViewportSize({ width: 390, height: 844 })
    const inSight = async () => {
      const [own, list] = await Promise.all([step.boundingBox(), step.locator('xpath=../..').boundingBox()])
      return own!.x >= list!.x - 1 && own!.x < list!.x + list!.width - 20
    }
    await expect.poll(inSight).toBe(true)
  })

  it('is in sight: work, and what a cut would do, beside settings that are scrolled', async () => {
    const { page } = await studio.visit({ hash: '#prune' })
    await page.getByRole('button', { name: /^ResNet-18/ }).click()
    const sums = page.getByRole('table', { name: 'Before and after the cut' })
    await sums.waitFor()
    await page.getByRole('group', { name: 'Recover' }).scrollIntoViewIfNeeded()
    const { y, height } = (await sums.boundingBox())!
    expect(y).toBeGreaterThan(80)
    expect(y + height).toBeLessThan(800)
    await page
      .getByRole('slider', { name: /layer4\.1/ })
      .last()
      .scrollIntoViewIfNeeded()
    expect((await sums.boundingBox())!.y).toBeGreaterThan(80)
    await page.getByRole('tab', { name: 'Swap' }).click()
    await page.getByRole('table', { name: 'Layers', exact: true }).waitFor()
    await page.getByRole('button', { name: 'Swap', exact: true }).click()
    await page
      .getByRole('checkbox', { name: /layer4\.1/ })
      .last()
      .scrollIntoViewIfNeeded()
    const told = page.getByRole('button', { name: 'Stop' })
    await told.waitFor()
    expect((await told.boundingBox())!.y).toBeGreaterThan(600)
    expect((await told.boundingBox())!.y).toBeLessThan(800)
    // Whichever view is looked at.
    await page.getByRole('tab', { name: 'Graph' }).click()
    await page.getByRole('tabpanel', { name: 'Graph' }).waitFor()
    expect(await told.isVisible()).toBe(true)
    await told.click()
    await told.waitFor({ state: 'detached' })
  })
})

/** Notes in the page what moves. */
function watchShifts(): void {
  const page = globalThis as unknown as { moved: number[]; PerformanceObserver: typeof PerformanceObserver }
  page.moved = []
  new page.PerformanceObserver((list) => {
    for (const entry of list.getEntries()) page.moved.push((entry as unknown as { value: number }).value)
  }).observe({ type: 'layout-shift' })
}
