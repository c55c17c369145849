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
  /** Of `a`, or of `b` where only `b` has the layer. */
  readonly op: string
  /** Null: the model has no layer of this name. */
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

/** Two profiles side by side: the totals, and layer by layer, matched by name (equal names in their order). */
export function compareProfiles(a: Profile, b: Profile): Comparison {
  const { layers: layersA, ...restA } = a
  const { layers: layersB, ...restB } = b
  return {
    a: restA,
    b: restB,
    totals: compareTotals(a.totals, b.totals),
    layers: align(layersA, layersB).map(([x, y]) => compareLayers(x, y)),
  }
}

/** The sums of two networks side by side. */
export function compareTotals(a: Totals, b: Totals): Comparison['totals'] {
  const { partial: _, ...counts } = a
  const metrics = Object.keys(counts) as (keyof TotalCounts)[]
  const totals = { a, b }
  const partial = (m: keyof TotalCounts) => (['a', 'b'] as const).filter((side) => totals[side].partial.includes(m))
  return Object.fromEntries(
    metrics.map((m) => [m, { ...pair(a[m], b[m]), ...(partial(m).length > 0 ? { partial: partial(m) } : {}) }]),
  ) as Comparison['totals']
}

const pair = (a: number | null, b: number | null): Pair => ({
  a,
  b,
  ratio: a === null || b === null || a === 0 ? null : b / a,
})

const accesses = (layer: Layer): number | null =>
  layer.reads === null || layer.writes === null ? null : layer.reads + layer.writes

function compareLayers(a: Layer | null, b: Layer | null): ComparedLayer {
  const both = (pick: (layer: Layer) => number | null) => pair(a && pick(a), b && pick(b))
  const some = (a ?? b) as Layer
  return {
    name: some.name,
    op: some.op,
    a,
    b,
    params: both((l) => l.params),
    macs: both((l) => l.macs),
    adds: both((l) => l.adds),
    muls: both((l) => l.muls),
    accesses: both(accesses),
  }
}

/** Pairs of equal name; what has no partner stands after what precedes it in its own model. */
function align(a: readonly Layer[], b: readonly Layer[]): [Layer | null, Layer | null][] {
  const keysA = withOccurrence(a)
  const keysB = withOccurrence(b)
  const inB = new Map(keysB.map((key, i) => [key, b[i] as Layer]))
  const inA = new Set(keysA)
  // Layers that only b has, by the shared layer that they follow ('' for the start).
  const onlyB = new Map<string, Layer[]>()
  let last = ''
  keysB.forEach((key, i) => {
    if (inA.has(key)) last = key
    else onlyB.set(last, [...(onlyB.get(last) ?? []), b[i] as Layer])
  })
  const result: [Layer | null, Layer | null][] = (onlyB.get('') ?? []).map((l) => [null, l])
  keysA.forEach((key, i) => {
    result.push([a[i] as Layer, inB.get(key) ?? null], ...(onlyB.get(key) ?? []).map((l): [null, Layer] => [null, l]))
  })
  return result
}

function withOccurrence(layers: readonly Layer[]): string[] {
  const seen = new Map<string, number>()
  return layers.map(({ name }) => {
    const n = (seen.get(name) ?? 0) + 1
    seen.set(name, n)
    return `${n} ${name}`
  })
}
