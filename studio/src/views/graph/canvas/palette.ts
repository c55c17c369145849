/*
 * Colours of the canvas. Shares are shades of one hue, whose lightness changes evenly, so that any colour vision tells them apart, and grey does.
 */

export interface Palette {
  readonly background: string
  /** Of frames, every second one. */
  readonly frames: readonly [string, string]
  readonly frameEdge: string
  readonly frameText: string
  readonly edge: string
  readonly line: string
  /** Of the chosen box, and the lines at it. */
  readonly chosen: string
  /** Of boxes that belong together. */
  readonly lit: string
  /** From nothing to most. */
  readonly shades: readonly string[]
  /** Of text on each of the shades. */
  readonly inks: readonly string[]
}

/** So many shades are told apart. */
export const shadeCount = 33

type Rgb = readonly [number, number, number]

const light: readonly Rgb[] = [
  [255, 255, 255],
  [214, 230, 244],
  [150, 195, 224],
  [74, 142, 194],
  [23, 81, 145],
]
const dark: readonly Rgb[] = [
  [37, 42, 49],
  [31, 62, 96],
  [37, 101, 158],
  [96, 162, 216],
  [190, 224, 250],
]

const shadesOf = (stops: readonly Rgb[]): Rgb[] =>
  Array.from({ length: shadeCount }, (_, i) => {
    const place = (i / (shadeCount - 1)) * (stops.length - 1)
    const below = Math.min(stops.length - 2, Math.floor(place))
    const [a, b] = [stops[below]!, stops[below + 1]!]
    return a.map((v, c) => Math.round(v + (b[c]! - v) * (place - below))) as unknown as Rgb
  })

/** Relative luminance (WCAG 2.2). */
function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
}

/** Black or white, whichever stands out more: by at least 4.5 on any colour. */
const inkOn = (colour: Rgb): string => (luminance(colour) > 0.179 ? '#000000' : '#ffffff')

const css = ([r, g, b]: Rgb): string => `rgb(${r} ${g} ${b})`

const paletteOf = (stops: readonly Rgb[], rest: Omit<Palette, 'shades' | 'inks'>): Palette => {
  const shades = shadesOf(stops)
  return { ...rest, shades: shades.map(css), inks: shades.map(inkOn) }
}

export const palettes: Readonly<Record<'light' | 'dark', Palette>> = {
  light: paletteOf(light, {
    background: '#ffffff',
    frames: ['#f4f6f8', '#e9edf1'],
    frameEdge: '#d5dbe1',
    frameText: '#57606a',
    edge: '#5b6570',
    line: '#a9b2ba',
    chosen: '#c2410c',
    lit: '#a8009d',
  }),
  dark: paletteOf(dark, {
    background: '#16191d',
    frames: ['#1c2026', '#23282f'],
    frameEdge: '#343b44',
    frameText: '#a3adb8',
    edge: '#6b7683',
    line: '#525c67',
    chosen: '#ffa657',
    lit: '#f0a6ff',
  }),
}

/** Parts differ by powers of ten: their square root is shown. */
export const shadeOf = (part: number, most: number): number =>
  most > 0 ? Math.round(Math.sqrt(Math.min(1, part / most)) * (shadeCount - 1)) : 0
