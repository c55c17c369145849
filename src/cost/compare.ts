import { alignLayers } from './align.ts'
import type { Layer, Profile, TotalCounts, Totals } from './types.ts'

/** One number of both models. `ratio` is b ÷ a; null where it has no meaning. */
export interface Pair {
  readonly a: number | null
  readonly b: number | null
  readonly ratio: number | null
  /** The models in which something is not in this sum. `ratio` is then of what is counted. Absent: both sums are whole. */
  readonly partial?: readonly ('a' | 'b')[]
}

export interface ComparedLayer {
  readonly name: string
  /** `Conv → AdderConv` where the models differ. */
  readonly op: string
  /** Null: the model has no such layer. */
  readonly a: Layer | null
  readonly b: Layer | null
  readonly params: Pair
  readonly macs: Pair
  readonly adds: Pair
  readonly muls: Pair
  readonly accesses: Pair
}

export interface Comparison {
  readonly a: Omit<Profile, 'layers'>
  readonly b: Omit<Profile, 'layers'>
  readonly totals: Readonly<Record<keyof TotalCounts, Pair>>
  /** In the order of `a`; layers that only `b` has stand where `b` has them. */
  readonly layers: readonly ComparedLayer[]
}

/** Two profiles side by side: the totals, and layer by layer, matched by name, else by what they are. */
export function compareProfiles(a: Profile, b: Profile): Comparison {
  const { layers: layersA, ...restA } = a
  const { layers: layersB, ...restB } = b
  return {
    a: restA,
    b: restB,
    totals: compareTotals(a.totals, b.totals),
    layers: alignLayers(layersA, layersB).map(([x, y]) => compareLayers(x, y)),
  }
}

/** The sums of two networks side by side. */
export function compareTotals(a: Totals, b: Totals): Comparison['totals'] {
  const totals = { a, b }
  const partial = (m: keyof TotalCounts) => (['a', 'b'] as const).filter((side) => totals[side].partial.includes(m))
  return Object.fromEntries(
    metrics.map((m) => [m, { ...pair(a[m], b[m]), ...(partial(m).length > 0 ? { partial: partial(m) } : {}) }]),
  ) as Comparison['totals']
}

const metrics = [
  'params',
  'nonZeroParams',
  'macs',
  'adds',
  'muls',
  'others',
  'reads',
  'writes',
  'accesses',
  'bytes',
] as const satisfies readonly (keyof TotalCounts)[]

const pair = (a: number | null, b: number | null): Pair => ({
  a,
  b,
  ratio: a === null || b === null || a === 0 ? null : b / a,
})

const accesses = (layer: Layer): number | null =>
  layer.reads === null || layer.writes === null ? null : layer.reads + layer.writes

function compareLayers(a: Layer | null, b: Layer | null): ComparedLayer {
  const both = (pick: (layer: Layer) => number | null) => pair(a && pick(a), b && pick(b))
  const some = (a ?? b)!
  return {
    name: some.name,
    op: operatorsOf([a, b].filter((l) => l !== null)),
    a,
    b,
    params: both((l) => l.params),
    macs: both((l) => l.macs),
    adds: both((l) => l.adds),
    muls: both((l) => l.muls),
    accesses: both(accesses),
  }
}

/** One number of several networks. */
export interface Series {
  readonly values: readonly (number | null)[]
  /** Each ÷ the first; null where it has no meaning. */
  readonly ratios: readonly (number | null)[]
  /** The networks, by index, in which something is not in this sum. Ratios with them are of what is counted. */
  readonly partial: readonly number[]
}

/** Several networks side by side. */
export interface ManyComparison {
  readonly models: readonly Omit<Profile, 'layers'>[]
  readonly totals: Readonly<Record<keyof TotalCounts, Series>>
  /** Per network its layer; null where it has none that fits. */
  readonly layers: readonly { readonly name: string; readonly op: string; readonly layers: readonly (Layer | null)[] }[]
}

/** Any number of profiles side by side; layers are matched with those of the networks before. */
export function compareMany(profiles: readonly Profile[]): ManyComparison {
  const [first, ...others] = profiles
  let rows: (Layer | null)[][] = (first?.layers ?? []).map((layer) => [layer])
  others.forEach(({ layers }, n) => {
    const known = new Map(rows.map((row) => [row.find((l) => l !== null)!, row]))
    rows = alignLayers([...known.keys()], layers).map(([before, layer]) => [
      ...((before && known.get(before)) ?? new Array<null>(n + 1).fill(null)),
      layer,
    ])
  })
  const series = (key: keyof TotalCounts): Series => {
    const values = profiles.map((p) => p.totals[key])
    const base = values[0] ?? null
    return {
      values,
      ratios: values.map((v) => pair(base, v).ratio),
      partial: profiles.flatMap((p, i) => (p.totals.partial.includes(key) ? [i] : [])),
    }
  }
  return {
    models: profiles.map(({ layers: _, ...rest }) => rest),
    totals: Object.fromEntries(metrics.map((m) => [m, series(m)])) as ManyComparison['totals'],
    layers: rows.map((row) => {
      const there = row.filter((l) => l !== null)
      return { name: there[0]!.name, op: operatorsOf(there), layers: row }
    }),
  }
}

/** `Conv`, or `Conv → AdderConv` where the networks differ. */
function operatorsOf(layers: readonly Layer[]): string {
  const different = layers.map((l) => l.op).filter((op, i, all) => op !== all[i - 1])
  return different.length === 1 ? different[0]! : different.map((op) => op.split('.').at(-1)).join(' → ')
}
