import { stridesOf } from '../../base/index.ts'
import type { GroupedAxis } from '../../graph/index.ts'
import type { Numbers } from './criterion.ts'

/** Where the channels of a tensor lie: along an axis; or, in each block of its rows, along an axis that means others there. */
export type ChannelAxis = number | GroupedAxis

/**
 * All elements of each channel of a tensor, in the tensor's order.
 * @returns views into the tensor where its first axis is the channels', else into a copy
 */
export function rowsOf(data: ArrayLike<number>, shape: readonly number[], axis: ChannelAxis): Numbers[] {
  const { count, inner, place } = placesOf(shape, axis)
  const values = data instanceof Float32Array || data instanceof Float64Array ? data : Float64Array.from(data)
  const size = values.length / count
  if (inner === size) return Array.from({ length: count }, (_, c) => values.subarray(c * size, (c + 1) * size))
  const copy = values instanceof Float32Array ? new Float32Array(values.length) : new Float64Array(values.length)
  const filled = new Int32Array(count)
  for (let start = 0, run = 0; start < values.length; start += inner, run++) {
    const channel = place(run)
    const to = channel * size + filled[channel]!
    // Most runs are windows of some numbers, or one: too short for views.
    for (let k = 0; k < inner; k++) copy[to + k] = values[start + k]!
    filled[channel] = filled[channel]! + inner
  }
  return Array.from({ length: count }, (_, c) => copy.subarray(c * size, (c + 1) * size))
}

/** How many channels there are, how many elements of one lie behind each other, and whose the n-th such run is. */
function placesOf(shape: readonly number[], axis: ChannelAxis) {
  if (typeof axis === 'number') {
    const count = shape[axis]!
    const inner = shape.slice(axis + 1).reduce((p, d) => p * d, 1)
    return { count, inner, place: (run: number) => run % count }
  }
  const strides = stridesOf(shape)
  const index = (i: number, of: number) => Math.floor(i / strides[of]!) % shape[of]!
  const inner = Math.min(strides[axis.rows]!, strides[axis.axis]!)
  const count = axis.labels.length
  const [blockSize, blockRows] = [count / axis.groups, shape[axis.rows]! / axis.groups]
  return {
    count,
    inner,
    place: (run: number) =>
      Math.floor(index(run * inner, axis.rows) / blockRows) * blockSize + index(run * inner, axis.axis),
  }
}

/** Sets all elements of a channel to 0. */
export function clearRow(data: Numbers, shape: readonly number[], axis: ChannelAxis, channel: number): void {
  const { inner, place } = placesOf(shape, axis)
  for (let start = 0, run = 0; start < data.length; start += inner, run++)
    if (place(run) === channel) data.fill(0, start, start + inner)
}
