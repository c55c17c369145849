// Fingers: pictures are moved with one and zoomed with two, and boxes are tapped, in Chromium's emulation of touch.

import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { describeBrowser } from '../../src/testing/browser/chromium.ts'
import { lenet } from './files.ts'
import { useStudio } from './harness.ts'

/** Of the chosen box in light colours. */
const colour = [0xc2, 0x41, 0x0c]

interface Point {
  readonly x: number
  readonly y: number
}

interface Box extends Point {
  readonly width: number
  readonly height: number
}

const middleOf = ({ x, y, width, height }: Box): Point => ({ x: x + width / 2, y: y + height / 2 })

/** Fingers that go from somewhere to somewhere else, all at once. */
async function fingers(page: Page, ...paths: readonly (readonly [from: Point, to: Point])[]): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const at = (part: number) =>
    paths.map(([from, to], id) => ({
      ...{ id, x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part },
    }))
  await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: at(0) })
  for (let i = 1; i <= 8; i++)
    await session.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: at(i / 8) })
  await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
  await session.detach()
}

/** Where the frame around the chosen box is on the canvas, by its colour. */
async function chosenBox(page: Page): Promise<Box> {
  const canvas = (await page.getByRole('application').boundingBox())!
  // The small map to the right has a frame of the same colour.
  const clip = { ...canvas, width: canvas.width - 140 }
  const { data, info } = await sharp(await page.screenshot({ clip }))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  let [left, top, right, bottom] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 0]
  // Lines to its neighbours have the colour, too; a row or column of the frame has it for long.
  const isOn = (x: number, y: number) =>
    colour.every((value, c) => Math.abs(data[3 * (y * info.width + x) + c]! - value) < 12)
  for (let y = 0; y < info.height; y++) {
    let count = 0
    for (let x = 0; x < info.width; x++) if (isOn(x, y)) count++
    if (count < 60) continue
    top = Math.min(top, y)
    bottom = Math.max(bottom, y)
  }
  for (let x = 0; x < info.width; x++) {
    let count = 0
    for (let y = top; y <= bottom; y++) if (isOn(x, y)) count++
    if (count < 0.8 * (bottom - top)) continue
    left = Math.min(left, x)
    right = Math.max(right, x)
  }
  expect(right, 'a chosen box in sight').toBeGreaterThan(left)
  return { x: clip.x + left, y: clip.y + top, width: right - left, height: bottom - top }
}

describeBrowser('fingers in Kerf Studio', () => {
  const studio = useStudio()

  it('move the graph, zoom it, and choose', async () => {
    const { page, open, picture } = await studio.visit({
      ...{ hasTouch: true, reducedMotion: 'reduce', colorScheme: 'light' },
      viewport: { width: 1280, height: 800 },
    })
    await open(lenet)
    const described = page.getByTestId('described')
    await page.getByRole('searchbox').fill('conv2')
    await page.getByRole('searchbox').press('Enter')
    await expect.poll(() => described.textContent()).toMatch(/conv2/)
    const name = (await described.textContent())!
    await page.getByText('What shrinks with it').waitFor()
    const before = await chosenBox(page)
    const start = { x: before.x - 120, y: before.y + 10 }
    await fingers(page, [start, { x: start.x + 60, y: start.y + 40 }])
    const moved = await chosenBox(page)
    expect(Math.abs(moved.x - before.x - 60)).toBeLessThan(3)
    expect(Math.abs(moved.y - before.y - 40)).toBeLessThan(3)
    const { x, y } = middleOf(moved)
    await fingers(
      page,
      [
        { x: x - 60, y },
        { x: x - 90, y },
      ],
      [
        { x: x + 60, y },
        { x: x + 90, y },
      ],
    )
    const larger = await chosenBox(page)
    await picture('graph-touch')
    expect(larger.width / moved.width).toBeCloseTo(1.5, 1)
    expect(Math.abs(middleOf(larger).x - x)).toBeLessThan(4)
    // Together: they hold what lies between them.
    await fingers(
      page,
      [
        { x: x - 90, y },
        { x: x - 60, y },
      ],
      [
        { x: x + 90, y },
        { x: x + 60, y },
      ],
    )
    expect((await chosenBox(page)).width / moved.width).toBeCloseTo(1, 1)
    // A tap beside everything chooses nothing; one on the box chooses it.
    await page.touchscreen.tap(start.x - 100, y)
    await expect.poll(() => described.textContent()).toBe('')
    await page.waitForTimeout(300)
    const canvas = (await page.getByRole('application').boundingBox())!
    // Without the panel there is more room: the middle of what is seen stays in the middle.
    await page.touchscreen.tap(x + (canvas.width - 960) / 2, y)
    await expect.poll(() => described.textContent()).toBe(name)
  })

  it('move the picture of two networks, and open its blocks', async () => {
    const { page, open } = await studio.visit({
      ...{ hasTouch: true, reducedMotion: 'reduce', hash: '#compare' },
      viewport: { width: 360, height: 740 },
    })
    await open(lenet)
    const input = page.getByRole('tabpanel').locator('input[type=file]')
    await input.setInputFiles(lenet)
    const seen = page.getByRole('region', { name: 'Picture of both networks' })
    await seen.scrollIntoViewIfNeeded()
    const box = seen.locator('[data-difference]').nth(1)
    const before = (await box.boundingBox())!
    const start = middleOf(before)
    await fingers(page, [start, { x: start.x + 30, y: start.y + 50 }])
    const moved = (await box.boundingBox())!
    expect([moved.x - before.x, moved.y - before.y].map(Math.round)).toEqual([30, 50])
    const { x, y } = middleOf(moved)
    await fingers(
      page,
      [
        { x: x - 40, y },
        { x: x - 60, y },
      ],
      [
        { x: x + 40, y },
        { x: x + 60, y },
      ],
    )
    expect((await box.boundingBox())!.width / moved.width).toBeCloseTo(1.5, 1)
  })
})
