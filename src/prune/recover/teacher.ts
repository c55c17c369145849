import { isConcrete, KerfError, type Turn } from '../../base/index.ts'
import { type Analysis, editGraph } from '../../graph/index.ts'
import { openSession, type RunningOptions } from '../../runtime/index.ts'
import type { PruneResult } from '../result.ts'
import type { SolvedLayer } from './layers.ts'
import { drawRows, heldIndex, isHeldOut, type Piece, pieceOf, type SplitRows, takeChannels } from './samples.ts'
import { type ImagePieces, imagesOf } from './staged-run.ts'

/*
 * What the network as it was gives on the images: at some places of every layer's output, on average for every layer's input, and its outputs.
 */

/**
 * Rows of samples that a layer with so many inputs and outputs is solved on: two for each input at least; as many as take 32 MB, and a second or so to multiply.
 * What they are too few for is noise in the weights, of every layer: on 16 rows for each input ResNet-20 was worse by points.
 */
export const rowsFor = (inputs: number, outputs: number): number =>
  Math.min(
    Math.floor(2 ** 26 / inputs),
    Math.max(4096, 2 * inputs, Math.min(Math.floor(2 ** 23 / (inputs + outputs)), Math.floor(2 ** 33 / inputs ** 2))),
  )

/** Outputs are compared at so many elements of each image at most. */
const mostElements = 4096

/** Values at rows to fit on, and to judge by. */
export interface Sampled {
  readonly rows: SplitRows
  /** [channels, rows]. */
  readonly fitted: Float32Array
  readonly held: Float32Array
}

/** An output that both networks give. */
export interface ComparedOutput {
  readonly name: string
  /** Elements of an image that are compared, in the numbers of the network as it was and of the cut one. */
  readonly before: Int32Array
  readonly after: Int32Array
  /** Of the images that are held out, one after the other. */
  readonly values: Float64Array
}

/** What is kept besides targets and outputs: places of layers' inputs, and their means. */
export interface Kept {
  readonly inputs: boolean
  readonly means: boolean
}

/** What the network as it was says. */
export interface Teacher {
  /** By the output of a layer: what is to come out behind it (`Behind.value`), the channels that are left. */
  readonly targets: ReadonlyMap<string, Sampled>
  /** By the name of a value that layers read: all its channels at some places. Empty where that is not kept, as `means`. */
  readonly inputs: ReadonlyMap<string, Sampled>
  /** The same: the mean of each channel. */
  readonly means: ReadonlyMap<string, Float64Array>
  readonly outputs: readonly ComparedOutput[]
}

/** Values of the network as it was that are looked at. */
export const watched = (layers: readonly SolvedLayer[], wanted: Kept): string[] => [
  ...new Set(layers.flatMap((l) => [l.behind.value, ...(wanted.inputs || wanted.means ? [l.before.x] : [])])),
]

/**
 * @param before the network as it was, for pieces of this size
 * @throws KerfError `not-finite`
 */
export async function askTeacher(
  before: Analysis,
  layers: readonly SolvedLayer[],
  images: ImagePieces,
  kept: PruneResult['kept'],
  wanted: Kept,
  running: RunningOptions,
  turn: Turn,
  progress: (images: number) => void,
): Promise<Teacher> {
  const targets = new Map(
    layers.map((layer): [string, Sampled] => {
      const { sum, output } = layer
      const rows = drawRows(output, images.count, sum.places, rowsFor(sum.inChannels * sum.taps, sum.outChannels))
      return [output, sampled(rows, sum.groups * sum.outChannels)]
    }),
  )
  const inputs = new Map<string, Sampled>()
  const means = new Map<string, Float64Array>()
  const readers = new Map(layers.map((l) => [l.before.x, l]))
  for (const [x, { before: old }] of wanted.inputs || wanted.means ? readers : []) {
    const channels = old.sum.groups * old.sum.inChannels
    if (wanted.inputs)
      inputs.set(
        x,
        sampled(drawRows(x, images.count, placesOf(before, x, channels), rowsFor(channels, channels)), channels),
      )
    if (wanted.means) means.set(x, new Float64Array(channels))
  }
  const outputs = comparedOutputs(before, images, kept)
  const { graph } = before.model
  const names = [...new Set([...watched(layers, wanted), ...graph.outputs.map((o) => o.name)])]
  const session = await openSession(editGraph(before.model).setOutputs(names).dropDead().model(), running)
  try {
    const name = graph.inputs.find((i) => !graph.initializers.has(i.name))!.name
    for (const { piece, first, images: some } of imagesOf(images)) {
      await turn()
      const data = images.pieces[piece]!
      const results = await session.run(
        { [name]: { elementType: 'float32', shape: images.shape, data } },
        { signal: running.signal },
      )
      const pieces = new Map(names.map((n) => [n, pieceOf(results[n]!, first, some)]))
      for (const { behind, before: old, output, outputs: channels } of layers) {
        const { rows, fitted, held } = targets.get(output)!
        takeChannels(pieces.get(behind.value)!, old.sum.y, channels, rows.fitted, fitted)
        takeChannels(pieces.get(behind.value)!, old.sum.y, channels, rows.held, held)
      }
      for (const [x, { rows, fitted, held }] of inputs) {
        const { sum } = readers.get(x)!.before
        const all = Int32Array.from({ length: sum.groups * sum.inChannels }, (_, c) => c)
        takeChannels(pieces.get(x)!, sum.x, all, rows.fitted, fitted)
        takeChannels(pieces.get(x)!, sum.x, all, rows.held, held)
      }
      for (const [x, of] of means) addMeans(pieces.get(x)!, readers.get(x)!.before.sum.x, of, images.count)
      for (const output of outputs) takeOutputs(pieces.get(output.name)!, output)
      progress(some)
    }
  } finally {
    await session.dispose()
  }
  if (!outputs.every(({ values }) => values.every(Number.isFinite)))
    throw new KerfError(
      'not-finite',
      'The network as it was gives NaN or infinite numbers for these images: there is nothing to come back to. Look at the images and at how they become the input.',
    )
  return { targets, inputs, means, outputs }
}

const sampled = (rows: SplitRows, channels: number): Sampled => ({
  rows,
  fitted: new Float32Array(channels * rows.fitted.image.length),
  held: new Float32Array(channels * rows.held.image.length),
})

/** Places of one image in a value with so many channels. */
function placesOf({ values }: Analysis, value: string, channels: number): number {
  const shape = values.get(value)!.shape as readonly number[]
  return shape.slice(1).reduce((p, d) => p * d, 1) / channels
}

function addMeans(
  { data, size, images }: Piece,
  { channel, place }: SolvedLayer['sum']['x'],
  means: Float64Array,
  count: number,
): void {
  const places = size / means.length
  for (let i = 0; i < images; i++)
    for (let c = 0; c < means.length; c++) {
      let sum = 0
      for (let p = 0, at = i * size + c * channel; p < places; p++, at += place) sum += data[at]!
      means[c] = means[c]! + sum / (places * count)
    }
}

/** Outputs that have the images on their first axis, and which of their elements are compared. */
function comparedOutputs(before: Analysis, images: ImagePieces, kept: PruneResult['kept']): ComparedOutput[] {
  const held = Array.from({ length: images.count }, (_, i) => i).filter(isHeldOut).length
  return before.model.graph.outputs.flatMap(({ name }) => {
    const shape = before.values.get(name)?.shape
    if (!isConcrete(shape) || shape[0] !== images.shape[0] || shape.some((d) => d === 0)) return []
    const axes = shape.slice(1).map((size, i) => kept(name, i + 1) ?? Int32Array.from({ length: size }, (_, k) => k))
    const count = axes.reduce((p, a) => p * a.length, 1)
    const step = Math.ceil(count / mostElements)
    const after = Int32Array.from({ length: Math.floor((count - 1) / step) + 1 }, (_, i) => i * step)
    const old = after.map((index) => {
      let [rest, at, stride] = [index, 0, 1]
      for (let axis = axes.length - 1; axis >= 0; axis--) {
        at += axes[axis]![rest % axes[axis]!.length]! * stride
        rest = Math.floor(rest / axes[axis]!.length)
        stride *= shape[axis + 1]!
      }
      return at
    })
    return [{ name, before: old, after, values: new Float64Array(held * after.length) }]
  })
}

function takeOutputs({ data, size, first, images }: Piece, { before, values }: ComparedOutput): void {
  for (let i = 0; i < images; i++)
    if (isHeldOut(first + i)) {
      const start = heldIndex(first + i) * before.length
      before.forEach((at, k) => {
        values[start + k] = data[i * size + at]!
      })
    }
}

/**
 * How far the outputs of a cut network are from those of the network as it was, on images that are held out: ‖difference‖ / ‖output‖, of several outputs the
 * root of the mean square.
 */
export function outputError(outputs: readonly ComparedOutput[], pieces: (name: string) => readonly Piece[]): number {
  let sum = 0
  for (const { name, after, values } of outputs) {
    let [difference, size] = [0, 0]
    for (const piece of pieces(name))
      for (let i = 0; i < piece.images; i++)
        if (isHeldOut(piece.first + i))
          after.forEach((at, k) => {
            const wanted = values[heldIndex(piece.first + i) * after.length + k]!
            difference += (piece.data[i * piece.size + at]! - wanted) ** 2
            size += wanted ** 2
          })
    sum += size > 0 ? difference / size : Math.sign(difference)
  }
  return Math.sqrt(sum / Math.max(1, outputs.length))
}
