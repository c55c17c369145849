import { elementCount } from '../base/index.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { gradientOf } from './shared/backward.ts'
import { contentOf, required, typed, wrong } from './shared/check.ts'
import { fromIndices } from './shared/indices.ts'
import { arithmetic } from './shared/numbers.ts'
import { shapeFromInput } from './shared/shape-input.ts'

interface AffineGridAttributes {
  readonly alignCorners: boolean
}

/**
 * Homogeneous coordinates of an element of the output, those of the last spatial axis first. The only element of an axis of length 1 lies in
 * the middle, as in PyTorch.
 */
function placeOf(index: readonly number[], space: readonly number[], { alignCorners }: AffineGridAttributes): number[] {
  const coordinate = (i: number, length: number) =>
    alignCorners && length > 1 ? (2 * i) / (length - 1) - 1 : (2 * i + 1) / length - 1
  return [...space.map((length, axis) => coordinate(index[axis]!, length)).reverse(), 1]
}

/**
 * Where the places of an output lie in an input that is moved by theta (ONNX AffineGrid). theta [N, d, d + 1], size (N, C, space…) at
 * input 1; grid [N, space…, d]. Counted: d multiplications and d additions per element of the grid.
 */
export const affineGrid = defineOperator({
  name: 'AffineGrid',
  inputs: ['theta: floating [N, _, _]', 'size: whole [D]'],
  attributes: (a): AffineGridAttributes => ({ alignCorners: a.flag('align_corners') }),
  infer: (call) => {
    const theta = required(call, 0)
    const size = shapeFromInput(call, 1)
    if (size && size.length !== 4 && size.length !== 5)
      throw wrong(call, `the size [${size}] should have 4 or 5 entries`)
    return [typed(theta.elementType, size && [size[0]!, ...size.slice(2), size.length - 2])]
  },
  cost: (call) => {
    const grid = call.outputs[0]?.shape as readonly number[]
    const count = elementCount(grid)! * grid.at(-1)!
    return { adds: count, muls: count }
  },
})

export const affineGridReference: ReferenceOf<typeof affineGrid> = {
  forward: (call, [theta]) => {
    const size = contentOf(call, 1)
    if (!theta || !size) return []
    const space = size.slice(2)
    const rank = space.length
    const shape = [size[0]!, ...space, rank]
    const data = fromIndices(shape, (index) => {
      const place = placeOf(index.slice(1, -1), space, call.attributes)
      const row = (index[0]! * rank + index[rank + 1]!) * (rank + 1)
      return place.reduce((sum, v, i) => sum + v * theta.data[row + i]!, 0)
    })
    return [arithmetic(theta.elementType, { shape, data })]
  },
}

export const affineGridTraining: TrainingOf<typeof affineGrid> = {
  // dθ[n] = dYᵀ · P, with P [places, d + 1] the coordinates.
  backward: (call) => {
    const { emit } = call
    const size = contentOf(call, 1)!
    const space = size.slice(2)
    const places = elementCount(space)!
    const coordinates = fromIndices(
      [...space, space.length + 1],
      (index) => placeOf(index.slice(0, -1), space, call.attributes)[index.at(-1)!]!,
    )
    const dy = emit.reshape(gradientOf(call), [size[0]!, places, space.length])
    const turned = emit.node('Transpose', [dy], { perm: [0, 2, 1] })
    return [emit.node('MatMul', [turned, emit.floats(Array.from(coordinates), [places, space.length + 1])])]
  },
}
