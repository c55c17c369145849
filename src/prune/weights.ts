import { byteLengthOf, elementCount, stridesOf, wordSize, wordsOf } from '../base/index.ts'
import { computed, type GroupedAxis, inMemory, keepIndices, type Tensor } from '../graph/index.ts'
import type { Survivors } from './survivors.ts'

/**
 * A weight of grouped convolution after the cut: within each block of rows another set of columns survives, equally many.
 * Lazy, like `keepIndices`.
 */
export function keepGrouped(
  tensor: Tensor,
  spec: GroupedAxis,
  rows: Int32Array | undefined,
  survivors: Survivors,
): Tensor {
  const rowCount = tensor.shape[spec.rows]!
  const blockRows = rowCount / spec.groups
  const blockSize = spec.labels.length / spec.groups
  const columns = Array.from({ length: spec.groups }, (_, q) => {
    const kept: number[] = []
    for (let j = 0; j < blockSize; j++) if (!survivors.isRemoved(spec.labels[q * blockSize + j]!)) kept.push(j)
    return Int32Array.from(kept)
  })
  const keptRows = rows ?? Int32Array.from({ length: rowCount }, (_, i) => i)
  const shape = tensor.shape.map((d, axis) =>
    axis === spec.rows ? keptRows.length : axis === spec.axis ? (columns[0] as Int32Array).length : d,
  )
  const size = byteLengthOf(tensor.elementType, elementCount(shape)!)
  const make = () => {
    const whole: Tensor = { ...tensor, data: inMemory(tensor.data.bytes()) }
    const out = new Uint8Array(size)
    let at = 0
    for (const row of keptRows) {
      const piece = keepIndices(
        whole,
        new Map<number, ArrayLike<number>>([
          [spec.rows, [row]],
          [spec.axis, columns[Math.floor(row / blockRows)] as Int32Array],
        ]),
      ).data.bytes()
      out.set(piece, at)
      at += piece.byteLength
    }
    return out
  }
  return { elementType: tensor.elementType, shape, docString: tensor.docString, data: computed(size, make) }
}

/** A tensor with zeros wherever an index of `zeros` is met on its axis, and in the grouped columns that are removed. Lazy. */
export function withZeros(
  tensor: Tensor,
  zeros: ReadonlyMap<number, ReadonlySet<number>>,
  grouped?: { readonly spec: GroupedAxis; readonly survivors: Survivors },
): Tensor {
  const make = () => {
    // A copy. (Not `slice`, which of a Node Buffer is none.)
    const bytes = new Uint8Array(tensor.data.bytes())
    const size = byteLengthOf(tensor.elementType, 1)
    const words = wordsOf(bytes, wordSize(size))
    const each = size / words.BYTES_PER_ELEMENT
    const clear = (from: number, count: number) => {
      // A loop, because most runs are short.
      for (let i = from * each; i < (from + count) * each; i++) words[i] = 0
    }
    const strides = stridesOf(tensor.shape)
    for (const [axis, indices] of zeros) {
      const inner = strides[axis]!
      const outer = inner * tensor.shape[axis]!
      for (let start = 0; start < words.length / each; start += outer)
        for (const i of indices) clear(start + i * inner, inner)
    }
    if (grouped) clearGrouped(tensor, grouped.spec, grouped.survivors, clear)
    return bytes
  }
  return { ...tensor, preserved: undefined, data: computed(tensor.data.byteLength, make) }
}

/** Clears, in each block of rows, the columns whose channels are removed. `rows` is the first axis, `axis` the second. */
function clearGrouped(
  tensor: Tensor,
  { groups, labels }: GroupedAxis,
  survivors: Survivors,
  clear: (from: number, count: number) => void,
): void {
  const [rows, columns] = tensor.shape as [number, number]
  const inner = elementCount(tensor.shape)! / (rows * columns)
  for (let row = 0; row < rows; row++) {
    const block = Math.floor((row * groups) / rows)
    for (let column = 0; column < columns; column++)
      if (survivors.isRemoved(labels[block * columns + column]!)) clear((row * columns + column) * inner, inner)
  }
}
