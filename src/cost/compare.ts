import { alignLayers } from './align.ts'
import type { Layer, Profile, TotalCounts, Totals } from './types.ts'

/** One number of both models. `ratio` is b ÷ a; null where it has no meaning. */
export interface Pair {
  /** Of the first model; null where it cannot be counted, or the model has no such layer. */
  readonly a: number | null
  /** Of the second, likewise. */
  readonly b: number | null
  /** b ÷ a; null where one of them is, and where a is 0. */
  readonly ratio: number | null
  /** The models in which something is not in this sum. `ratio` is then of what is counted. Absent: both sums are whole. */
  readonly partial?: readonly ('a' | 'b')[]
}

/** A layer of one model beside the one of the other that it was matched with. */
export interface ComparedLayer {
  /** That of `a`, or where there is none, that of `b`. */
  readonly name: string
  /** `Conv → AdderConv` where the models differ. */
  readonly op: string
  /** Null: the model has no such layer. */
  readonly a: Layer | null
  /** Null: the model has no such layer. */
  readonly b: Layer | null
  /** Learnable values. */
  readonly params: Pair
  /** Multiply–accumulates. */
  readonly macs: Pair
  /** Additions. */
  readonly adds: Pair
  /** Multiplications. */
  readonly muls: Pair
  /** Elements read and written. */
  readonly accesses: Pair
  /** Its weights, where somebody looked at them: profiles have none. */
  readonly weights?: ComparedWeights
}

/** What two layers store. */
export interface ComparedWeights {
  /** Bytes, as they lie in the file. */
  readonly bytes: Pair
  /** What most of them are: `float32`; empty where there are none. */
  readonly types: {
    /** In the first file. */
    readonly a: string
    /** In the second. */
    readonly b: string
  }
  /** ‖B − A‖ ÷ ‖A‖; null where they cannot be set side by side. */
  readonly change: number | null
}

/** Two profiles side by side. */
export interface Comparison {
  /** The first profile, without its layers. */
  readonly a: Omit<Profile, 'layers'>
  /** The second. */
  readonly b: Omit<Profile, 'layers'>
  /** The sums of both. */
  readonly totals: Readonly<Record<keyof TotalCounts, Pair>>
  /** Bytes of all weights as they lie in the files, where somebody looked at them. */
  readonly stored?: Pair
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
  /** One per network; null where it cannot be counted. */
  readonly values: readonly (number | null)[]
  /** Each ÷ the first; null where it has no meaning. */
  readonly ratios: readonly (number | null)[]
  /** The networks, by index, in which something is not in this sum. Ratios with them are of what is counted. */
  readonly partial: readonly number[]
}

/** Layers of several networks that were matched. */
export interface AlignedLayers {
  /** That of the first network that has it. */
  readonly name: string
  /** Its operator; of several joined by ` → `. */
  readonly op: string
  /** Per network its layer; null where it has none that fits. */
  readonly layers: readonly (Layer | null)[]
}

/** Several networks side by side. */
export interface ManyComparison {
  /** The profiles, without their layers, in the order that they were given in. */
  readonly models: readonly Omit<Profile, 'layers'>[]
  /** The sums of all. */
  readonly totals: Readonly<Record<keyof TotalCounts, Series>>
  /** In the order of the networks. */
  readonly layers: readonly AlignedLayers[]
}

/**
 * Any number of profiles side by side; layers are matched with those of the networks before.
 * @param profiles at least one; ratios are to the first
 */
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
