// The graph of Kerf Studio, as a person looks at it, on networks built here.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { profileModel } from '../../src/cost/index.ts'
import type { Model } from '../../src/graph/index.ts'
import { nets } from '../../src/nets/index.ts'
import { modelBytes } from '../../src/onnx/index.ts'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { useStudio, type Visit, type VisitOptions } from './harness.ts'
import { largeNetwork } from './large-network.ts'

describeBrowser('the graph of Kerf Studio', () => {
  const studio = useStudio()
  const folder = mkdtempSync(join(tmpdir(), 'kerf-graph-'))
  const fileOf = (name: string, model: Model) => {
    const path = join(folder, `${name}.onnx`)
    writeFileSync(path, modelBytes(model))
    return path
  }
  let resnet: string
  beforeAll(() => {
    resnet = fileOf('resnet18', nets.resnet18())
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const canvasOf = (page: Page) => page.getByRole('application')
  /** Boxes that are shown. */
  const boxCount = async (page: Page) =>
    Number(/: ([\d]+) boxes/.exec((await canvasOf(page).getAttribute('aria-label'))!)![1])
  const described = (page: Page) => page.getByTestId('described')

  async function look(path: string, options?: VisitOptions): Promise<Visit> {
    const visit = await studio.visit(options)
    visit.page.setDefaultTimeout(100_000)
    await visit.open(path)
    await canvasOf(visit.page).waitFor()
    await expect.poll(() => boxCount(visit.page), { timeout: 100_000 }).toBeGreaterThan(2)
    return visit
  }

  it('goes from box to box by keys, opens and closes blocks, and says what is chosen', async () => {
    const { page, picture } = await look(resnet)
    const first = await boxCount(page)
    await canvasOf(page).focus()
    await page.keyboard.press('Enter')
    await expect.poll(() => described(page).textContent()).toContain('input: input, 1×3×224×224')
    await page.keyboard.press('ArrowDown')
    await expect
      .poll(() => described(page).textContent())
      .toMatch(/^conv1: Conv 7×7 s2 → 1×64×112×112.*Reads from input\. Read by bn1$/)
    // Down to the first block, which is closed.
    for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowDown')
    await expect.poll(() => described(page).textContent()).toContain('layer1.0: 7 layers')
    await picture('graph-resnet18-block')
    await page.keyboard.press('Enter')
    await expect.poll(() => described(page).textContent()).toContain('layer1.0.conv1: Conv 3×3')
    expect(await boxCount(page)).toBe(first + 6)
    await page.keyboard.press('Tab')
    await expect.poll(() => described(page).textContent()).toContain('layer1.0.bn1')
    await page.keyboard.press('Backspace')
    await expect.poll(() => described(page).textContent()).toContain('layer1.0: 7 layers')
    expect(await boxCount(page)).toBe(first)
    // Out of the block that is open around it, and then out of the canvas.
    await page.keyboard.press('Escape')
    await expect.poll(() => described(page).textContent()).toContain('layer1: 14 layers')
    await page.keyboard.press('Escape')
    await expect.poll(() => described(page).textContent()).toBe('')
    await page.keyboard.press('Tab')
    expect(await canvasOf(page).evaluate('document.activeElement.tagName')).not.toBe('CANVAS')
  })

  it('opens a block that is clicked, and closes it by its name', async () => {
    const { page } = await look(resnet)
    await page.getByRole('button', { name: 'Close all blocks' }).click()
    const closed = profileModel(nets.resnet18()).layers.length
    await expect.poll(() => boxCount(page)).toBe(13)
    await page.getByRole('button', { name: 'Show everything' }).click()
    await page.waitForTimeout(400)
    // The seventh of 13 boxes in a row, layer2: in the middle.
    const area = (await canvasOf(page).boundingBox())!
    const middle = { x: area.width / 2, y: area.height / 2 }
    await canvasOf(page).click({ position: middle })
    await expect.poll(() => boxCount(page)).toBe(14)
    await page.getByRole('button', { name: 'List of blocks' }).click()
    await expect.poll(() => page.getByRole('treeitem', { expanded: true }).textContent()).toContain('layer2')
    await page.getByRole('treeitem', { expanded: true }).click()
    await expect.poll(() => boxCount(page)).toBe(13)
    await page.getByRole('button', { name: 'Open all blocks' }).click()
    await expect.poll(() => boxCount(page)).toBe(closed + 2)
  })

  it('shows the formula of a cost, with numbers that come to what the counter counts', async () => {
    const model = nets.mobilenet_v2()
    const { page, picture, accessible } = await look(fileOf('mobilenet_v2', model))
    const depthwise = profileModel(model).layers.find((l) => l.kind === 'depthwise')!
    await page.getByRole('searchbox').fill(depthwise.name)
    await page.getByRole('searchbox').press('Enter')
    const panel = page.getByRole('complementary', { name: 'The chosen layer' })
    const macs = panel.locator('[data-count=macs]')
    await macs.getByText('H·W·k²·C_in·C_out/g').waitFor()
    const numbers = (await macs.getByText('112·112').textContent())!
    expect(numbers).toBe('= 112·112·3²·32·32/32')
    expect(await macs.locator('strong').textContent()).toBe(depthwise.macs!.toLocaleString('en'))
    expect(112 * 112 * 9 * 32).toBe(depthwise.macs)
    // Its weights: as many as the file has, and their bars.
    await panel
      .getByRole('img', { name: /values from -?[\d.e-]+ to/ })
      .first()
      .waitFor()
    await panel.getByText('What shrinks with it').waitFor()
    await expect.poll(() => panel.textContent()).toMatch(/32 channels, made by \d/)
    await accessible()
    await picture('graph-mobilenet-v2-panel')
  })

  it('finds layers by their operator, one after another, and shares what is chosen with the costs', async () => {
    const { page } = await look(resnet)
    const search = page.getByRole('searchbox')
    await search.fill('maxpool')
    await search.press('Enter')
    await expect.poll(() => described(page).textContent()).toContain('maxpool: MaxPool 3×3 s2')
    await search.fill('conv2')
    const found = profileModel(nets.resnet18()).layers.filter((l) => l.name.includes('conv2'))
    await search.press('Enter')
    await page.getByText(`1 of ${found.length}`).waitFor()
    await search.press('Shift+Enter')
    await page.getByText(`${found.length} of ${found.length}`).waitFor()
    await expect.poll(() => described(page).textContent()).toContain(found.at(-1)!.name.replaceAll('/', '.'))
    await search.fill('nothing of this name')
    await page.getByText('none', { exact: true }).waitFor()
  })

  it('saves what is shown as SVG and as PNG', async () => {
    const { page } = await look(fileOf('fasternet_t0', nets.fasternet_t0()))
    const saved = async (name: string) => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()])
      expect(download.suggestedFilename()).toBe(`fasternet_t0.${name.slice(-3).toLowerCase()}`)
      return readFileSync(await download.path())
    }
    const boxes = await boxCount(page)
    const svg = await saved('Save as SVG')
    expect(svg.toString().match(/<g><title>/g)).toHaveLength(boxes)
    const drawn = await sharp(svg).metadata()
    const png = await sharp(await saved('Save as PNG')).metadata()
    // The same picture twice as large, without the document's head.
    expect(png.height! / 2).toBeGreaterThan(0.9 * drawn.height! - 60)
    expect(png.height! / 2).toBeLessThan(1.1 * drawn.height!)
  })

  it.each([
    ['light', 360],
    ['dark', 360],
    ['dark', 1280],
    ['light', 2560],
  ] as const)('can be read, and used by everybody: %s, %i pixels', async (colorScheme, width) => {
    const height = width < 500 ? 740 : width > 2000 ? 1440 : 800
    const { page, accessible, fits, picture } = await look(resnet, { colorScheme, viewport: { width, height } })
    await fits()
    await accessible()
    await picture(`graph-resnet18-${colorScheme}-${width}`)
    await page.getByRole('button', { name: 'List of blocks' }).click()
    await page.getByRole('treeitem').first().click()
    await page.getByText('Elements read').waitFor()
    await accessible()
    await fits()
    await picture(`graph-resnet18-panel-${colorScheme}-${width}`)
  })

  it('lays out 10,000 nodes without keeping the page from answering', async () => {
    const { page, picture } = await look(fileOf('random', largeNetwork(10_000)))
    expect(await boxCount(page)).toBeLessThan(80)
    await page.evaluate(watchTasks)
    await page.getByRole('button', { name: 'Open all blocks' }).click()
    await expect.poll(() => boxCount(page), { timeout: 100_000 }).toBe(10_002)
    await page.getByRole('button', { name: 'Show everything' }).click()
    await picture('graph-10000')
    // Generous: a machine may be busy with other things. On an idle one they are below 50 ms.
    expect(await page.evaluate<number>('globalThis.longestTask')).toBeLessThan(process.env.KERF_LARGE ? 1000 : 5000)
  }, 300_000)
})

/** Notes in the page how long its longest task was. */
function watchTasks(): void {
  const page = globalThis as unknown as { longestTask: number; PerformanceObserver: typeof PerformanceObserver }
  page.longestTask = 0
  new page.PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) page.longestTask = Math.max(page.longestTask, duration)
  }).observe({ entryTypes: ['longtask'] })
}
