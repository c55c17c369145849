import { type Comparison, type Model, type Profile, profileModel } from 'kerf'
import { type ComparedLayer, compareProfiles, compareTotals, type Pair } from 'kerf/cost'
import { graphInputs } from 'kerf/graph'
import { shapeText } from 'kerf/report'
import {
  type ComparedRow,
  channelsOf,
  type Difference,
  differenceOf,
  partWord,
  type Side,
  type Sides,
  sides,
} from './compare-rows.ts'
import { type StoredWeights, storedIn } from './compare-weights.ts'
import { layerTable } from './layer-table.ts'
import type { RecountOptions } from './types.ts'

/** What layers are compared by. */
export const comparedCounts = ['macs', 'params', 'accesses'] as const

/** One of `comparedCounts`. */
export type ComparedCount = (typeof comparedCounts)[number]

/** Two networks side by side, layers by columns. */
export interface ComparisonTable {
  /** What both are called for people: `Step 1: Pruned to 50 % of the MACs`. */
  readonly names: Sides<string>
  /** Their files. */
  readonly models: Sides<string>
  readonly totals: Comparison['totals']
  readonly notCounted: Sides<Profile['unsupported']>
  /** Bytes of all weights as they are stored. */
  readonly stored: Sides<number>
  /** Names of layers, without what they repeat: of A, or where it has no such layer, of B. */
  readonly labels: readonly string[]
  /** What else stands in a layer's place in one of both: `+ narrow`; '' for most. */
  readonly parts: readonly string[]
  /** `Conv → AdderConv` where they differ. */
  readonly ops: readonly string[]
  /** Rows of the table of layers of A; -1 for layers that only B has. */
  readonly rows: Int32Array
  /** Of the first output; '' where there is no such layer. */
  readonly shapes: Sides<readonly string[]>
  /** Channels of the first output: the second axis, of three axes the last; NaN where there are none. */
  readonly channels: Sides<Float64Array>
  /** NaN where there is no such layer, or it cannot be counted. */
  readonly counts: Readonly<Record<ComparedCount, Sides<Float64Array>>>
  /** Of its weights as they are stored. NaN where there is no such layer. */
  readonly bytes: Sides<Float64Array>
  /** What its weights are stored as: `float32`; '' where there are none. */
  readonly types: Sides<readonly string[]>
  /** `weightChanges`; undefined until they are known. */
  readonly weights: Float64Array | undefined
  /** 1 where anything differs: the shape too, and the weights once they are known. */
  readonly differs: Uint8Array
}

/**
 * The other network, counted as the open one is. Sizes are given to inputs of the same name; where it leaves others open, they are those of the open network's only
 * input, if it has one, too.
 * @throws as `profileModel`
 */
export function countOther(model: Model, name: string, { inputs = {}, fused }: RecountOptions): Profile {
  const own = graphInputs(model.graph).map((input) => input.name)
  const given = Object.entries(inputs)
  const [only, ...more] = given
  const byName = given.filter(([input]) => own.includes(input))
  const wanted =
    byName.length === 0 && only && more.length === 0 && own.length === 1 ? [[own[0]!, only[1]] as const] : byName
  return profileModel(model, { name, inputs: new Map(wanted), fused })
}

/** Two networks whose layers are matched. */
export interface Compared {
  readonly profiles: Sides<Profile>
  readonly rows: readonly ComparedRow[]
  /** What both store. */
  readonly stored: Sides<StoredWeights>
  /** `weightChanges`, once they are known. */
  readonly weights?: Float64Array
}

/** What became of each row. Layers that cost the same may be stored otherwise, and hold other weights. */
export function differencesOf({ rows, stored, weights }: Compared): Difference[] {
  return rows.map((row, i) => {
    const difference = differenceOf(row)
    if (difference !== 'same') return difference
    const [before, after] = sides.map((side) => storedIn(row, side, stored[side]))
    if (before?.bytes !== after?.bytes || before?.type !== after?.type) return 'changed'
    return weights && weights[i]! > 0 ? 'weights' : 'same'
  })
}

/** @param names what both are called for people */
export function comparisonTable(
  compared: Compared,
  names: Sides<string> = { a: compared.profiles.a.model, b: compared.profiles.b.model },
): ComparisonTable {
  const { rows, stored, weights: changes, profiles } = compared
  const { a, b } = profiles
  const rowsOfA = new Map(a.layers.map((layer, row) => [layer, row]))
  const both = <T>(of: (side: Side) => T): Sides<T> => ({ a: of('a'), b: of('b') })
  const shapes = both((side) => rows.map((row) => (row[side] ? shapeText(row[side].outputs[0]?.shape ?? null) : '')))
  const weights = both((side) => rows.map((row) => storedIn(row, side, stored[side])))
  const bytes = both((side) => Float64Array.from(weights[side], (own) => own?.bytes ?? Number.NaN))
  const types = both((side) => weights[side].map((own) => own?.type ?? ''))
  const labels = layerTable(a).labels
  const labelsOfB = layerTable(b).labels
  const rowsOfB = new Map(b.layers.map((layer, row) => [layer, row]))
  return {
    ...{ shapes, bytes, types, names, models: { a: a.model, b: b.model } },
    totals: compareTotals(a.totals, b.totals),
    stored: both((side) => stored[side].bytes),
    notCounted: { a: a.unsupported, b: b.unsupported },
    labels: rows.map((row) => (row.a ? labels[rowsOfA.get(row.a)!]! : labelsOfB[rowsOfB.get(row.b!)!]!)),
    parts: rows.map((row) => partsText(row)),
    ops: rows.map((row) => row.op),
    rows: Int32Array.from(rows, (row) => (row.a ? rowsOfA.get(row.a)! : -1)),
    channels: both((side) => Float64Array.from(rows, (row) => channelsOf(row[side]) ?? Number.NaN)),
    counts: Object.fromEntries(
      comparedCounts.map((key) => [
        key,
        both((side) => Float64Array.from(rows, (row) => row[key][side] ?? Number.NaN)),
      ]),
    ) as ComparisonTable['counts'],
    weights: changes,
    differs: Uint8Array.from(differencesOf(compared), (difference) => Number(difference !== 'same')),
  }
}

/** What is in files: rows as the table has them, with what is known of their weights. */
export function comparisonOf({ profiles, rows, stored, weights }: Compared): Comparison {
  const pair = (a: number | undefined, b: number | undefined): Pair => ({
    ...{ a: a ?? null, b: b ?? null, ratio: a && b !== undefined ? b / a : null },
  })
  const layers = rows.map(({ parts: _, ...row }, i): ComparedLayer => {
    const [a, b] = sides.map((side) => storedIn(rows[i]!, side, stored[side]))
    const change = weights?.[i] ?? Number.NaN
    return {
      ...row,
      weights: {
        bytes: pair(a?.bytes, b?.bytes),
        types: { a: a?.type ?? '', b: b?.type ?? '' },
        change: Number.isFinite(change) ? change : null,
      },
    }
  })
  return { ...compareProfiles(profiles.a, profiles.b), stored: pair(stored.a.bytes, stored.b.bytes), layers }
}

/** How many parts are named. */
const mostNamed = 2

/** `+ narrow`: what stands in the layer's place, by the word behind its name. */
function partsText(row: ComparedRow): string {
  const parts = sides.flatMap((side) => row.parts[side])
  if (parts.length === 0) return ''
  if (parts.length > mostNamed) return `+ ${parts.length} layers`
  return `+ ${parts.map((part) => partWord(part, [row.a!, row.b!])).join(', ')}`
}
