import type { Layer, Profile } from 'kerf'
import { compareProfiles } from 'kerf/cost'
import { type Frame, graphPicture, human, type PicturedLine } from 'kerf/report'
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
  /** Of its channels, of a block of its parameters: the part that B has of A's; undefined where it is the same, or in one alone. */
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

/** So many boxes at most are shown at first. */
const mostAtFirst = 40

/**
 * Layers are matched by name, else by what they are.
 * @param opened paths of blocks that are open; undefined: as many as give a picture of a few dozen boxes
 */
export function differencePicture(a: Profile, b: Profile, opened?: readonly string[]): DifferencePicture {
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
        ...(rows.length === 0 ? { difference: 'same' as const, text } : described(rows, kind === 'block')),
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
): Pick<DifferenceBox, 'difference' | 'text' | 'kept'> {
  const all = new Set(rows.map(differenceOf))
  const difference = all.size === 1 ? [...all][0]! : 'changed'
  if (isBlock) {
    const sum = (side: 'a' | 'b') => rows.reduce((s, row) => s + (row.params[side] ?? 0), 0)
    const [before, after] = [sum('a'), sum('b')]
    const isChanged = difference === 'changed' && before > 0
    const text = isChanged ? `${human(before)} → ${human(after)} parameters` : `${rows.length} layers`
    return { difference, text, ...(isChanged && before !== after && { kept: after / before }) }
  }
  const { a, b, op } = rows[0]!
  const [before, after] = [channelsOf(a), channelsOf(b)]
  const isNarrower = difference === 'changed' && before !== undefined && after !== undefined && before !== after
  if (isNarrower) return { difference, text: `${op} ${before} → ${after} channels`, kept: after / before }
  return { difference, text: `${op}${after === undefined ? '' : `, ${after} channels`}` }
}
