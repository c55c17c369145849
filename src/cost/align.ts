import type { Layer } from './types.ts'

/*
 * Which layers of two networks are each other's: those of equal name, equal names in their order. Layers whose names the other network does not
 * have are matched by what they are – kind, window, size of the output –, in order, if at least half of them fit on either side (a longest common subsequence):
 * the same network from another exporter, or with other names.
 */

/** Pairs in the order of `a`; what has no partner in `a` stands after what precedes it in `b`. */
export function alignLayers(a: readonly Layer[], b: readonly Layer[]): [Layer | null, Layer | null][] {
  const partner = byName(a, b)
  const taken = new Set(partner.values())
  const freeA = a.flatMap((_, i) => (partner.has(i) ? [] : [i]))
  const freeB = b.flatMap((_, i) => (taken.has(i) ? [] : [i]))
  const alike = commonSubsequence(
    freeA.map((i) => structureOf(a[i]!)),
    freeB.map((i) => structureOf(b[i]!)),
  )
  if (2 * alike.length >= Math.max(freeA.length, freeB.length))
    for (const [i, j] of alike) partner.set(freeA[i]!, freeB[j]!)
  return merged(a, b, partner)
}

function merged(
  a: readonly Layer[],
  b: readonly Layer[],
  partner: ReadonlyMap<number, number>,
): [Layer | null, Layer | null][] {
  const indexInA = new Map([...partner].map(([i, j]) => [j, i]))
  /** Layers that only b has, by the index in a of the shared layer before them; -1 for the start. */
  const onlyB = new Map<number, Layer[]>()
  let last = -1
  b.forEach((layer, j) => {
    const i = indexInA.get(j)
    if (i !== undefined) last = i
    else onlyB.set(last, [...(onlyB.get(last) ?? []), layer])
  })
  const alone = (i: number) => (onlyB.get(i) ?? []).map((layer): [null, Layer] => [null, layer])
  return [
    ...alone(-1),
    ...a.flatMap((layer, i): [Layer | null, Layer | null][] => {
      const j = partner.get(i)
      return [[layer, j === undefined ? null : b[j]!], ...alone(i)]
    }),
  ]
}

function byName(a: readonly Layer[], b: readonly Layer[]): Map<number, number> {
  const inB = new Map(withOccurrence(b).map((key, j) => [key, j]))
  return new Map(
    withOccurrence(a).flatMap((key, i) => {
      const j = inB.get(key)
      return j === undefined ? [] : [[i, j] as const]
    }),
  )
}

function withOccurrence(layers: readonly Layer[]): string[] {
  const seen = new Map<string, number>()
  return layers.map(({ name }) => {
    const n = (seen.get(name) ?? 0) + 1
    seen.set(name, n)
    return `${n} ${name}`
  })
}

/** What a layer is whatever its name and its channels are. Convolutions of any arithmetic are alike. */
function structureOf({ op, kind, window, outputs }: Layer): string {
  const [shape] = outputs.map((o) => o.shape)
  return JSON.stringify([kind ?? op, window, shape?.length, shape?.slice(2)])
}

/** Indices of a longest common subsequence. */
function commonSubsequence(a: readonly string[], b: readonly string[]): [number, number][] {
  const width = b.length + 1
  const lengths = new Uint32Array((a.length + 1) * width)
  const at = (i: number, j: number) => lengths[i * width + j]!
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      lengths[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
  const pairs: [number, number][] = []
  for (let i = 0, j = 0; i < a.length && j < b.length; )
    if (a[i] === b[j]) pairs.push([i++, j++])
    else if (at(i + 1, j) >= at(i, j + 1)) i++
    else j++
  return pairs
}
