import { broadcastShapes, elementCount } from '../base/index.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { type Alignment, alignedBackward, alignedDense, alignedShape } from './shared/alignment.ts'
import { algebra, gradientOf, shapeIn, shapeOut } from './shared/backward.ts'
import { mapBroadcast } from './shared/binary.ts'
import { required, typed, wrong } from './shared/check.ts'

/**
 * Y = X for X ≥ 0, else slope·X (ONNX PRelu, opset 1, 6, 7, 9, 16). The slope broadcasts to X: [C, 1, 1] for one per channel, before opset 7 [C].
 * dX = dY for X > 0, else slope·dY; dslope = Σ dY·X over X < 0.
 * Cost per element: one comparison, one multiplication.
 */
export const pRelu = defineOperator({
  name: 'PRelu',
  inputs: ['X: numeric', 'slope: =X'],
  attributes: (_, opset): Alignment => ({ secondAt: opset < 7 ? 1 : undefined }),
  infer: (call) => {
    const x = required(call, 0)
    const slope = alignedShape(call, 1)
    if (x.shape && slope) {
      const shape = broadcastShapes(x.shape, slope)
      if (
        shape?.length !== x.shape.length ||
        shape.some((d, i) => typeof d === 'number' && typeof x.shape?.[i] === 'number' && d !== x.shape[i])
      )
        throw wrong(call, 'the slope cannot be broadcast to the input', 'A slope per channel has shape [C,1,1].')
    }
    return [typed(x.elementType, x.shape)]
  },
  cost: (call) => {
    const n = elementCount(call.outputs[0]?.shape)!
    return { muls: n, others: n }
  },
  parameters: [1],
  fusion: 'follower',
})

export const pReluReference: ReferenceOf<typeof pRelu> = {
  forward: (call, [x, slope]) =>
    x && slope
      ? [mapBroadcast([x, alignedDense(call, 1, slope)], x.elementType, ([v, s]) => (v! < 0 ? s! * v! : v!))]
      : [],
}

export const pReluTraining: TrainingOf<typeof pRelu> = {
  backward: (given) => {
    const { call, back } = alignedBackward(given)
    const { emit } = call
    const { mul, positive } = algebra(emit)
    const [x, slope] = call.node.inputs as [string, string]
    const dy = gradientOf(call)
    const toSlope = () => back(emit.unbroadcast(positive(x, 0, mul(dy, x)), shapeOut(call), shapeIn(call, 1)), 1)
    return [call.needs(0) ? positive(x, dy, mul(dy, slope)) : undefined, call.needs(1) ? toSlope() : undefined]
  },
}
