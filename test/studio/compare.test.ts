// Two networks side by side: the numbers are those of the library's comparison.

import { readFileSync } from 'node:fs'
import { beforeAll, expect, it } from 'vitest'
import { lazyTensor, seededRandom, tensorValues } from '../../src/api/graph.ts'
import {
  type Comparison,
  compareProfiles,
  type Model,
  namePattern,
  profileModel,
  pruneModel,
} from '../../src/api/index.ts'
import { buildNet } from '../../src/api/nets.ts'
import { human } from '../../src/api/report.ts'
import { quantizeIntegers } from '../../src/api/rewrite.node.ts'
import { swapAndMeasure } from '../../src/api/workflow.node.ts'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { useStudio, type Visit } from './harness.ts'
import { fileOf, sessionOf } from './models.ts'

const net = buildNet('resnet20')
/** Run in the page, where it exists. */
interface Wide {
  readonly scrollWidth: number
  readonly clientWidth: number
  readonly textContent: string
}

const text = (value: number) => value.toLocaleString('en')

describeBrowser('Comparing in Kerf Studio', () => {
  const studio = useStudio()
  let paths: readonly [a: string, b: string]
  let cut: Model
  let comparison: Comparison
  beforeAll(async () => {
    // What layer3 is cut to, the rest keeps.
    const { model } = await pruneModel(net, {
      scope: { ratio: 0.5 },
      keep: [namePattern('layer[12]*'), namePattern('conv1')],
    })
    cut = model
    paths = [await fileOf(net, 'resnet20.onnx'), await fileOf(cut, 'cut.onnx')]
    comparison = compareProfiles(profileModel(net, { name: 'resnet20.onnx' }), profileModel(cut, { name: 'cut.onnx' }))
  })
  const visit = async (options: Parameters<typeof studio.visit>[0] = {}): Promise<Visit> => {
    const visited = await studio.visit(options)
    await visited.open(paths[0])
    await visited.page.getByRole('tab', { name: 'Compare' }).click()
    await pick(visited, paths[1])
    await visited.page.getByRole('grid').waitFor()
    return visited
  }
  const pick = ({ page }: Visit, path: string) =>
    page.getByRole('region', { name: 'Compare' }).locator('input[type=file]').setInputFiles(path)

  it('puts totals and layers side by side, differences alone or all', async () => {
    const { page } = await visit()
    const { totals, layers } = comparison
    for (const key of ['macs', 'params', 'accesses', 'bytes'] as const) {
      const { a, b, ratio } = totals[key]
      const row = page.getByRole('region', { name: 'Totals of both' }).getByRole('row', { name: text(a!) })
      expect((await row.getByRole('cell').allInnerTexts()).slice(0, 3)).toEqual([
        ...[text(a!), text(b!)],
        String(Number(ratio!.toPrecision(4))),
      ])
    }
    const sameCost = (l: (typeof layers)[number]) =>
      [l.macs, l.params, l.adds, l.muls, l.accesses].every((pair) => pair.a === pair.b)
    const shape = (l: (typeof layers)[number]['a']) => String(l?.outputs[0]?.shape)
    const different = layers.filter((l) => !l.a || !l.b || !sameCost(l) || shape(l.a) !== shape(l.b))
    expect(different.length).toBeGreaterThan(0)
    expect(different.length).toBeLessThan(layers.length)
    await page.getByText(`${different.length} of ${layers.length} layers differ`).waitFor()
    const grid = page.getByRole('grid', { name: 'Layers of both' })
    expect(await grid.getAttribute('aria-rowcount')).toBe(String(different.length + 2))
    const first = different[0]!
    const cells = await grid.locator('tbody tr[aria-rowindex] >> nth=0 >> td').allInnerTexts()
    expect([cells[0], cells[3], cells[4]]).toEqual([first.name, text(first.macs.a!), text(first.macs.b!)])
    await page.getByRole('switch', { name: 'Only differences' }).click()
    expect(await grid.getAttribute('aria-rowcount')).toBe(String(layers.length + 2))
  })

  it('says which layers only one of them has, and follows how the open one is counted', async () => {
    const visited = await visit()
    const { page } = visited
    const deeper = buildNet('resnet32')
    await pick(visited, await fileOf(deeper, 'resnet32.onnx'))
    await page.getByText('only in B').first().waitFor()
    await page.getByRole('tab', { name: 'Costs' }).click()
    await page.getByRole('switch', { name: 'Fused' }).click()
    await page.getByText('fused layers').waitFor()
    await page.getByRole('tab', { name: 'Compare' }).click()
    const fused = compareProfiles(profileModel(net, { fused: true }), profileModel(deeper, { fused: true }))
    await page.getByRole('cell', { name: text(fused.totals.accesses.b!), exact: true }).waitFor()
  })

  it('saves files of all that the table shows, and says what is no model', async () => {
    const visited = await visit()
    const { page } = visited
    const inReports = ['Stored A', 'Stored as', 'Weights off', 'float32', 'Weights as stored']
    for (const [title, format, ofWeights] of [
      ['CSV', 'csv', ['storedA', 'storedAs', 'weightsOff', 'float32']],
      ['JSON', 'json', ['"stored"', '"bytes"', '"change"', '"float32"']],
      ['Markdown', 'md', inReports],
      ['HTML', 'html', inReports],
    ] as const) {
      await page.getByRole('button', { name: 'Export' }).click()
      const item = page.getByRole('menuitem', { name: title }).first()
      const [download] = await Promise.all([page.waitForEvent('download'), item.click()])
      expect(download.suggestedFilename()).toBe(`resnet20-cut.${format}`)
      const text = readFileSync(await download.path(), 'utf8')
      for (const word of ofWeights) expect(text).toContain(word)
    }
    await pick(visited, 'package.json')
    await page.getByRole('alert').waitFor()
    // The one before stays.
    await page.getByRole('grid', { name: 'Layers of both' }).waitFor()
  })

  it('puts what the network was beside what it became, in one graph, too', async () => {
    const { page, open, accessible, fits, picture } = await studio.visit()
    await open(paths[0])
    await page.getByRole('tab', { name: 'Prune' }).click()
    await page.getByRole('button', { name: 'Cut and prove' }).click()
    await page.getByRole('button', { name: 'Pruned to 50 % of the MACs' }).waitFor()
    await page.getByRole('tab', { name: 'Compare' }).click()
    const choose = async (side: string, title: string) => {
      await page.getByRole('combobox', { name: side, exact: true }).click()
      await page.getByRole('option', { name: title }).click()
    }
    // What it was beside what it is, unasked.
    await page.getByRole('columnheader', { name: 'A: step 0, As it was opened' }).waitFor()
    await page.getByRole('columnheader', { name: 'B: step 1, Pruned to 50 % of the MACs' }).waitFor()
    await choose('B', '1: Pruned to 50 % of the MACs')
    const { model } = await pruneModel(net, { target: { of: 'macs', part: 0.5, scope: {} } })
    const { totals, layers } = compareProfiles(profileModel(net), profileModel(model))
    await page.getByRole('row', { name: `MACs ${text(totals.macs.a!)} ${text(totals.macs.b!)}` }).waitFor()
    const graph = page.getByRole('region', { name: 'Both as one graph' })
    const same = layers.filter(
      ({ a, b, accesses }) =>
        accesses.a === accesses.b &&
        String(a!.outputs[0]!.shape) === String(b!.outputs[0]!.shape) &&
        a!.macs === b!.macs &&
        a!.params === b!.params &&
        a!.adds === b!.adds &&
        a!.muls === b!.muls,
    )
    await graph.getByText(`${layers.length - same.length} layers changed`).waitFor()
    const block = graph.getByRole('button', { expanded: false }).first()
    const name = (await block.locator('b').textContent())!
    await block.click()
    await graph.getByRole('button', { name: `Close ${name}`, exact: true }).waitFor()
    await graph
      .getByText(/Conv \d+ → \d+ channels/)
      .first()
      .waitFor()
    await accessible()
    const seen = graph.getByRole('region', { name: 'Picture of both networks' })
    await seen.scrollIntoViewIfNeeded()
    await picture('compare-steps')
    const box = graph.getByText(/Conv \d+ → \d+ channels/).first()
    const placeOf = async () => (await box.boundingBox())!
    const [frame, before] = [(await seen.boundingBox())!, await placeOf()]
    const middle = [frame.x + frame.width / 2, frame.y + frame.height / 2] as const
    await page.mouse.move(...middle)
    await page.mouse.down()
    await page.mouse.move(middle[0] + 50, middle[1] - 30, { steps: 4 })
    await page.mouse.up()
    const panned = await placeOf()
    expect([panned.x - before.x, panned.y - before.y].map(Math.round)).toEqual([50, -30])
    // It was chosen by that: the wheel is for it now.
    await page.mouse.wheel(0, -200)
    await expect.poll(async () => (await placeOf()).height / before.height).toBeCloseTo(Math.exp(0.4), 2)
    await seen.press('0')
    await seen.press('ArrowRight')
    await graph.getByRole('button', { name: 'Zoom in' }).click()
    await graph.getByRole('button', { name: 'Show everything' }).click()
    const shown = (await graph.locator('[data-difference]').last().boundingBox())!
    expect(shown.y + shown.height).toBeLessThanOrEqual(frame.y + frame.height)
    // Tab brings what it leads to into sight.
    await graph.getByRole('button', { name: 'Zoom in' }).click({ clickCount: 6 })
    await seen.focus()
    await page.keyboard.press('Tab')
    const focused = (await graph.locator('button:focus').boundingBox())!
    expect(focused.y).toBeGreaterThanOrEqual(frame.y - 1)
    expect(focused.y + focused.height).toBeLessThanOrEqual(frame.y + frame.height + 1)
    await picture('compare-steps-near')
    // Filled by other counts, and by time once both were measured.
    const fill = graph.getByRole('combobox', { name: 'Fill boxes by' })
    const filled = async (by: string, said: string) => {
      await fill.selectOption(by)
      await graph.getByText(`a box is filled by the part of its ${said} that B has of A’s`).waitFor()
    }
    for (const [by, said, key] of [
      ['macs', 'MACs', 'macs'],
      ['params', 'parameters', 'params'],
      ['accesses', 'accesses', 'accesses'],
    ] as const) {
      await filled(by, said)
      const parts = new Map(
        layers.map(({ op, [key]: { a, b } }) => [`${op} ${human(a ?? 0)} → ${human(b ?? 0)}`, (100 * b!) / a!]),
      )
      const boxes = graph.locator('[data-difference=changed]:not([data-block]) > span')
      const shown = async () => (await boxes.allTextContents()).find((told) => parts.has(told))
      await expect.poll(shown).toBeDefined()
      const told = (await shown())!
      const style = await boxes.filter({ hasText: told }).first().locator('xpath=../i').getAttribute('style')
      expect(Number.parseFloat(style!.match(/width: ([\d.]+)%/)![1]!)).toBeCloseTo(parts.get(told)!, 1)
    }
    await accessible()
    await picture('compare-filled-accesses')
    await fill.selectOption('time')
    const missing = graph.getByText('Not measured')
    await missing.waitFor()
    // As it is written: texts are found whatever their letters' case.
    expect(await missing.textContent()).toBe('Not measured: A and B. Measure both steps at this size.')
    await page.getByRole('tab', { name: 'Measure' }).click()
    const measure = async () => {
      await page.getByRole('button', { name: 'Measure', exact: true }).click()
      await page.getByRole('grid', { name: 'Layers and how long they take' }).waitFor({ timeout: 60_000 })
    }
    await measure()
    await page.getByRole('button', { name: 'As it was opened' }).click()
    await page.getByRole('grid', { name: 'Layers and how long they take' }).waitFor({ state: 'detached' })
    await measure()
    await page.getByRole('tab', { name: 'Compare' }).click()
    await graph.getByText('part of its measured time that').waitFor()
    await graph
      .getByText(/[\d.]+ → [\d.]+ ms/)
      .first()
      .waitFor()
    await picture('compare-filled-time')
    await page.getByRole('button', { name: 'Pruned to 50 % of the MACs' }).click()
    await page.getByRole('banner').getByText('resnet20-1.onnx', { exact: true }).waitFor()
    await page.setViewportSize({ width: 360, height: 740 })
    await fits()
    await graph.getByRole('button', { name: `Close ${name}`, exact: true }).click()
    await block.waitFor()
    await page.setViewportSize({ width: 1280, height: 800 })
    await page.getByRole('tab', { name: 'Graph' }).click()
    await page.getByRole('combobox', { name: 'Colour boxes by' }).selectOption('pruned')
    const shares = layers.flatMap(({ params: { a, b } }) => (a ? [((a - (b ?? 0)) / a) * 100] : []))
    await page.getByText(/^0 to [\d.]+ % of a box’s own parameters pruned/).waitFor()
    const conv = layers.find(({ name }) => name === 'layer2.0.conv1')!.params
    const share = (100 * (conv.a! - conv.b!)) / conv.a!
    expect(Math.max(...shares)).toBeGreaterThanOrEqual(share)
    await page.getByRole('searchbox').fill('layer2.0.conv1')
    await page.getByRole('searchbox').press('Enter')
    const said = page
      .getByTestId('described')
      .getByText(`${share.toFixed(1)} % of its own parameters pruned, ${human(conv.a! - conv.b!)}`)
    await said.waitFor({ state: 'attached' })
    await picture('graph-pruned')
  })

  it('says what to do where there is one network', async () => {
    const { page, open, accessible } = await studio.visit({ hash: '#compare' })
    await open(paths[0])
    await page.getByText('There is one network so far, resnet20.onnx. Compare it with a file').waitFor()
    await accessible()
  })

  it('chooses no step that was cut off', async () => {
    const { page, shown } = await studio.visit()
    const again = await pruneModel(cut, { scope: { ratio: 0.2 } })
    const path = await sessionOf('twice.onnx', [
      ['As it was opened', net],
      ['Pruned once', cut],
      ['Pruned twice', again.model],
    ])
    await page.locator('input[type=file]:not([webkitdirectory])').last().setInputFiles(path)
    await shown('twice-2.onnx')
    await page.getByRole('tab', { name: 'Compare' }).click()
    const side = (name: string) => page.getByRole('combobox', { name, exact: true })
    await side('B').click()
    await page.getByRole('option', { name: '2: Pruned twice' }).click()
    expect(await side('B').inputValue()).toBe('2: Pruned twice')
    await page.getByRole('button', { name: 'As it was opened' }).click()
    await page.getByRole('tab', { name: 'Prune' }).click()
    await page.getByRole('button', { name: 'Cut and prove' }).click()
    await page.getByRole('button', { name: 'Pruned to 50 % of the MACs' }).waitFor()
    await page.getByRole('tab', { name: 'Compare' }).click()
    await page.getByRole('columnheader', { name: 'B: step 1, Pruned to 50 % of the MACs' }).waitFor()
    expect([await side('A').inputValue(), await side('B').inputValue()]).toEqual([
      '0: As it was opened',
      'B: the open network',
    ])
    await page.getByRole('button', { name: 'As it was opened' }).click()
    await page.getByText('A and B are the same network.').waitFor()
  })

  it('shows what swapping and quantising made of layers, with room for what it says', async () => {
    const low = await swapAndMeasure(net, { rewrite: 'low-rank', layers: namePattern('layer3*conv*'), measure: false })
    const random = seededRandom(1)
    async function* batches() {
      yield { images: Float32Array.from({ length: 4 * 3072 }, () => random.uniform()), count: 4 }
    }
    const images = { shape: [3, 32, 32], batchSize: 4, batches: batches() }
    const codes = await quantizeIntegers(low.model, { images, threads: 1 })
    const path = await sessionOf('codes.onnx', [
      ['As it was opened', net],
      ['Swapped for convolutions of low rank, which is a long title for a step', low.model],
      ['Quantised to 8 bits', codes.model],
    ])
    const { page, shown, picture, accessible, fits } = await studio.visit()
    await page.locator('input[type=file]:not([webkitdirectory])').last().setInputFiles(path)
    await shown('codes-2.onnx')
    await page.getByRole('tab', { name: 'Compare' }).click()
    const grid = page.getByRole('grid', { name: 'Layers of both' })
    // Everything fits beside each other, and nothing in it is cut.
    const wide = grid.locator('xpath=..')
    await grid.getByRole('columnheader', { name: 'Stored as' }).waitFor()
    expect(await wide.evaluate((e: Wide) => e.scrollWidth - e.clientWidth)).toBe(0)
    for (const mark of await grid.getByText('only in B', { exact: true }).all()) {
      const [own, cell] = [await mark.boundingBox(), await mark.locator('xpath=ancestor::td').boundingBox()]
      expect(own!.x + own!.width).toBeLessThanOrEqual(cell!.x + cell!.width)
    }
    const row = grid.getByRole('row').filter({ hasText: /^conv1Conv/ })
    await row.getByText('float32 → int8').waitFor()
    // Codes of a byte, and for each of 16 channels scales and zero points of the weights and of the bias.
    await row.getByText(`${human(4 * 432, 'B')} → ${human(432 + 16 * (4 + 1 + 4 + 4 + 4), 'B')}`).waitFor()
    const stored = page.getByRole('row', { name: 'Weights as stored (bytes)' })
    const [before, after] = (await stored.getByRole('cell').allInnerTexts()).map((n) => Number(n.replaceAll(',', '')))
    expect(after).toBeLessThan(0.4 * before!)
    const graph = page.getByRole('region', { name: 'Both as one graph' })
    await graph.scrollIntoViewIfNeeded()
    const texts = graph.locator('[data-difference] > span')
    await graph.getByText('DequantizeLinear, 3 channels, only in B').waitFor()
    expect(
      await texts.evaluateAll((all: Wide[]) =>
        all.flatMap((e) => (e.scrollWidth > e.clientWidth + 1 ? [e.textContent] : [])),
      ),
    ).toEqual([])
    await picture('compare-codes')
    // A layer and the output have one name: blocks that open and close leave nothing behind.
    const boxes = graph.locator('[data-difference][style]')
    const count = await boxes.count()
    const block = graph.locator('[data-block]').last()
    const name = (await block.locator('b').textContent())!
    for (let i = 0; i < 2; i++) {
      await block.press('Enter')
      await expect.poll(() => boxes.count()).not.toBe(count)
      await graph.getByRole('button', { name: `Close ${name}`, exact: true }).click()
      await expect.poll(() => boxes.count()).toBe(count)
    }
    // A step's title is whole where there is no room for it, too.
    await page.getByRole('combobox', { name: 'B', exact: true }).click()
    await page.getByRole('option', { name: '1: Swapped' }).click()
    await grid.getByText('+ narrow').first().waitFor()
    const title = '1: Swapped for convolutions of low rank, which is a long title for a step'
    expect(await page.getByRole('combobox', { name: 'B', exact: true }).getAttribute('title')).toBe(title)
    await accessible()
    await picture('compare-low-rank')
    await page.setViewportSize({ width: 360, height: 740 })
    await fits()
    await picture('compare-low-rank-360')
  })

  it.each(['light', 'dark'] as const)('tells other weights where costs are the same, %s', async (colorScheme) => {
    const initializers = [...net.graph.initializers].map(([name, tensor]) => {
      const other = () => tensorValues(tensor).map((v) => 1.25 * v)
      return [name, /^layer2.*conv/.test(name) ? lazyTensor('float32', tensor.shape, other) : tensor] as const
    })
    const trained = { ...net, graph: { ...net.graph, initializers: new Map(initializers) } }
    const { page, open, picture, accessible } = await studio.visit({ colorScheme })
    await open(paths[0])
    await page.getByRole('tab', { name: 'Compare' }).click()
    await page
      .getByRole('region', { name: 'Compare' })
      .locator('input[type=file]')
      .setInputFiles(await fileOf(trained, 'trained.onnx'))
    await page.getByText(`6 of ${comparison.layers.length} layers differ`).waitFor()
    const grid = page.getByRole('grid', { name: 'Layers of both' })
    expect(await grid.getByText('25 %', { exact: true }).count()).toBe(6)
    const graph = page.getByRole('region', { name: 'Both as one graph' })
    await graph.getByText('6 layers with other weights').waitFor()
    await graph.getByText(`${comparison.layers.length - 6} layers the same`).waitFor()
    await accessible()
    await graph.scrollIntoViewIfNeeded()
    await picture(`compare-weights-${colorScheme}`)
  })

  it.each(['light', 'dark'] as const)('is accessible in %s colours, and fits every width', async (colorScheme) => {
    const { page, accessible, fits, picture } = await visit({ colorScheme })
    await page.getByRole('switch', { name: 'Only differences' }).click()
    for (const width of [360, 1280, 2560]) {
      await page.setViewportSize({ width, height: width === 360 ? 740 : Math.round((width * 5) / 8) })
      if (width <= 1280) await accessible()
      await fits()
      await picture(`compare-${width}-${colorScheme}`)
    }
  })
})
