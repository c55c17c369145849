import { elementCount, stridesOf } from '../../base/index.ts'
import type { Dense } from '../../graph/index.ts'
import { fromIndices, offsetOf } from '../shared/indices.ts'

/** One operand, or the output: the index that each of its axes is named by, axes under "..." by their place from the last. */
export type Names = readonly string[]

/** Strides of a tensor with respect to `indices`: summed over axes of the same name, 0 where an axis is 1 long and is broadcast. */
function stridesFor(indices: Names, names: Names, shape: readonly number[]): number[] {
  const own = stridesOf(shape)
  return indices.map((index) =>
    names.reduce((sum, name, axis) => sum + (name === index && shape[axis] !== 1 ? own[axis]! : 0), 0),
  )
}

/** Y[out] = Σ over the indices that are not in `output` of Π operands. */
export function contract(
  operands: readonly Dense[],
  names: readonly Names[],
  output: Names,
  sizes: ReadonlyMap<string, number>,
): Float64Array {
  const summed = [...sizes.keys()].filter((name) => !output.includes(name))
  const sizesOf = (some: Names) => some.map((name) => sizes.get(name)!)
  const outer = operands.map((x, i) => stridesFor(output, names[i]!, x.shape))
  const inner = operands.map((x, i) => {
    const strides = stridesFor(summed, names[i]!, x.shape)
    return fromIndices(sizesOf(summed), (index) => offsetOf(strides, index))
  })
  const terms = elementCount(sizesOf(summed))!
  return Float64Array.from(
    fromIndices(sizesOf(output), (index) => {
      const starts = outer.map((strides) => offsetOf(strides, index))
      let sum = 0
      for (let t = 0; t < terms; t++) {
        let term = 1
        for (let i = 0; i < operands.length; i++)
          term *= operands[i]?.data[starts[i]! + (inner[i]?.[t] as number)] as number
        sum += term
      }
      return sum
    }),
  )
}
