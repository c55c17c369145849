import { largest } from './largest.ts'

/**
 * A dimension: a size, or the name of a symbol that stands for one (`"batch"`). Unnamed unknown sizes are fresh symbols `?1`, `?2` …
 * in inferred shapes, and the empty string in files (a dimension that is there but says nothing).
 */
export type Dim = number | string
/** Dimensions in order; [] is that of a single number. */
export type Shape = readonly Dim[]

/** No tensor has more axes (NumPy's limit). */
export const mostAxes = 64

let unknowns = 0
/** A symbol that equals nothing but itself: the size of a dimension that depends on data. */
export const unknownDim = (): string => `?${++unknowns}`

/** Whether every dimension of `shape` is a number. */
export const isConcrete = (shape: Shape | undefined): shape is readonly number[] =>
  shape?.every((d) => typeof d === 'number') ?? false

/** Number of elements of a `shape`; `undefined` when a dimension is unknown. The empty shape is a scalar: 1. */
export function elementCount(shape: Shape | undefined): number | undefined {
  if (!shape) return undefined
  let n = 1
  for (const d of shape) {
    if (typeof d !== 'number') return undefined
    n *= d
  }
  return n
}

/** Row-major strides in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length)
  let s = 1
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = s
    s *= shape[i]!
  }
  return strides
}

/** `-1` counts from the end, as everywhere in ONNX. Returns `undefined` when out of range. */
export function normalizeAxis(axis: number, rank: number): number | undefined {
  const a = axis < 0 ? axis + rank : axis
  return Number.isInteger(a) && a >= 0 && a < rank ? a : undefined
}

/**
 * Multidirectional (NumPy) broadcasting, aligned at the last axis. A symbol against 1 stays the symbol, against a number greater
 * than 1 becomes the number, against another symbol becomes unknown. Returns `undefined` when two sizes cannot be broadcast.
 */
export function broadcastShapes(...shapes: Shape[]): Dim[] | undefined {
  const rank = largest(
    shapes.map((s) => s.length),
    0,
  )
  const out: Dim[] = []
  for (let i = 0; i < rank; i++) {
    let dim: Dim = 1
    for (const s of shapes) {
      const d = s[i - rank + s.length]
      if (d === undefined || d === 1 || d === dim) continue
      if (dim === 1) dim = d
      else if (typeof d === 'number' && typeof dim === 'number') return undefined
      else if (typeof dim === 'string') dim = typeof d === 'number' ? d : unknownDim()
    }
    out.push(dim)
  }
  return out
}
