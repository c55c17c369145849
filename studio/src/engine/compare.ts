import { type Comparison, compareProfiles, type Layer, type Model, type Profile, profileModel } from 'kerf'
import { graphInputs } from 'kerf/graph'
import { shapeText } from 'kerf/report'
import type { RecountOptions } from './types.ts'

/** What layers are compared by. */
export const comparedCounts = ['macs', 'params', 'accesses'] as const

/** One of `comparedCounts`. */
export type ComparedCount = (typeof comparedCounts)[number]

/** A pair of columns: the open network's (A), and the other's (B). */
export interface Sides<T> {
  readonly a: T
  readonly b: T
}

/** Two networks side by side, layers by columns. */
export interface ComparisonTable {
  readonly models: Sides<string>
  readonly totals: Comparison['totals']
  readonly notCounted: Sides<Profile['unsupported']>
  /** Of A, or where it has no such layer, of B. */
  readonly names: readonly string[]
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
  /** 1 where anything differs, the shape too. */
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

/** Layers are matched by name, else by what they are. */
export function comparisonTable(a: Profile, b: Profile): ComparisonTable {
  const { layers, totals } = compareProfiles(a, b)
  const rows = new Map(a.layers.map((layer, row) => [layer, row]))
  const sides = <T>(of: (side: 'a' | 'b') => T): Sides<T> => ({ a: of('a'), b: of('b') })
  const shapes = sides((side) => layers.map((l) => (l[side] ? shapeText(l[side].outputs[0]?.shape ?? null) : '')))
  return {
    ...{ totals, shapes, models: { a: a.model, b: b.model }, notCounted: { a: a.unsupported, b: b.unsupported } },
    names: layers.map((l) => l.name),
    ops: layers.map((l) => l.op),
    rows: Int32Array.from(layers, (l) => (l.a ? rows.get(l.a)! : -1)),
    channels: sides((side) => Float64Array.from(layers, (l) => channelsOf(l[side]) ?? Number.NaN)),
    counts: Object.fromEntries(
      comparedCounts.map((key) => [key, sides((side) => Float64Array.from(layers, (l) => l[key][side] ?? Number.NaN))]),
    ) as ComparisonTable['counts'],
    differs: Uint8Array.from(layers, (layer) => Number(differenceOf(layer) !== 'same')),
  }
}

/** A layer of both networks, or of one. */
export type ComparedLayer = Comparison['layers'][number]

/** What became of a layer. */
export type Difference = 'same' | 'changed' | 'added' | 'removed'

/** Layers differ where anything does that is counted, or the shape of what comes out. */
export function differenceOf({ a, b, ...counts }: ComparedLayer): Difference {
  if (!a) return 'added'
  if (!b) return 'removed'
  const isSame =
    a.op === b.op &&
    String(a.outputs[0]?.shape) === String(b.outputs[0]?.shape) &&
    [counts.macs, counts.params, counts.adds, counts.muls, counts.accesses].every((pair) => pair.a === pair.b)
  return isSame ? 'same' : 'changed'
}

/** Channels of a layer's first output: the second axis, of three axes the last; undefined where there are none. */
export function channelsOf(layer: Layer | null): number | undefined {
  const shape = layer?.outputs[0]?.shape
  return (shape && (shape.length === 3 ? shape[2] : shape[1])) ?? undefined
}
