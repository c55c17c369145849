// Pruning real structures in Kerf Studio: what the library makes of them, without holding the page up.

import { expect, it } from 'vitest'
import { buildNet } from '../../src/api/nets.ts'
import { pruneModel } from '../../src/api/prune.node.ts'
import { human } from '../../src/api/report.ts'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { useStudio } from './harness.ts'
import { fileOf } from './models.ts'
import { longestTaskMs, mayTakeMs } from './tasks.ts'

describeBrowser('Kerf Studio prunes real structures', () => {
  const studio = useStudio()

  it.each(['resnet18', 'mobilenet_v2'] as const)('%s', async (name) => {
    const net = buildNet(name)
    const { page, open, fits, picture } = await studio.visit()
    await open(await fileOf(net, `${name}.onnx`))
    await page.getByRole('tab', { name: 'Prune' }).click()
    const table = page.getByRole('table', { name: 'Before and after the cut' })
    const inputs = new Map([['input', [1, 3, 224, 224]]])
    const at = async (part: number) => {
      const { after } = await pruneModel(net, { inputs, target: { of: 'macs', part, scope: {} } })
      return human(after.macs)
    }
    await table
      .getByRole('row', { name: 'MACs' })
      .getByText(await at(0.5), { exact: true })
      .waitFor()
    await page.getByRole('slider', { name: 'How much' }).focus()
    const longest = await longestTaskMs(studio.browser(), page, async () => {
      await page.keyboard.press('ArrowRight')
      await table
        .getByRole('row', { name: 'MACs' })
        .getByText(await at(0.51), { exact: true })
        .waitFor()
    })
    expect(longest).toBeLessThanOrEqual(mayTakeMs)
    await fits()
    await picture(`prune-${name}`)
  })
})
