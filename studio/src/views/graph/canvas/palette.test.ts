import { expect, it } from 'vitest'
import { palettes, shadeOf } from './palette.ts'

/** WCAG 2.2: relative luminance, and contrast. */
function luminance(colour: string): number {
  const hex = /^#(..)(..)(..)$/.exec(colour)
  const parts = hex ? hex.slice(1).map((h) => Number.parseInt(h, 16)) : colour.match(/\d+/g)!.map(Number)
  const [r, g, b] = parts.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
}
const contrast = (a: string, b: string) => {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (light! + 0.05) / (dark! + 0.05)
}

it.each(['light', 'dark'] as const)('text can be read on every colour, and marks seen: %s', (scheme) => {
  const { shades, inks, background, frames, frameText, chosen, lit } = palettes[scheme]
  shades.forEach((shade, i) => {
    expect([i, contrast(shade, inks[i]!) >= 4.5]).toEqual([i, true])
  })
  for (const frame of frames) expect(contrast(frame, frameText)).toBeGreaterThanOrEqual(4.5)
  for (const mark of [chosen, lit])
    for (const behind of [background, ...frames]) expect(contrast(mark, behind)).toBeGreaterThanOrEqual(3)
  // Lightness alone tells more from less.
  const steps = shades.map(luminance)
  const sorted = steps.toSorted((a, b) => (scheme === 'light' ? b - a : a - b))
  expect(steps).toEqual(sorted)
})

it('small parts differ from none', () => {
  expect([shadeOf(0, 100), shadeOf(100, 100), shadeOf(1, 100), shadeOf(0, 0)]).toEqual([0, 32, 3, 0])
})
