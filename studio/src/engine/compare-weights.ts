import { KerfError, type Layer, type Model, type Profile } from 'kerf'
import { analyse, bindInputs, operatorFacts, simplified, type Tensor } from 'kerf/graph'
import { type ComparedRow, layersOf, type Side, type Sides } from './compare-rows.ts'
import { tensorPieces } from './tensor-pieces.ts'

/** What the layers of a network store. */
export interface StoredWeights {
  /** Of all layers, each tensor once: in the first layer that reads it. */
  readonly bytes: number
  /** Bytes that are stored for a layer. */
  bytesOf(layer: Layer): number
  /** What most of its bytes are: `float32`; '' of a layer without weights. */
  typeOf(layer: Layer): string
  /** In the order in which it reads them. */
  tensorsOf(layer: Layer): readonly Tensor[]
}

/** Shapes, axes and texts are no weights. */
const isWeight = ({ elementType }: Tensor): boolean => !/^(u?int64|bool|string)$/.test(elementType)

/** What the layers of a profile store, codes and their scales where the graph calculates weights from them. Nothing is read. */
export function storedWeights(model: Model, { layers, inputs }: Profile): StoredWeights {
  const binding = bindInputs(model.graph, new Map(inputs.map(({ name, shape }) => [name, shape as readonly number[]])))
  const { stored, producers } = analyse(simplified(model, operatorFacts, binding), operatorFacts, binding)
  const behind = (layer: Layer): ReadonlyMap<string, Tensor> => {
    const found = new Map<string, Tensor>()
    const walk = (name: string) => {
      const tensor = stored.get(name)
      if (tensor && isWeight(tensor)) found.set(name, tensor)
      else if (!tensor) for (const input of producers.get(name)?.inputs ?? []) walk(input)
    }
    for (const { name, constant } of layer.inputs) if (constant) walk(name)
    return found
  }
  const tensors = new Map(layers.map((layer) => [layer, behind(layer)]))
  const counted = new Set<string>()
  const bytes = new Map(
    layers.map((layer) => {
      let sum = 0
      for (const [name, { data }] of tensors.get(layer)!) {
        if (!counted.has(name)) sum += data.byteLength
        counted.add(name)
      }
      return [layer, sum]
    }),
  )
  return {
    bytes: [...bytes.values()].reduce((sum, own) => sum + own, 0),
    bytesOf: (layer) => bytes.get(layer) ?? 0,
    typeOf: (layer) =>
      [...(tensors.get(layer)?.values() ?? [])].reduce<Tensor | undefined>(
        (largest, tensor) => (largest && largest.data.byteLength >= tensor.data.byteLength ? largest : tensor),
        undefined,
      )?.elementType ?? '',
    tensorsOf: (layer) => [...(tensors.get(layer)?.values() ?? [])],
  }
}

/** The page's other questions have their turn so often, in milliseconds. */
const longestTurn = 30

/**
 * How far the weights of each row are from each other: ‖B − A‖ ÷ ‖A‖ of all that the layer stores. NaN where they cannot be set side by side: other shapes, none, or one
 * layer in place of another; ∞ where A's are all 0.
 * @param wanted false: nobody waits for it any more
 * @returns undefined where that was so
 */
export async function weightChanges(
  rows: readonly ComparedRow[],
  stored: Sides<StoredWeights>,
  wanted: () => boolean,
): Promise<Float64Array | undefined> {
  const changes = new Float64Array(rows.length).fill(Number.NaN)
  let since = performance.now()
  for (const [i, { a, b, parts }] of rows.entries()) {
    if (!a || !b || parts.a.length + parts.b.length > 0) continue
    const [before, after] = [stored.a.tensorsOf(a), stored.b.tensorsOf(b)]
    if (before.length === 0 || String(before.map(formOf)) !== String(after.map(formOf))) continue
    const sums = { away: 0, own: 0 }
    try {
      for (const [t, tensor] of before.entries())
        for (const step of distance(tensor, after[t]!)) {
          sums.away += step.away
          sums.own += step.own
          if (performance.now() - since < longestTurn) continue
          await new Promise((resolve) => setTimeout(resolve))
          if (!wanted()) return undefined
          since = performance.now()
        }
    } catch (error) {
      // External data that were not given: nothing can be said of them.
      if (!(error instanceof KerfError)) throw error
      continue
    }
    changes[i] = sums.away === 0 ? 0 : Math.sqrt(sums.away / sums.own)
  }
  return wanted() ? changes : undefined
}

/** Codes are not set beside floats. */
const formOf = ({ elementType, shape }: Tensor): string => `${elementType.replace(/^b?float.*/, 'float')}[${shape}]`

/** ‖B − A‖² and ‖A‖², piece by piece. */
function* distance(a: Tensor, b: Tensor): Generator<{ readonly away: number; readonly own: number }> {
  // A layer that nobody touched has the data of before.
  if (a.data === b.data) return
  const others = tensorPieces(b)
  for (const values of tensorPieces(a)) {
    const beside = others.next().value!
    let [away, own] = [0, 0]
    for (let i = 0; i < values.length; i++) {
      const v = values[i]!
      const off = beside[i]! - v
      away += off * off
      own += v * v
    }
    yield { away, own }
  }
}

/** What a row stores in one network. */
export function storedIn(
  row: ComparedRow,
  side: Side,
  stored: StoredWeights,
): { readonly bytes: number; readonly type: string } | undefined {
  const layers = layersOf(row, side)
  if (layers.length === 0) return undefined
  const bytes = layers.reduce((sum, layer) => sum + stored.bytesOf(layer), 0)
  return {
    bytes,
    // A layer in codes reads scales, too: they are few. What another layer stores is none of its own.
    type:
      bytes === 0
        ? ''
        : stored.typeOf(layers.reduce((most, layer) => (stored.bytesOf(layer) > stored.bytesOf(most) ? layer : most))),
  }
}
