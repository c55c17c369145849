import type { Dense } from '../../graph/index.ts'
import { dense } from '../shared/check.ts'
import { linesAlong } from '../shared/indices.ts'

/** Row-major comparison of two slices. */
function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((v, i) => v !== b[i])
  return at < 0 ? 0 : a[at]! - b[at]!
}

/**
 * The different slices of x along `axis` (elements of x as a vector: undefined), in ascending order or in that of their first occurrence;
 * where each occurs first, which one each slice of x is, how often each occurs.
 */
export function uniqueSlices(x: Dense, axis: number | undefined, sorted: boolean): Dense[] {
  const vector = axis === undefined
  const { outer, size, inner } = vector ? { outer: 1, size: x.data.length, inner: 1 } : linesAlong(x.shape, axis)
  const slices = Array.from({ length: size }, (_, i) =>
    Array.from({ length: outer * inner }, (_, k) => {
      const o = Math.floor(k / inner)
      return x.data[(o * size + i) * inner + (k % inner)]!
    }),
  )
  const groups = new Map<string, number[]>()
  slices.forEach((slice, i) => {
    const key = slice.join()
    const places = groups.get(key)
    if (places) places.push(i)
    else groups.set(key, [i])
  })
  const found = [...groups.values()]
  if (sorted) found.sort(([a], [b]) => compare(slices[a!]!, slices[b!]!))
  const inverse = new Float64Array(size)
  found.forEach((places, group) => {
    for (const i of places) inverse[i] = group
  })
  const data = new Float64Array(outer * found.length * inner)
  found.forEach(([first], group) => {
    slices[first!]?.forEach((v, k) => {
      data[(Math.floor(k / inner) * found.length + group) * inner + (k % inner)] = v
    })
  })
  const ints = (values: ArrayLike<number>) => dense('int64', [values.length], values)
  return [
    dense(x.elementType, vector ? [found.length] : x.shape.with(axis, found.length), data),
    ints(found.map(([first]) => first!)),
    ints(inverse),
    ints(found.map((places) => places.length)),
  ]
}
