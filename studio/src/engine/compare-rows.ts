import type { Comparison, Layer, Profile } from 'kerf'
import { compareProfiles, type Pair } from 'kerf/cost'

/** A pair: of the first network (A), and of the second (B). */
export interface Sides<T> {
  readonly a: T
  readonly b: T
}

/** One of both networks. */
export type Side = keyof Sides<unknown>

export const sides = ['a', 'b'] as const satisfies readonly Side[]

/** A layer of both networks, or of one. */
export type ComparedLayer = Comparison['layers'][number]

/** A layer of both, with what else stands in its place in one of them. Counts are those of all. */
export interface ComparedRow extends ComparedLayer {
  /** What a swap put in front of the layer that kept the name, in the order in which it runs. */
  readonly parts: Sides<readonly Layer[]>
}

/** What became of a layer. */
export type Difference = 'same' | 'weights' | 'changed' | 'added' | 'removed'

/** The name of a layer; of a fused one that of its first node. */
export const ownName = ({ name, members }: Layer): string => members?.[0] ?? name

/** All that is in a row of one network. */
export const layersOf = ({ parts, ...row }: ComparedRow, side: Side): readonly Layer[] => [
  ...parts[side],
  ...(row[side] ? [row[side]] : []),
]

/**
 * Layers are matched by name, else by what they are. What a swap makes of one layer is compared with that one: the last of the new layers keeps the name, or at least
 * makes the value of that name, and the others have the name with a word behind (`conv1_narrow`).
 */
export function comparedRows(a: Profile, b: Profile): ComparedRow[] {
  const layers = joinedByValue(compareProfiles(a, b).layers)
  const found = { a: partsIn(layers, 'a'), b: partsIn(layers, 'b') }
  const taken = new Set(sides.flatMap((side) => [...found[side].values()].flat()))
  return layers.flatMap((row) => {
    if (taken.has((row.a ?? row.b)!)) return []
    const parts = { a: found.a.get(row) ?? [], b: found.b.get(row) ?? [] }
    if (parts.a.length + parts.b.length === 0) return [{ ...row, parts }]
    return [summed({ ...row, parts })]
  })
}

/** Counts of all layers of a row. */
function summed(row: ComparedRow): ComparedRow {
  const sum = (of: (layer: Layer) => number | null): Pair => {
    const [before, after] = sides.map((side) => sumOf(layersOf(row, side), of)) as [number | null, number | null]
    return { a: before, b: after, ratio: before === null || after === null || before === 0 ? null : after / before }
  }
  return {
    ...{ ...row, op: operatorsOf(row), macs: sum((l) => l.macs), params: sum((l) => l.params) },
    ...{ adds: sum((l) => l.adds), muls: sum((l) => l.muls), accesses: sum(accessesOf) },
  }
}

/** Of a bottleneck no layer has the name of the convolution that it stands for, and the last one makes its value. */
function joinedByValue(rows: readonly ComparedLayer[]): readonly ComparedLayer[] {
  const valueMadeBy = (layer: Layer | null) => layer?.outputs[0]?.name ?? ''
  const alone = (side: Side, other: Side) =>
    new Map(rows.flatMap((row) => (row[side] && !row[other] ? [[valueMadeBy(row[side]), row] as const] : [])))
  const [onlyA, onlyB] = [alone('a', 'b'), alone('b', 'a')]
  const pairs = [...onlyA].flatMap(([value, first]) => {
    const second = onlyB.get(value)
    if (value === '' || !second) return []
    const [a, b] = [first.a!, second.b!]
    const isSwap = (from: Layer, to: Layer) => (from.macs ?? 0) > 0 && partWord(to, [from]) !== undefined
    return isSwap(a, b) || isSwap(b, a) ? [{ first, second, a, b }] : []
  })
  if (pairs.length === 0) return rows
  const joined = new Map(
    pairs.map(({ first, a, b }): [ComparedLayer, ComparedLayer] => {
      const { parts: _, ...row } = summed({ ...first, a, b, parts: { a: [], b: [] } })
      return [first, row]
    }),
  )
  const gone = new Set(pairs.map(({ second }) => second))
  return rows.flatMap((row) => (gone.has(row) ? [] : [joined.get(row) ?? row]))
}

/** Of rows that both have: the layers of one network that only it has, and that lead to this one under its name. */
function partsIn(rows: readonly ComparedLayer[], side: Side): ReadonlyMap<ComparedLayer, readonly Layer[]> {
  const own = rows.flatMap((row) => row[side] ?? [])
  const places = new Map(own.map((layer, i) => [layer, i]))
  const makers = new Map(own.flatMap((layer) => layer.outputs.map((value) => [value.name, layer] as const)))
  const alone = new Set(rows.flatMap((row) => (row.a && row.b ? [] : (row[side] ?? []))))
  const found = new Map<ComparedLayer, readonly Layer[]>()
  for (const row of rows) {
    // Swaps are of layers that multiply.
    if (!row.a || !row.b || !(row.a.macs || row.b.macs)) continue
    const names = [row.a, row.b]
    const parts: Layer[] = []
    const open = [row[side]!]
    for (let layer = open.pop(); layer; layer = open.pop())
      for (const { name } of layer.inputs) {
        const maker = makers.get(name)
        if (!maker || !alone.has(maker) || partWord(maker, names) === undefined) continue
        alone.delete(maker)
        parts.push(maker)
        open.push(maker)
      }
    // What only codes or rounds the layer's input stands in nobody's place.
    if (parts.some(({ macs }) => macs !== 0))
      found.set(
        row,
        parts.sort((x, y) => places.get(x)! - places.get(y)!),
      )
    else for (const part of parts) alone.add(part)
  }
  return found
}

/**
 * `narrow` of `conv1_narrow`, where one of the layers is `conv1`; undefined of other names. Exporters number nodes (`Conv_1`): those are no parts of the first.
 */
export function partWord(part: Layer, layers: readonly Layer[]): string | undefined {
  const name = ownName(part)
  for (const layer of layers) {
    const own = ownName(layer)
    if (name.startsWith(own) && /^[_.][a-z]/i.test(name.slice(own.length))) return name.slice(own.length + 1)
  }
  return undefined
}

/** `Conv → 2 × Conv`, `Conv → 7 layers`. */
function operatorsOf(row: ComparedRow): string {
  const [before, after] = sides.map((side) => {
    const [first = '', ...others] = layersOf(row, side).map(({ op }) => op.split('.').at(-1)!)
    if (others.length === 0) return first
    return others.every((op) => op === first) ? `${others.length + 1} × ${first}` : `${others.length + 1} layers`
  })
  return before === after ? before! : `${before} → ${after}`
}

/** Null where one of them is not known. */
const sumOf = (layers: readonly Layer[], of: (layer: Layer) => number | null): number | null =>
  layers.reduce<number | null>((sum, layer) => {
    const own = of(layer)
    return sum === null || own === null ? null : sum + own
  }, 0)

const accessesOf = ({ reads, writes }: Layer): number | null =>
  reads === null || writes === null ? null : reads + writes

/** Layers differ where anything does that is counted, or the shape of what comes out. */
export function differenceOf({ a, b, ...counts }: ComparedLayer): Exclude<Difference, 'weights'> {
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
