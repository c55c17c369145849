// Every view with large networks, dark and narrow: nothing is wider than the window, and axe finds nothing.

import { expect, it } from 'vitest'
import { buildNet } from '../../src/api/nets.ts'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { useStudio, type Visit } from './harness.ts'
import { chain, fileOf } from './models.ts'

const patience = { timeout: 60_000 }

/** What each view is waited for. */
const ready: Readonly<Record<string, (page: Visit['page']) => Promise<unknown>>> = {
  Graph: (page) => page.getByTestId('described').waitFor({ state: 'attached', ...patience }),
  Costs: (page) => page.getByRole('grid', { name: 'Layers and what they cost' }).waitFor(patience),
  Measure: (page) => page.getByRole('button', { name: 'Measure', exact: true }).waitFor(),
  Compare: (page) => page.getByRole('button', { name: 'Compare with a file' }).waitFor(),
  Run: (page) => page.getByRole('button', { name: 'Random numbers' }).waitFor(),
  Prune: (page) =>
    page.getByRole('table', { name: 'Groups of channels' }).or(page.getByRole('alert')).waitFor(patience),
  Swap: (page) =>
    page.getByRole('table', { name: 'Layers', exact: true }).or(page.getByRole('alert')).first().waitFor(patience),
  Quantise: (page) => page.getByText('kerf quantize').first().waitFor(patience),
  Train: (page) => page.getByRole('combobox', { name: 'A network by name' }).waitFor(),
}

describeBrowser('views of Kerf Studio with large networks', () => {
  const studio = useStudio()

  const networks = [
    ['mobilenet_v2', () => buildNet('mobilenet_v2')],
    ['resnet18', () => buildNet('resnet18')],
    ['chain of 1000', () => chain(1000)],
  ] as const
  const asked = networks.slice(0, process.env.KERF_LARGE ? undefined : 1)
  if (asked.length < networks.length) it.skip('others (skipped: large networks; KERF_LARGE=1 runs them)', () => {})
  it.each(asked)('fit a narrow, dark window: %s', async (name, make) => {
    const visit = await studio.visit({ viewport: { width: 360, height: 740 }, colorScheme: 'dark' })
    const { page, accessible, fits, picture } = visit
    const file = name.replaceAll(' ', '-')
    await visit.open(await fileOf(make(), `${file}.onnx`))
    for (const [view, wait] of Object.entries(ready)) {
      await page.getByRole('tab', { name: view, exact: true }).click()
      await wait(page)
      await picture(`large-${file}-${view.toLowerCase()}`)
      await accessible()
      await fits()
    }
    expect(await page.getByRole('alert').count()).toBe(0)
  })
})
