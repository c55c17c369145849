import type { BackwardRule } from '../../graph/index.ts'
import { mapAxisBack } from '../resample/emit.ts'
import { gradientOf, shapeIn } from '../shared/backward.ts'
import { type GatherAttributes, gatherAxis, indicesOf } from './indices.ts'

/** Every element gets the sum over the places it was taken to; indices that only data tells are summed at by ScatterND, along the first axis. */
export const gatherBackward: BackwardRule<GatherAttributes> = (call) => {
  const { emit } = call
  const [shape, places] = [shapeIn(call, 0), shapeIn(call, 1)]
  const axis = gatherAxis(call)
  const size = shape[axis]!
  const dy = gradientOf(call)
  const indices = indicesOf(call, size)
  if (indices) {
    const flat = places.length === 1 ? dy : emit.reshape(dy, shape.with(axis, indices.length))
    return [
      mapAxisBack(
        call,
        flat,
        axis,
        size,
        indices.map((index) => [{ index, weight: 1 }]),
      ),
    ]
  }
  const first = (rank: number, from: number, count: number) => {
    const axes = Array.from({ length: rank }, (_, a) => a)
    return [...axes.splice(from, count), ...axes]
  }
  const forwards = first(shape.length + places.length - 1, axis, places.length)
  const back = first(shape.length, axis, 1)
  const moved = (value: string, perm: readonly number[]) =>
    perm.every((p, i) => p === i) ? value : emit.node('Transpose', [value], { perm })
  const at = emit.reshape(call.node.inputs[1]!, [...places, 1])
  const sums = emit.node('ScatterND', [emit.zeros(back.map((a) => shape[a]!)), at, moved(dy, forwards)], {
    reduction: 'add',
  })
  return [
    moved(
      sums,
      back.map((_, a) => back.indexOf(a)),
    ),
  ]
}
