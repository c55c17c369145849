// What a network costs, as the page shows it: the numbers are the library's, in every form that the page has.

import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { profileModel } from '../../src/api/index.ts'
import { buildNet } from '../../src/api/nets.ts'
import { type FileFormat, profileFileText } from '../../src/api/report.ts'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { useStudio, type Visit } from './harness.ts'
import { chain, fileOf, openAndUnknown } from './models.ts'
import { longestTaskMs, mayTakeMs } from './tasks.ts'

const net = buildNet('resnet18')
const profile = profileModel(net, { name: 'resnet18.onnx' })
const text = (value: number) => value.toLocaleString('en')

/** The rows that are drawn, without the head; the last one is that of the totals. */
const rowsOf = (page: Page) =>
  page.locator('tbody tr[aria-rowindex], tfoot tr').evaluateAll((rows) =>
    // A page's types are not a test's.
    (rows as unknown as { cells: { innerText: string }[] }[]).map((row) =>
      [...row.cells].map((c) => c.innerText.trim()),
    ),
  )

describeBrowser('Costs in Kerf Studio', () => {
  const studio = useStudio()
  let path: string
  beforeAll(async () => {
    path = await fileOf(net, 'resnet18.onnx')
  })
  const visit = async (options: Parameters<typeof studio.visit>[0] = {}, model = path): Promise<Visit> => {
    const visited = await studio.visit(options)
    await visited.open(model)
    await visited.page.getByRole('tab', { name: 'Costs' }).click()
    await visited.page.getByRole('region', { name: 'Costs' }).waitFor()
    return visited
  }
  const grid = (page: Page) => page.getByRole('grid', { name: 'Layers and what they cost' })

  it('has a row for every layer, and their totals', async () => {
    const { page } = await visit()
    const rows = await rowsOf(page)
    const { layers, totals } = profile
    expect(rows.slice(0, 5).map(([name, , , , macs, params]) => [name, macs, params])).toEqual(
      layers.slice(0, 5).map((l) => [l.name, text(l.macs!), text(l.params!)]),
    )
    expect(await grid(page).getAttribute('aria-rowcount')).toBe(String(layers.length + 2))
    const accesses = text(totals.accesses)
    expect(rows.at(-1)).toEqual(['Total of 69 layers', '', '', '', text(totals.macs), text(totals.params), accesses])
    for (const total of [totals.macs, totals.params, totals.adds, totals.muls, totals.accesses, totals.bytes])
      await page.locator('dd').getByText(text(total), { exact: true }).waitFor()
  })

  it('sorts by a column, and back to the order of the network', async () => {
    const { page } = await visit()
    const head = page.getByRole('columnheader', { name: 'Parameters' })
    await head.getByRole('button').click()
    const sorted = profile.layers.map((l) => l.params!).sort((a, b) => b - a)
    expect((await rowsOf(page)).slice(0, 6).map((row) => row[5])).toEqual(sorted.slice(0, 6).map(text))
    expect(await head.getAttribute('aria-sort')).toBe('descending')
    await head.getByRole('button').click()
    expect((await rowsOf(page))[0]![5]).toBe('0')
    await head.getByRole('button').click()
    expect((await rowsOf(page))[0]![0]).toBe('conv1')
  })

  it('filters by name and by operator, and sums what is left', async () => {
    const { page } = await visit()
    await page.getByLabel('Filter layers by name').fill('layer2 conv')
    const left = profile.layers.filter((l) => l.name.includes('layer2') && l.name.includes('conv'))
    await page.getByText(`${left.length} of 69 layers`).waitFor()
    expect((await rowsOf(page)).at(-1)![4]).toBe(text(left.reduce((sum, l) => sum + l.macs!, 0)))
    await page.getByLabel('Clear the filter').click()
    await page.getByRole('combobox', { name: 'Filter layers by operator' }).click()
    await page.getByRole('option', { name: 'Gemm' }).click()
    await page.getByText('1 of 69 layers').waitFor()
    expect((await rowsOf(page))[0]![4]).toBe(text(profile.layers.find((l) => l.op === 'Gemm')!.macs!))
  })

  it('shows other columns', async () => {
    const { page } = await visit()
    await page.getByRole('button', { name: 'Columns' }).click()
    await page.getByLabel('Elements read, weights included').check()
    await page.getByLabel('Shape of the output').uncheck()
    const heads = await page.getByRole('columnheader').allInnerTexts()
    expect(heads).toEqual(['Layer', 'Operator', 'Window', 'MACs', 'Parameters', 'Accesses', 'Reads'])
    expect((await rowsOf(page))[0]!.at(-1)).toBe(text(profile.layers[0]!.reads!))
  })

  it('is walked through with the keyboard', async () => {
    const { page } = await visit()
    await grid(page).focus()
    const selected = page.locator('tr[aria-selected=true]')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    expect(await selected.locator('td').first().innerText()).toBe('bn1')
    await page.keyboard.press('End')
    expect(await selected.locator('td').first().innerText()).toBe('fc')
    expect(await selected.isVisible()).toBe(true)
    await page.keyboard.press('Escape')
    expect(await selected.count()).toBe(0)
  })

  it('shows the whole row of a layer that was chosen elsewhere, wherever it is', async () => {
    const { page } = await visit()
    await grid(page).focus()
    const selected = page.locator('tr[aria-selected=true]')
    const covers = async () => {
      const [row, head, foot] = await Promise.all(
        [selected, page.locator('thead tr'), page.locator('tfoot tr')].map((part) => part.first().boundingBox()),
      )
      return row!.y < head!.y + head!.height - 1 || row!.y + row!.height > foot!.y + 1
    }
    for (let i = 0; i < 40; i++) await page.keyboard.press('ArrowDown')
    await expect.poll(covers).toBe(false)
    for (let i = 0; i < 30; i++) await page.keyboard.press('ArrowUp')
    await expect.poll(covers).toBe(false)
  })

  it('counts fused layers, and keeps the row that is looked at', async () => {
    const { page } = await visit()
    await page.getByText('layer1.0.conv1', { exact: true }).click()
    await page.getByRole('switch', { name: 'Fused' }).click()
    const fused = profileModel(net, { fused: true })
    await page.getByText(`Total of ${fused.layers.length} fused layers`).waitFor()
    expect(await page.locator('tr[aria-selected=true] td').first().innerText()).toBe('layer1.0.conv1')
    await page.locator('dd').getByText(text(fused.totals.accesses), { exact: true }).waitFor()
  })

  it('counts again for other sizes, and says beside them what does not fit', async () => {
    const { page } = await visit()
    await page.getByLabel('input, axis 2').fill('320')
    await page.getByLabel('input, axis 3').fill('320')
    const larger = profileModel(net, { inputs: new Map([['input', [1, 3, 320, 320]]]) })
    await page.locator('dd').getByText(text(larger.totals.macs), { exact: true }).waitFor()
    await page.getByLabel('input, axis 1').fill('4')
    await page.getByRole('alert').getByText('Conv "conv1"').waitFor()
    await page.getByRole('alert').getByText('What is shown is still of the sizes before.').waitFor()
    await page.getByLabel('input, axis 1').fill('')
    await page.getByRole('alert').getByText('needs a whole size').waitFor()
    await page.getByLabel('input, axis 1').fill('3')
    await page.getByRole('alert').waitFor({ state: 'detached' })
  })

  it('guesses sizes that a file leaves open, and says what it does not count', async () => {
    const model = openAndUnknown()
    const { page } = await visit({}, await fileOf(model, 'open.onnx'))
    await page.getByText('sizes that the file leaves open are guessed').waitFor()
    expect(await page.getByLabel('image, axis 2 (height)').inputValue()).toBe('224')
    await page.getByText('at least').first().waitFor()
    expect((await rowsOf(page)).at(-1)![4]).toBe('≥ 0')
    await page.getByText('Not counted, or not in full: 1 node').click()
    await page.getByRole('cell', { name: 'example.org.Riddle' }).waitFor()
    await page.getByLabel('image, axis 2 (height)').fill('8')
    const { totals } = profileModel(model, { inputs: new Map([['image', [1, 3, 8, 224]]]) })
    await page.locator('dd').getByText(text(totals.adds), { exact: true }).waitFor()
  })

  it('shows blocks with their parts of the whole', async () => {
    const { page } = await visit()
    await page.getByText('Blocks', { exact: true }).click()
    const blocks = page.getByRole('grid', { name: 'Blocks' })
    await blocks.getByRole('button', { name: 'Open layer3' }).click()
    const row = (name: string) => blocks.getByRole('row').filter({ has: page.getByText(name, { exact: true }) })
    const cells = await row('layer3').getByRole('gridcell').allInnerTexts()
    const inside = profile.layers.filter((l) => l.name.startsWith('layer3.'))
    const macs = inside.reduce((sum, l) => sum + l.macs!, 0)
    expect(cells.slice(1, 4)).toEqual([
      String(inside.length),
      text(macs),
      ((100 * macs) / profile.totals.macs).toFixed(1),
    ])
    await blocks.getByRole('button', { name: 'Open 0' }).waitFor()
  })

  it('shows layers below the limits of this machine', async () => {
    const { page, accessible, fits, picture } = await visit()
    await page.getByText('Roofline', { exact: true }).click()
    await page.getByRole('button', { name: 'Measure the limits of this machine' }).click()
    const points = page.getByRole('grid', { name: 'Layers and what bounds them' })
    await points.waitFor({ timeout: 60_000 })
    const [, gmacs, gigabytes] = /([\d.]+) GMAC\/s, ([\d.]+) GB\/s/.exec(await page.getByText('GMAC/s, ').innerText())!
    const { name, macs, bytesRead, bytesWritten } = profile.layers[0]!
    const bytes = bytesRead! + bytesWritten!
    const [first, , bound, least] = (await rowsOf(page))[0]!
    expect(first).toBe(name)
    const [arithmetic, memory] = [macs! / Number(gmacs) / 1e6, bytes / Number(gigabytes) / 1e6]
    // The limits are shown with a digit behind the point.
    expect(Number(least) / Math.max(arithmetic, memory)).toBeCloseTo(1, 1)
    expect(bound).toBe(memory > arithmetic ? 'memory' : 'arithmetic')
    const counted = profile.layers.filter((l) => l.macs! > 0).length
    await page.getByRole('img', { name: `Roofline: ${counted} layers` }).waitFor()
    await points.locator('tbody tr[aria-rowindex]').first().click()
    for (const width of [360, 1280]) {
      await page.setViewportSize({ width, height: 900 })
      await accessible()
      await fits()
      await picture(`costs-roofline-${width}`)
    }
  })

  it('saves and copies files as the command line writes them', async () => {
    const { page, context } = await visit()
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    const formats: [string, FileFormat][] = [
      ['CSV', 'csv'],
      ['JSON', 'json'],
      ['HTML', 'html'],
      ['Markdown', 'md'],
    ]
    for (const [title, format] of formats) {
      const item = page.getByRole('menuitem', { name: title })
      await page.getByRole('button', { name: 'Export' }).click()
      const [download] = await Promise.all([page.waitForEvent('download'), item.first().click()])
      expect(download.suggestedFilename()).toBe(`resnet18-costs.${format}`)
      expect(readFileSync(await download.path(), 'utf8')).toBe(profileFileText(profile, format))
      await page.getByRole('button', { name: 'Export' }).click()
      await item.last().click()
      await page.getByText(`${title} is copied.`).waitFor()
      const copied = await page.evaluate<string>('navigator.clipboard.readText()')
      // A clipboard may have lines of its own.
      const lines = (some: string) => some.replaceAll('\r\n', '\n')
      expect(lines(copied)).toBe(lines(profileFileText(profile, format)))
    }
  })

  it.each(['light', 'dark'] as const)('is accessible in %s colours, and fits every width', async (colorScheme) => {
    const { page, accessible, fits, picture } = await visit({ colorScheme })
    for (const panel of ['Blocks', 'Layers']) {
      await page.getByRole('radiogroup', { name: 'What is shown' }).getByText(panel).click()
      await page.getByRole('grid').locator('tbody tr[aria-rowindex]').nth(4).click()
      for (const width of [360, 1280, 2560]) {
        await page.setViewportSize({ width, height: width === 360 ? 740 : Math.round((width * 5) / 8) })
        if (width <= 1280) await accessible()
        await fits()
        await picture(`costs-${panel.toLowerCase()}-${width}-${colorScheme}`)
      }
    }
  })

  it('sorts, filters and scrolls 10,000 layers without holding the page up', async () => {
    const { page } = await visit({}, await fileOf(chain(10_000), 'chain.onnx'))
    await page.getByText('Total of 10,000 layers').waitFor()
    const grid = page.getByRole('grid')
    const acts: [string, () => Promise<unknown>][] = [
      ['sort', () => page.getByRole('columnheader', { name: 'MACs' }).getByRole('button').click()],
      ['sort by name', () => page.getByRole('columnheader', { name: 'Layer' }).getByRole('button').click()],
      ['filter', () => page.getByLabel('Filter layers by name').fill('block1')],
      ['clear', () => page.getByLabel('Filter layers by name').fill('')],
      ['scroll', () => grid.evaluate((table) => (table as unknown as InPage).parentElement.scrollBy(0, 90_000))],
    ]
    for (const [name, act] of acts) {
      expect(await longestTaskMs(studio.browser(), page, act), `${name}, ms`).toBeLessThanOrEqual(mayTakeMs)
    }
    expect(await page.locator('tbody tr[aria-rowindex]').count()).toBeLessThan(100)
  })
})

/** What is used of an element, whose types a test has not. */
interface InPage {
  readonly parentElement: { scrollBy(x: number, y: number): void }
}
