import type { Layer, Profile } from 'kerf'
import { compareProfiles } from 'kerf/cost'
import { type Frame, graphPicture, human, type PicturedLine, shortNumber } from 'kerf/report'
import { type ComparedLayer, channelsOf, type Difference, differenceOf } from './compare.ts'

/** A layer, or a closed block of some. */
export interface DifferenceBox {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly path: string
  readonly name: string
  readonly title: string
  readonly isBlock: boolean
  readonly difference: Difference
  /** What it is, and what became of it: `Conv 3×3, 64 → 38 channels`. */
  readonly text: string
  /** The part that B has of A's channels, or of what else boxes are filled by; undefined where it is the same, not known, or in one alone. */
  readonly kept?: number
}

/** Two networks in one picture: what both have once, and what one of them has beside it. */
export interface DifferencePicture {
  readonly width: number
  readonly height: number
  readonly boxes: readonly DifferenceBox[]
  readonly lines: readonly Pick<PicturedLine, 'points' | 'to'>[]
  readonly frames: readonly Frame[]
  /** Blocks that are open. */
  readonly opened: readonly string[]
  /** How many layers are what. */
  readonly counts: Readonly<Record<Difference, number>>
}

/** What boxes are filled by. */
export type FilledBy = 'channels' | 'params' | 'macs' | 'accesses' | 'time'

/** Behind a number. */
const fillingTitles: Readonly<Record<FilledBy, string>> = {
  ...{ channels: 'channels', params: 'parameters', macs: 'MACs', accesses: 'accesses', time: 'ms' },
}

/** How a picture is made. */
export interface PictureWish {
  /** Paths of blocks that are open; undefined: as many as give a picture of a few dozen boxes. */
  readonly opened?: readonly string[]
  readonly by: FilledBy
}

/** Milliseconds of the rows of a profile; undefined where it was not measured. */
type Times = Float64Array | undefined

type Side = 'a' | 'b'

/** What a layer has in one of both of what boxes are filled by; undefined where that is not known. */
type AmountOf = (row: ComparedLayer, side: Side) => number | undefined

function amounts(
  by: FilledBy,
  profiles: Readonly<Record<Side, Profile>>,
  times: Readonly<Record<Side, Times>>,
): AmountOf {
  if (by === 'channels') return (row, side) => channelsOf(row[side])
  if (by !== 'time') return (row, side) => row[by][side] ?? undefined
  const rowsOf = ({ layers }: Profile) => new Map(layers.map((layer, row) => [layer, row]))
  const rows = { a: rowsOf(profiles.a), b: rowsOf(profiles.b) }
  // What runs as part of another takes no time of its own.
  return (row, side) => (times[side] && row[side] ? times[side][rows[side].get(row[side])!] || 0 : undefined)
}

/** So many boxes at most are shown at first. */
const mostAtFirst = 40

/**
 * Layers are matched by name, else by what they are.
 * @param times of both, where they were measured
 */
export function differencePicture(
  a: Profile,
  b: Profile,
  { opened, by }: PictureWish,
  times: Readonly<Record<Side, Times>>,
): DifferencePicture {
  const of = amounts(by, { a, b }, times)
  const { layers } = compareProfiles(a, b)
  const compared = new Map(layers.map((row) => [(row.b ?? row.a)!, row]))
  const both = { layers: connected(layers), inputs: a.inputs }
  const picture = graphPicture(both, opened ? { opened: new Set(opened) } : { most: mostAtFirst })
  const counts = { same: 0, changed: 0, added: 0, removed: 0 }
  for (const row of layers) counts[differenceOf(row)]++
  return {
    ...{ width: picture.width, height: picture.height, frames: picture.frames, counts },
    lines: picture.lines.map(({ points, to }) => ({ points, to })),
    opened: [...new Set(picture.boxes.flatMap((box) => box.inside))],
    boxes: picture.boxes.map(({ x, y, width, height, path, name, title, kind, text, layers: own }) => {
      const rows = own.flatMap((layer) => compared.get(origin(layer)) ?? [])
      return {
        ...{ x, y, width, height, path, name, title, isBlock: kind === 'block' },
        ...(rows.length === 0 ? { difference: 'same' as const, text } : described(rows, kind === 'block', by, of)),
      }
    }),
  }
}

/** Layers of the picture, and what they were made of. */
const origins = new WeakMap<Layer, Layer>()
const origin = (layer: Layer): Layer => origins.get(layer) ?? layer

/** Where a matched layer's value is called otherwise in A, what only A has reads it by the name of B. */
function connected(rows: readonly ComparedLayer[]): Layer[] {
  const renamed = new Map(
    rows.flatMap(({ a, b }) =>
      a && b ? a.outputs.map((value, i) => [value.name, b.outputs[i]?.name ?? value.name]) : [],
    ) as [string, string][],
  )
  return rows.map(({ a, b }) => {
    if (b) return b
    const layer = {
      ...a!,
      inputs: a!.inputs.map((value) => ({ ...value, name: renamed.get(value.name) ?? value.name })),
    }
    origins.set(layer, a!)
    return layer
  })
}

function described(
  rows: readonly ComparedLayer[],
  isBlock: boolean,
  by: FilledBy,
  of: AmountOf,
): Pick<DifferenceBox, 'difference' | 'text' | 'kept'> {
  const all = new Set(rows.map(differenceOf))
  const difference = all.size === 1 ? [...all][0]! : 'changed'
  const sum = (side: Side) => {
    const known = rows.flatMap((row) => of(row, side) ?? [])
    return known.length === 0 ? undefined : known.reduce((all, amount) => all + amount, 0)
  }
  const [before, after] = [sum('a'), sum('b')]
  const what = isBlock ? '' : `${rows[0]!.op} `
  // Boxes of layers are narrow: beside the operator there is room for a word.
  const title = isBlock || by === 'channels' || by === 'time' ? ` ${fillingTitles[by]}` : ''
  // The same layers take another time here and there.
  const isCompared = difference === 'changed' || (by === 'time' && difference === 'same')
  if (isCompared && before && after !== undefined && before !== after)
    return { difference, text: `${what}${amountText(before)} → ${amountText(after)}${title}`, kept: after / before }
  const own = after ?? before
  if (isBlock) return { difference, text: `${rows.length} layers` }
  return { difference, text: `${rows[0]!.op}${own ? `, ${amountText(own)}${title}` : ''}` }
}

const amountText = (amount: number): string => (Number.isInteger(amount) ? human(amount) : shortNumber(amount))
