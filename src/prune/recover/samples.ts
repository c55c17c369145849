import { seededRandom, seedFrom } from '../../base/index.ts'
import type { ChannelStrides, WeightedSum } from '../../graph/index.ts'
import { type HostTensor, hostValues } from '../../runtime/index.ts'
import { perImage } from './staged-run.ts'

/*
 * Which places of which images layers are solved on. The same places are looked at in both networks. Every fourth image is held out: it decides what is
 * kept, and nothing is fitted to it.
 */

/** Places of images. */
export interface Rows {
  readonly image: Int32Array
  readonly place: Int32Array
}

export const isHeldOut = (image: number): boolean => image % 4 === 3

/** Which of those that are held out it is. */
export const heldIndex = (image: number): number => Math.floor(image / 4)

/** Rows to fit on, and rows to judge by. */
export interface SplitRows {
  readonly fitted: Rows
  readonly held: Rows
}

/**
 * About so many rows to fit on, spread evenly over images and places, and a third of that to judge by.
 * @param seed a text: rows of one are the same everywhere
 */
export function drawRows(seed: string, images: number, places: number, wanted: number): SplitRows {
  const each = Math.max(1, Math.min(places, Math.ceil(wanted / Math.max(1, Math.floor(0.75 * images)))))
  const random = seededRandom(seedFrom(0, seed))
  const draw = (isWanted: (image: number) => boolean): Rows => {
    const chosen = Array.from({ length: images }, (_, i) => i).filter(isWanted)
    const image = new Int32Array(chosen.length * each)
    const place = new Int32Array(image.length)
    chosen.forEach((i, n) => {
      for (let k = 0; k < each; k++) {
        image[n * each + k] = i
        place[n * each + k] = Math.floor(((k + random.uniform()) * places) / each)
      }
    })
    return { image, place }
  }
  return { fitted: draw((i) => !isHeldOut(i)), held: draw(isHeldOut) }
}

/** A value of some images: numbers, and which image is the first. */
export interface Piece {
  readonly data: ArrayLike<number>
  /** Elements of one image. */
  readonly size: number
  readonly first: number
  readonly images: number
}

export const pieceOf = (tensor: HostTensor, first: number, images: number): Piece => ({
  data: tensor.elementType === 'float32' ? (tensor.data as Float32Array) : hostValues(tensor),
  size: perImage(tensor),
  first,
  images,
})

/** A value of all images, piece by piece. */
export const piecesOf = (tensors: readonly HostTensor[], count: number): Piece[] => {
  const [{ shape } = { shape: [1] }] = tensors
  const size = shape[0]!
  return tensors.map((tensor, i) => pieceOf(tensor, i * size, Math.min(size, count - i * size)))
}

/** Calls `visit` with every row that lies in a piece, and where its image begins there. */
function forRows({ image }: Rows, piece: Piece, visit: (row: number, start: number) => void): void {
  for (let r = 0; r < image.length; r++) {
    const at = image[r]! - piece.first
    if (at >= 0 && at < piece.images) visit(r, at * piece.size)
  }
}

/** Writes channels of a value at rows into `out` [channels, rows]: of the rows that lie in the piece. */
export function takeChannels(
  piece: Piece,
  strides: ChannelStrides,
  channels: ArrayLike<number>,
  rows: Rows,
  out: Float32Array,
): void {
  const { data } = piece
  const count = rows.image.length
  forRows(rows, piece, (r, start) => {
    const at = start + rows.place[r]! * strides.place
    for (let c = 0; c < channels.length; c++) out[c * count + r] = data[at + channels[c]! * strides.channel]!
  })
}

/** Where the element of an input d and a row lies in a matrix of samples. */
export interface MatrixStrides {
  readonly input: number
  readonly row: number
}

/**
 * What one group of a layer reads at rows: inputs d = c·taps + t.
 * @param sources those of the layer
 */
export function takePatches(
  pieces: readonly Piece[],
  { x, inChannels, taps }: WeightedSum,
  sources: Int32Array,
  group: number,
  rows: Rows,
  { input, row }: MatrixStrides,
): Float32Array {
  const out = new Float32Array(rows.image.length * inChannels * taps)
  for (const piece of pieces) {
    const { data } = piece
    forRows(rows, piece, (r, start) => {
      const places = rows.place[r]! * taps
      for (let t = 0; t < taps; t++) {
        const source = sources[places + t]!
        if (source < 0) continue
        let from = start + source * x.place + group * inChannels * x.channel
        let to = r * row + t * input
        for (let c = 0; c < inChannels; c++, from += x.channel, to += taps * input) out[to] = data[from]!
      }
    })
  }
  return out
}
