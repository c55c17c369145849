/*
 * Numbers as colours. From white to blue what is nowhere below 0; from orange over white to blue, the same on either side of 0, what is: lightness alone tells how large.
 */

type Colour = readonly [red: number, green: number, blue: number]

const white: Colour = [255, 255, 255]
const blues: readonly Colour[] = [white, [150, 195, 224], [23, 81, 145], [8, 32, 68]]
const oranges: readonly Colour[] = [white, [246, 184, 120], [196, 92, 20], [96, 36, 4]]

/** What is no number. */
const none: Colour = [128, 128, 128]

function between(colours: readonly Colour[], part: number): Colour {
  const at = Math.min(1, Math.max(0, part)) * (colours.length - 1)
  const low = Math.min(colours.length - 2, Math.floor(at))
  const [a, b] = [colours[low]!, colours[low + 1]!]
  return [0, 1, 2].map((c) => a[c]! + (b[c]! - a[c]!) * (at - low)) as [number, number, number]
}

const steps = 256
const tableOf = (colours: readonly Colour[]) =>
  Array.from({ length: steps }, (_, i) => between(colours, i / (steps - 1)))
const [above, below] = [tableOf(blues), tableOf(oranges)]

/** Least and largest of the values that are numbers; 0 and 0 where there are none. */
export function rangeOf(
  values: ArrayLike<number>,
  from = 0,
  to = values.length,
): readonly [least: number, most: number] {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let i = from; i < to; i++) {
    const v = values[i]!
    if (!Number.isFinite(v)) continue
    if (v < least) least = v
    if (v > most) most = v
  }
  return least <= most ? [least, most] : [0, 0]
}

/** The colour of a value among those of a range. */
export function colourOf(value: number, [least, most]: readonly [number, number]): Colour {
  if (!Number.isFinite(value)) return none
  const isSigned = least < 0
  const size = isSigned ? Math.max(-least, most) : most
  const part = size === 0 ? 0 : Math.abs(value) / size
  const table = value < 0 ? below : above
  return table[Math.round(Math.min(1, part) * (steps - 1))]!
}

/** Distinct colours for the numbers of classes: turns of the hue by the golden ratio. */
export function classColour(index: number): Colour {
  const hue = (index * 0.618_033_988_75) % 1
  const channel = (shift: number) => {
    const k = (shift + hue * 12) % 12
    return 255 * (0.55 - 0.4 * Math.max(-1, Math.min(k - 3, 9 - k, 1)))
  }
  return index === 0 ? [235, 235, 235] : [channel(0), channel(8), channel(4)]
}

/** Pixels, four bytes each. */
export class Pixels {
  readonly data: Uint8ClampedArray<ArrayBuffer>

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.data = new Uint8ClampedArray(4 * width * height)
  }

  set(x: number, y: number, [red, green, blue]: Colour): void {
    const at = 4 * (y * this.width + x)
    this.data[at] = red
    this.data[at + 1] = green
    this.data[at + 2] = blue
    this.data[at + 3] = 255
  }
}
