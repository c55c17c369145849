// What views ask for at first: on every example, and on networks that are narrow already, it can be done; of steps that follow, too.

import { expect, it } from 'vitest'
import { buildNet } from '../../src/api/nets.ts'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { lenet } from './files.ts'
import { useStudio, type Visit } from './harness.ts'
import { fileOf } from './models.ts'

const patience = { timeout: 110_000 }

describeBrowser('what Kerf Studio proposes', () => {
  const studio = useStudio()

  /** Opens a view, and waits until it shows what would be done. */
  async function proposed({ page }: Visit, view: 'Prune' | 'Swap'): Promise<void> {
    await page.getByRole('tab', { name: view, exact: true }).click()
    const what = view === 'Prune' ? 'cut' : 'swap'
    const macs = page.getByRole('table', { name: `Before and after the ${what}` }).getByRole('row', { name: 'MACs' })
    const button = page.getByRole('button', { name: view === 'Prune' ? 'Cut and prove' : 'Swap', exact: true })
    const alerts = () => page.getByRole('alert').allTextContents()
    // Not of the step before.
    await expect.poll(async () => (await button.isEnabled()) || (await alerts()).length > 0, patience).toBe(true)
    expect(await alerts(), view).toEqual([])
    await macs.waitFor()
  }

  const percent = async ({ page }: Visit) =>
    Number(await page.getByRole('slider', { name: 'How much' }).getAttribute('aria-valuenow'))

  async function quantisable({ page }: Visit): Promise<void> {
    await page.getByRole('tab', { name: 'Quantise' }).click()
    await page.getByText(/\d+ (adder )?layers? in floats/).waitFor(patience)
  }

  it.each(['resnet18', 'mobilenet_v2', 'fasternet_t0'] as const)('can be done with %s', async (name) => {
    const visit = await studio.visit()
    await visit.open(await fileOf(buildNet(name), `${name}.onnx`))
    await proposed(visit, 'Prune')
    expect(await percent(visit)).toBe(50)
    await quantisable(visit)
    await proposed(visit, 'Swap')
    const part = await percent(visit)
    expect(part).toBeLessThan(100)
    if (name !== 'resnet18') {
      expect(part).toBeGreaterThan(50)
      await visit.page.getByText(/As far as these layers go, [\d.]+ % stay/).waitFor()
    }
    await visit.fits()
    await visit.picture(`first-swap-${name}`)
  })

  it('can be done with the digits, and with what becomes of them', async () => {
    const visit = await studio.visit()
    const { page, open } = visit
    await open(lenet)
    for (let step = 1; step <= 3; step++) {
      await proposed(visit, 'Prune')
      await quantisable(visit)
      await proposed(visit, 'Swap')
      await page.getByRole('button', { name: 'Swap', exact: true }).click()
      await page.locator('nav[aria-label=Steps] [aria-current=step]', { hasText: 'swapped for' }).waitFor(patience)
      const steps = page.getByRole('navigation', { name: 'Steps' }).getByRole('button', { name: 'swapped for' })
      await expect.poll(() => steps.count()).toBe(step)
    }
    await visit.picture('first-after-swaps')
  })
})
