import type { Layer, Profile } from 'kerf'
import { type Frame, graphPicture, human, type PicturedLine, shortNumber } from 'kerf/report'
import { type Compared, differencesOf } from './compare.ts'
import { bothAsOne } from './compare-graph.ts'
import {
  type ComparedRow,
  channelsOf,
  type Difference,
  layersOf,
  type Side,
  type Sides,
  sides,
} from './compare-rows.ts'
import { storedIn } from './compare-weights.ts'

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
  /** What it is, and what became of it: `Conv 64 → 38 channels`. */
  readonly text: string
  /** What else became of it: `MACs 231M → 115M, parameters 147k → 74k`; '' for layers that are the same. */
  readonly more: string
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
  /** How many rows of the table are what. */
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

/** What a row has in one of both of what boxes are filled by; undefined where that is not known. */
type AmountOf = (row: ComparedRow, side: Side) => number | undefined

function amounts(by: FilledBy, profiles: Sides<Profile>, times: Sides<Times>): AmountOf {
  if (by === 'channels') return (row, side) => channelsOf(row[side])
  if (by !== 'time') return (row, side) => row[by][side] ?? undefined
  const placesOf = ({ layers }: Profile) => new Map(layers.map((layer, row) => [layer, row]))
  const places = { a: placesOf(profiles.a), b: placesOf(profiles.b) }
  return (row, side) => {
    const own = times[side]
    const layers = layersOf(row, side)
    if (!own || layers.length === 0) return undefined
    // What runs as part of another takes no time of its own.
    return layers.reduce((sum, layer) => sum + (own[places[side].get(layer)!] || 0), 0)
  }
}

/** So many boxes at most are shown at first. */
const mostAtFirst = 40

/** What a layer of the picture belongs to. */
interface Place {
  readonly row: ComparedRow
  readonly difference: Difference
  /** What a swap put in front of the layer of that row: the row counts it. */
  readonly isPart: boolean
}

/**
 * Two networks whose layers are matched, as one graph.
 * @param times of both, where they were measured
 */
export function differencePicture(
  compared: Compared,
  { opened, by }: PictureWish,
  times: Sides<Times>,
): DifferencePicture {
  const { rows, profiles } = compared
  const differences = differencesOf(compared)
  const places = new Map<Layer, Place>()
  rows.forEach((row, i) => {
    places.set((row.b ?? row.a)!, { row, difference: differences[i]!, isPart: false })
    for (const layer of row.parts.a) places.set(layer, { row, difference: 'removed', isPart: true })
    for (const layer of row.parts.b) places.set(layer, { row, difference: 'added', isPart: true })
  })
  const both = bothAsOne(rows, profiles.a, profiles.b)
  const describe = description(by, amounts(by, profiles, times), compared.stored)
  const described = (layers: readonly Layer[]) =>
    layers.length === 0 ? undefined : describe(layers.map((layer) => [layer, places.get(both.origin(layer))!]))
  const picture = graphPicture(both, {
    ...(opened ? { opened: new Set(opened) } : { most: mostAtFirst }),
    textOf: ({ layers }) => described(layers)?.text,
  })
  const counts = { same: 0, weights: 0, changed: 0, added: 0, removed: 0 }
  for (const difference of differences) counts[difference]++
  return {
    ...{ width: picture.width, height: picture.height, frames: picture.frames, counts },
    lines: picture.lines.map(({ points, to }) => ({ points, to })),
    opened: [...new Set(picture.boxes.flatMap((box) => box.inside))],
    boxes: picture.boxes.map(({ x, y, width, height, path, name, title, kind, text, layers }) => ({
      ...{ x, y, width, height, path, name, title, isBlock: kind === 'block' },
      ...(described(layers) ?? { difference: 'same' as const, text, more: '' }),
    })),
  }
}

const onlyIn: Readonly<Partial<Record<Difference, string>>> = { added: 'only in B', removed: 'only in A' }

/** Says what became of layers, or of a block of them. */
function description(by: FilledBy, of: AmountOf, stored: Compared['stored']) {
  /** Of rows, not of their parts, which they count. */
  const sum = (rows: readonly ComparedRow[], side: Side, amount: AmountOf): number | undefined => {
    const known = rows.flatMap((row) => amount(row, side) ?? [])
    return known.length === 0 ? undefined : known.reduce((all, one) => all + one, 0)
  }
  const change = (rows: readonly ComparedRow[], amount: AmountOf) => {
    const [before, after] = sides.map((side) => sum(rows, side, amount))
    const isOther = before !== undefined && after !== undefined && before !== after
    return { before, after, text: isOther ? `${amountText(before)} → ${amountText(after)}` : undefined }
  }
  const typesOf = (row: ComparedRow) => sides.flatMap((side) => storedIn(row, side, stored[side])?.type || [])
  const costs = (rows: readonly ComparedRow[]): string[] => {
    const counts = (['macs', 'params'] as const).flatMap((key) => {
      const { text } = change(rows, (row, side) => row[key][side] ?? undefined)
      return text === undefined ? [] : [`${fillingTitles[key]} ${text}`]
    })
    const bytes = change(rows, (row, side) => storedIn(row, side, stored[side])?.bytes)
    const [before, after] = rows.length === 1 ? typesOf(rows[0]!) : []
    return [
      ...(after === undefined || before === after ? [] : [`${before} → ${after}`]),
      ...counts,
      ...(bytes.text === undefined ? [] : [`stored ${human(bytes.before!, 'B')} → ${human(bytes.after!, 'B')}`]),
    ]
  }
  return (
    members: readonly (readonly [Layer, Place])[],
  ): Pick<DifferenceBox, 'difference' | 'text' | 'more' | 'kept'> => {
    const [[layer, place]] = members as [(typeof members)[number]]
    const isBlock = members.length > 1
    const all = new Set(members.map(([, { difference }]) => difference))
    const difference =
      all.size === 1
        ? place.difference
        : all.has('same') && all.has('weights') && all.size === 2
          ? 'weights'
          : 'changed'
    const rows = members.flatMap(([, { row, isPart }]) => (isPart ? [] : [row]))
    const alone = onlyIn[difference]
    if (!isBlock && place.isPart) {
      const width = by === 'channels' ? channelsOf(layer) : undefined
      const text = [layer.op, width && `${width} channels`, alone].filter(Boolean).join(', ')
      return { difference, text, more: `counted with ${place.row.name}` }
    }
    // Channels of activations and sums are those of the layers in front of them.
    const counted = isBlock && by === 'channels' ? rows.filter(({ macs }) => macs.a || macs.b) : rows
    const { before, after, text } = change(counted, of)
    const what = isBlock ? `${members.length} layers` : layer.op
    // Boxes of layers are narrow: beside the operator there is room for a word.
    const title = isBlock || by === 'channels' || by === 'time' ? ` ${fillingTitles[by]}` : ''
    const more = alone ? '' : costs(rows).join(', ')
    // The same layers take another time here and there.
    const isCompared =
      difference === 'changed' || (by === 'time' && (difference === 'same' || difference === 'weights'))
    if (isCompared && text !== undefined && before)
      return { difference, text: `${isBlock ? '' : `${what} `}${text}${title}`, more, kept: after! / before }
    const own = after ?? before
    const amount = own ? `${amountText(own)}${title}` : undefined
    if (alone) return { difference, text: [what, !isBlock && amount, alone].filter(Boolean).join(', '), more }
    if (difference !== 'changed') {
      const other = difference === 'weights' && 'other weights'
      return { difference, text: [what, !isBlock && amount, other].filter(Boolean).join(', '), more }
    }
    // What it is filled by is the same, and something else is not.
    const [first = 'changed'] = costs(rows)
    return {
      difference,
      text: `${isBlock ? (amount ?? what) : what}, ${first}`,
      more,
      ...(own && before && { kept: 1 }),
    }
  }
}

const amountText = (amount: number): string => (Number.isInteger(amount) ? human(amount) : shortNumber(amount))
