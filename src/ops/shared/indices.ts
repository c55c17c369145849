import { askMemory, elementCount, stridesOf } from '../../base/index.ts'

/** One entry per element of `shape`, row-major, made from its multi-index (one array, reused: do not keep it). */
export function fromIndices(
  shape: readonly number[],
  make: (index: readonly number[], flat: number) => number,
): Float64Array {
  const count = elementCount(shape)!
  askMemory(8 * count, `A table of ${count} numbers`)
  const out = new Float64Array(count)
  const index = new Array<number>(shape.length).fill(0)
  for (let flat = 0; flat < count; flat++) {
    out[flat] = make(index, flat)
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = index[axis]! + 1
      if (index[axis]! < shape[axis]!) break
      index[axis] = 0
    }
  }
  return out
}

/** Where the element at `index` lies in a row-major tensor with these strides. */
export function offsetOf(strides: readonly number[], index: readonly number[]): number {
  let at = 0
  for (let axis = 0; axis < strides.length; axis++) at += strides[axis]! * index[axis]!
  return at
}

/** Strides of a tensor seen in a shape that it broadcasts to: 0 along axes where its one element is repeated. */
export function broadcastStrides(own: readonly number[], shape: readonly number[]): number[] {
  const strides = stridesOf(own)
  return shape.map((_, axis) => {
    const a = axis - shape.length + own.length
    return a < 0 || own[a] === 1 ? 0 : strides[a]!
  })
}

/** Elements that belong together: set s has the elements at starts[s] + offsets[i] of a row-major tensor. */
export interface Sets {
  readonly starts: Float64Array
  readonly offsets: Float64Array
}

/** The sets of elements that differ in their indices along `axes` alone; one set for each index of the other axes, row-major. */
export function setsAlong(shape: readonly number[], axes: readonly number[]): Sets {
  const strides = stridesOf(shape)
  const others = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis))
  const placesOf = (some: readonly number[]) => {
    const own = some.map((axis) => strides[axis]!)
    return fromIndices(
      some.map((axis) => shape[axis]!),
      (index) => offsetOf(own, index),
    )
  }
  return { starts: placesOf(others), offsets: placesOf(axes) }
}

/** A tensor seen along one axis: element i of line (outer, inner) lies at (outer · size + i) · inner count + inner. */
export interface Lines {
  readonly outer: number
  readonly size: number
  readonly inner: number
}

export function linesAlong(shape: readonly number[], axis: number): Lines {
  return {
    outer: elementCount(shape.slice(0, axis))!,
    size: shape[axis]!,
    inner: elementCount(shape.slice(axis + 1))!,
  }
}

/** Visits every line; `at(i)` is where its element i lies. */
export function eachLine({ outer, size, inner }: Lines, visit: (at: (i: number) => number) => void): void {
  for (let o = 0; o < outer; o++) for (let n = 0; n < inner; n++) visit((i) => (o * size + i) * inner + n)
}
