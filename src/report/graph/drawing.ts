import { getOrAdd } from '../../base/index.ts'
import type { Layer, NamedShape, Profile } from '../../cost/index.ts'
import type { Fold } from './fold.ts'
import { foldsOf, type ShownFold, shownOf, shownWithin } from './folds.ts'

/*
 * What is drawn of a network: a box for each layer, or for each block of layers that is closed, and arrows where values go.
 */

/** A layer, several in one, or what the network is given or gives. */
export interface DrawnBox {
  /** `layer1.0`, as tables call it. */
  readonly name: string
  /** What it is: `block` where it stands for several layers. */
  readonly kind: 'input' | 'layer' | 'block' | 'output'
  /** Of the block or the layer, as `FoldOptions.opened` takes it: `layer1/0`; the name of inputs and outputs. */
  readonly path: string
  /** The opened blocks that it lies in, from the outermost, by their paths. */
  readonly inside: readonly string[]
  /** In the order in which they run; none of inputs and outputs. */
  readonly layers: readonly Layer[]
  /** Of a block that is a repetition, how many times it holds the same; else 1. */
  readonly times: number
  /** Of what comes out last, or of the input; null where it is not known. */
  readonly shape: readonly (number | null)[] | null
}

/** Values that go from one box to another. */
export interface DrawnArrow {
  /** The box that makes them, by its number. */
  readonly from: number
  /** The box that reads them. */
  readonly to: number
  /** How many elements they have together; null where a size is not known. */
  readonly elements: number | null
}

/** Boxes in an order in which no arrow goes backwards. */
export interface Drawing {
  /** Inputs, layers and blocks, outputs. */
  readonly boxes: readonly DrawnBox[]
  /** At most one between two boxes. */
  readonly arrows: readonly DrawnArrow[]
}

/** Which blocks are open. One of the three says it: the first that is given, in this order. */
export interface FoldOptions {
  /** Blocks by their paths, and no others. What lies in a closed block stays closed. */
  readonly opened?: ReadonlySet<string>
  /** How deep all are opened: 1 shows the outermost blocks, 0 every layer. */
  readonly depth?: number
  /** As deep as gives so many boxes at most. Default 120. */
  readonly most?: number
}

const defaultMost = 120

/**
 * Boxes and arrows of a network. Blocks are what names make blocks; where they make none, layers that come again and again as they are (by operator, window, shapes
 * and where they read from), else a layer with MACs with what runs behind it. Lists that stay long are cut into stretches.
 * @param profile its layers and inputs
 * @param options which blocks are open
 */
export function graphDrawing(profile: Pick<Profile, 'layers' | 'inputs'>, options: FoldOptions = {}): Drawing {
  const { layers } = profile
  const end = (kind: 'input' | 'output', { name, shape }: NamedShape): DrawnBox => ({
    ...{ name, kind, path: name, inside: [], layers: [], times: 1, shape },
  })
  const inputs = profile.inputs.map((input) => end('input', input))
  const outputs = outputsOf(layers).map((output) => end('output', output))
  const boxes = inOrder(layers, inputs, shownAt(foldsOf(layers), options), outputs)
  return { boxes, arrows: arrowsOf(boxes) }
}

function shownAt(folds: readonly Fold[], { opened, depth, most = defaultMost }: FoldOptions): ShownFold[] {
  if (opened !== undefined) return shownOf(folds, ({ path }) => opened.has(path))
  if (depth === undefined) return shownWithin(folds, most)
  return shownOf(folds, (_, own) => depth === 0 || own < depth)
}

/** The box of a block, or of a single layer. */
export function boxFor({ path, layers, times = 1, inside }: Omit<ShownFold, 'parts'>): DrawnBox {
  const shape = layers.at(-1)?.outputs[0]?.shape ?? null
  const kind = layers.length === 1 ? 'layer' : 'block'
  return { name: path.replaceAll('/', '.'), kind, path, inside, layers, times, shape }
}

/** What nobody reads comes out: of nodes of several outputs the first. */
function outputsOf(layers: readonly Layer[]): NamedShape[] {
  const read = new Set(layers.flatMap((l) => l.inputs.map((i) => i.name)))
  return layers.flatMap(({ outputs: [first, ...others] }) =>
    first && first.name !== '' && [first, ...others].every(({ name }) => !read.has(name)) ? [first] : [],
  )
}

/**
 * Boxes so that no arrow goes backwards. Where the values of blocks go round in a circle, because of a block some layers run before another one and some behind it,
 * it is cut into stretches of layers that run one after another: between those nothing goes back.
 */
function inOrder(
  layers: readonly Layer[],
  inputs: readonly DrawnBox[],
  shown: readonly ShownFold[],
  outputs: readonly DrawnBox[],
): DrawnBox[] {
  const place = new Map(layers.map((layer, i) => [layer, i]))
  let blocks = shown
  for (;;) {
    const boxes = [...inputs, ...blocks.map(boxFor), ...outputs]
    const sorted = topological(boxes)
    if (sorted.length === boxes.length) return sorted
    const done = new Set(sorted.map((box) => box.layers[0]))
    const cut = blocks.find((b) => !done.has(b.layers[0]!) && stretches(b, place).length > 1)!
    blocks = blocks.flatMap((b) => (b === cut ? stretches(b, place) : [b]))
  }
}

function stretches(fold: ShownFold, place: ReadonlyMap<Layer, number>): ShownFold[] {
  const parts: (Omit<ShownFold, 'layers'> & { layers: Layer[] })[] = []
  let last = Number.NaN
  for (const layer of fold.layers) {
    const at = place.get(layer)!
    if (at === last + 1) parts.at(-1)!.layers.push(layer)
    else parts.push({ ...fold, times: 1, layers: [layer] })
    last = at
  }
  return parts
}

/** As many as have nothing in front of them but what was placed, in their order. */
function topological(boxes: readonly DrawnBox[]): DrawnBox[] {
  const arrows = arrowsOf(boxes)
  const readers = boxes.map((): number[] => [])
  const waits = new Int32Array(boxes.length)
  for (const { from, to } of arrows) {
    readers[from]!.push(to)
    waits[to] = waits[to]! + 1
  }
  const sorted: DrawnBox[] = []
  const open = [...boxes.keys()].filter((i) => waits[i] === 0).reverse()
  for (let i = open.pop(); i !== undefined; i = open.pop()) {
    sorted.push(boxes[i]!)
    for (const to of readers[i]!.toReversed()) {
      waits[to] = waits[to]! - 1
      if (waits[to] === 0) open.push(to)
    }
  }
  return sorted
}

/** One for each pair of boxes, with all that goes from the first to the second. */
export function arrowsOf(boxes: readonly DrawnBox[]): DrawnArrow[] {
  const makers = new Map<string, number>()
  boxes.forEach((box, i) => {
    if (box.kind === 'input') makers.set(box.name, i)
    for (const layer of box.layers) for (const { name } of layer.outputs) if (name !== '') makers.set(name, i)
  })
  const values = new Map<string, { from: number; to: number; read: Map<string, NamedShape> }>()
  boxes.forEach((box, to) => {
    const reads = box.kind === 'output' ? [box] : box.layers.flatMap((l) => l.inputs)
    for (const value of reads) {
      const from = makers.get(value.name)
      if (from === undefined || from === to) continue
      getOrAdd(values, `${from} ${to}`, () => ({ from, to, read: new Map() })).read.set(value.name, value)
    }
  })
  return [...values.values()].map(({ from, to, read }) => ({ from, to, elements: elementsOf([...read.values()]) }))
}

function elementsOf(values: readonly NamedShape[]): number | null {
  const counts = values.map(({ shape }) =>
    shape?.every((d) => d !== null) ? shape.reduce((p: number, d) => p * d!, 1) : null,
  )
  return counts.every((c) => c !== null) ? counts.reduce((a: number, b) => a + b!, 0) : null
}
