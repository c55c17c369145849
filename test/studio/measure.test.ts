// Time in this browser, layer by layer: the parts are those of the library's session, the counts those of its profile.

import { readFileSync } from 'node:fs'
import { beforeAll, expect, it } from 'vitest'
import { profileModel } from '../../src/api/index.ts'
import { buildNet } from '../../src/api/nets.ts'
import { human } from '../../src/api/report.ts'
import { createSession } from '../../src/api/runtime.node.ts'
import { feedsToTime, type LayerTime, runLayers } from '../../src/api/workflow.ts'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { useStudio, type Visit } from './harness.ts'
import { fileOf } from './models.ts'

const net = buildNet('lenet5_bn')

describeBrowser('Measuring in Kerf Studio', () => {
  const studio = useStudio()
  let path: string
  beforeAll(async () => {
    path = await fileOf(net, 'lenet5_bn.onnx')
  })
  const visit = async (options: Parameters<typeof studio.visit>[0] = {}): Promise<Visit> => {
    const visited = await studio.visit(options)
    await visited.open(path)
    await visited.page.getByRole('tab', { name: 'Measure' }).click()
    await visited.page.getByRole('region', { name: 'Measure' }).waitFor()
    return visited
  }
  const measure = async ({ page }: Visit) => {
    await page.getByRole('combobox', { name: 'Duration' }).click()
    await page.getByRole('option', { name: '1', exact: true }).click()
    await page.getByRole('button', { name: 'Measure' }).click()
    await page.getByRole('grid').waitFor()
  }

  it('times the parts that the library runs, and exports what it shows', async () => {
    const visited = await visit()
    const { page, requests } = visited
    // Kernels are fetched when they are needed.
    const ofKernels = () => requests.filter((url) => /\/(measure|worker)-[^/]*\.js$/.test(url)).length
    const before = ofKernels()
    await measure(visited)
    expect(ofKernels()).toBeGreaterThan(before)

    const shapes = new Map(profileModel(net).inputs.map(({ name, shape }) => [name, shape as number[]]))
    await using session = await createSession(net)
    const expected = runLayers(net, shapes, await session.profile(feedsToTime(net), 0.01))
    await page.getByRole('button', { name: 'Export' }).click()
    const json = page.getByRole('menuitem', { name: 'JSON' }).first()
    const [download] = await Promise.all([page.waitForEvent('download'), json.click()])
    const saved = JSON.parse(readFileSync(await download.path(), 'utf8')) as {
      parts: LayerTime[]
      whole: { medianMs: number; runs: number }
      memory: { arena: number }
    }
    const facts = (parts: readonly LayerTime[]) => parts.map(({ nodes, macs, bytes }) => ({ nodes, macs, bytes }))
    expect(facts(saved.parts)).toEqual(facts(expected))
    for (const { timeMs, fastestMs, quartilesMs } of saved.parts) {
      expect(fastestMs).toBeLessThanOrEqual(quartilesMs[0])
      expect(quartilesMs[0]).toBeLessThanOrEqual(timeMs)
      expect(timeMs).toBeLessThanOrEqual(quartilesMs[1])
    }
    expect(saved.whole.runs).toBeGreaterThanOrEqual(5)
    expect(saved.memory.arena).toBe(session.memory!.arena)

    await page.locator('dd', { hasText: saved.whole.medianMs.toFixed(3) }).waitFor()
    const times = await page.locator('tbody tr td:nth-child(4)').allInnerTexts()
    expect(times).toEqual(saved.parts.map(({ timeMs }) => timeMs.toFixed(3)))

    await page.getByRole('tab', { name: 'Graph' }).click()
    await page.getByLabel('Colour boxes by').selectOption('time')
    const sum = saved.parts.reduce((s, part) => s + (part.nodes.length > 0 ? part.timeMs : 0), 0)
    await page.getByText(`of ${human(sum)} measured milliseconds`).waitFor()
  })

  it('stops, and forgets times of another size', async () => {
    const visited = await visit()
    const { page } = visited
    await page.getByRole('combobox', { name: 'Duration' }).click()
    await page.getByRole('option', { name: '30', exact: true }).click()
    await page.getByRole('button', { name: 'Measure' }).click()
    await page.getByRole('status').getByText('measuring').waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByRole('button', { name: 'Measure' }).waitFor()
    expect(await page.getByRole('grid').count()).toBe(0)
    await measure(visited)
    await page.getByRole('tab', { name: 'Costs' }).click()
    await page.getByLabel('input, axis 0').fill('2')
    const { totals } = profileModel(net, { inputs: new Map([['input', [2, 1, 28, 28]]]) })
    await page.locator('dd').getByText(totals.macs.toLocaleString('en'), { exact: true }).waitFor()
    await page.getByRole('tab', { name: 'Measure' }).click()
    expect(await page.getByRole('grid').count()).toBe(0)
  })

  it.each(['light', 'dark'] as const)('is accessible in %s colours, and fits every width', async (colorScheme) => {
    const visited = await visit({ colorScheme })
    const { page, accessible, fits, picture } = visited
    await accessible()
    await measure(visited)
    await page.locator('tbody tr[aria-rowindex]').nth(2).click()
    for (const width of [360, 1280, 2560]) {
      await page.setViewportSize({ width, height: width === 360 ? 740 : Math.round((width * 5) / 8) })
      if (width <= 1280) await accessible()
      await fits()
      await picture(`measure-${width}-${colorScheme}`)
    }
  })
})
