import type { Layer, NamedShape, Profile } from 'kerf/cost'
import type { ComparedLayer } from './compare-rows.ts'

/** Two networks as one: what both have stands in it once. */
export interface Both {
  /** In an order in which nothing reads what is made behind it. Those of B as they are; those that only A has, with values that are called as in B. */
  readonly layers: readonly Layer[]
  readonly inputs: readonly NamedShape[]
  /** A layer as its own network has it. */
  origin(layer: Layer): Layer
}

/**
 * B's graph, and beside it what only A has: it reads what the matched layers make, and those read what it makes. No two layers make one value: where a folded
 * BatchNormalization left its output's name to the convolution, A's own is called otherwise.
 * @param rows layers of both, matched
 */
export function bothAsOne(rows: readonly ComparedLayer[], a: Profile, b: Profile): Both {
  const matched = new Map(rows.flatMap((row) => (row.a && row.b ? [[row.a, row.b] as const] : [])))
  const inputs = joinedInputs(a, b)
  const taken = new Set([...b.inputs, ...b.layers.flatMap((l) => [...l.inputs, ...l.outputs])].map(({ name }) => name))
  /** What A's values are called here. */
  const names = new Map(inputs.names)
  for (const [before, after] of matched)
    before.outputs.forEach(({ name }, i) => {
      // Matched layers may make more values in A than in B.
      const same = after.outputs[i]?.name
      names.set(name, same ?? fresh(name, taken))
    })
  /** Where each value is made: nothing may read it in front of that. */
  const places = new Map(b.layers.flatMap((layer, i) => layer.outputs.map(({ name }) => [name, i] as const)))
  const onlyA: { readonly layer: Layer; readonly place: number }[] = []
  const origins = new Map<Layer, Layer>()
  /** Of matched layers: what they read of layers that only A has. */
  const more = new Map<Layer, NamedShape[]>()
  const ownOfA = new Set<string>()
  for (const layer of a.layers) {
    const twin = matched.get(layer)
    if (twin) {
      const at = places.get(twin.outputs[0]?.name ?? '') ?? -1
      const read = layer.inputs.filter(({ name }) => ownOfA.has(name))
      // Layers may run in another order in B: a line back would be a circle.
      const forward = read.map((value) => renamed(value, names)).filter(({ name }) => places.get(name)! < at)
      if (forward.length > 0) more.set(twin, forward)
      continue
    }
    const own = layer.inputs.map((value) => renamed(value, names))
    const place = own.reduce(
      (last, { name, constant }) => (constant ? last : Math.max(last, places.get(name) ?? -1)),
      -1,
    )
    const outputs = layer.outputs.map((value) => {
      if (value.name === '') return value
      const name = fresh(value.name, taken)
      names.set(value.name, name)
      places.set(name, place)
      ownOfA.add(value.name)
      return { ...value, name }
    })
    const moved = { ...layer, inputs: own, outputs }
    origins.set(moved, layer)
    onlyA.push({ layer: moved, place })
  }
  const behind = new Map<number, Layer[]>()
  for (const { layer, place } of onlyA) behind.set(place, [...(behind.get(place) ?? []), layer])
  const layers = [
    ...(behind.get(-1) ?? []),
    ...b.layers.flatMap((layer, i) => {
      const also = more.get(layer)
      const shown = also ? { ...layer, inputs: [...layer.inputs, ...also] } : layer
      if (also) origins.set(shown, layer)
      return [shown, ...(behind.get(i) ?? [])]
    }),
  ]
  return { layers, inputs: inputs.all, origin: (layer) => origins.get(layer) ?? layer }
}

/** Inputs of one name are one; of those that are left, the first of A is the first of B. */
function joinedInputs(a: Profile, b: Profile): { readonly all: NamedShape[]; readonly names: [string, string][] } {
  const [inA, inB] = [a, b].map(({ inputs }) => new Set(inputs.map(({ name }) => name))) as [Set<string>, Set<string>]
  const [freeA, freeB] = [a.inputs.filter(({ name }) => !inB.has(name)), b.inputs.filter(({ name }) => !inA.has(name))]
  return {
    all: [...b.inputs, ...freeA.slice(freeB.length)],
    names: freeA.flatMap(({ name }, i): [string, string][] => (freeB[i] ? [[name, freeB[i].name]] : [])),
  }
}

const renamed = (value: NamedShape, names: ReadonlyMap<string, string>): NamedShape => ({
  ...value,
  name: names.get(value.name) ?? value.name,
})

/** A name that no value has; from then on this one has it. */
function fresh(name: string, taken: Set<string>): string {
  let free = name
  for (let n = 1; taken.has(free); n++) free = n === 1 ? `${name} (A)` : `${name} (A, ${n})`
  taken.add(free)
  return free
}
