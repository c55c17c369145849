import { broadcastShapes } from '../base/index.ts'
import { defineOperator, type TrainingOf } from './operator.ts'
import { gradientOf, shapeIn, shapeOut } from './shared/backward.ts'
import { mapBroadcast } from './shared/binary.ts'
import { required, typed, wrong } from './shared/check.ts'

/** Y = X where the condition holds, else Z, all three broadcast (ONNX Where). Counted as data movement. */
export const where = defineOperator({
  name: 'Where',
  inputs: ['condition', 'X', 'Y'],
  infer: (call) => {
    const [condition, x, y] = [required(call, 0), required(call, 1), required(call, 2)]
    if (!condition.shape || !x.shape || !y.shape) return [typed(x.elementType ?? y.elementType, undefined)]
    const shape = broadcastShapes(condition.shape, x.shape, y.shape)
    if (!shape) throw wrong(call, 'the shapes cannot be broadcast together')
    return [typed(x.elementType ?? y.elementType, shape)]
  },
  forward: (_, [condition, x, y]) =>
    condition && x && y ? [mapBroadcast([condition, x, y], x.elementType, ([c, a, b]) => (c ? a : b)!)] : [],
  cost: 'none',
  parameters: 'operands',
})

export const whereTraining: TrainingOf<typeof where> = {
  // Each gets dY where it was chosen.
  backward: (call) => {
    const { emit } = call
    const [condition] = call.node.inputs as [string]
    const [dy, zero] = [gradientOf(call), emit.floats([0])]
    const chosen = (input: number, a: string, b: string) =>
      call.needs(input)
        ? emit.unbroadcast(emit.node('Where', [condition, a, b]), shapeOut(call), shapeIn(call, input))
        : undefined
    return [undefined, chosen(1, dy, zero), chosen(2, zero, dy)]
  },
}
