import { broadcastShapes, elementCount } from '../base/index.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { algebra, gradientOf, shapeIn, shapeOut, type Term } from './shared/backward.ts'
import { mapBroadcast } from './shared/binary.ts'
import { required, typed, wrong } from './shared/check.ts'

/** Y = X where the condition holds, else Z, all three broadcast (ONNX Where). Counted as data movement. */
export const where = defineOperator({
  name: 'Where',
  inputs: ['condition: bool', 'X', 'Y: =X'],
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

/**
 * Y = A where S > 0, else B, all three broadcast: what gradients of functions with a kink are made of, in numbers alone. Inputs S, A, B. In
 * training graphs only. Cost per element: one comparison.
 */
export const wherePositive = defineOperator({
  name: 'WherePositive',
  domain: 'ai.kerf',
  inputs: ['S: floating', 'A: floating', 'B: floating'],
  infer: (call) => {
    const [s, a, b] = [0, 1, 2].map((i) => required(call, i).shape)
    const shape = s && a && b && broadcastShapes(s, a, b)
    if (s && a && b && !shape) throw wrong(call, 'the shapes cannot be broadcast together')
    return [typed(required(call, 0).elementType, shape || undefined)]
  },
  cost: (call) => ({ others: elementCount(call.outputs[0]?.shape)! }),
})

export const wherePositiveReference: ReferenceOf<typeof wherePositive> = {
  forward: (_, [s, a, b]) =>
    s && a && b ? [mapBroadcast([s, a, b], s.elementType, ([v, x, y]) => (v! > 0 ? x : y)!)] : [],
}

export const wherePositiveTraining: TrainingOf<typeof wherePositive> = {
  // Each gets dY where it was chosen.
  backward: (call) => {
    const { emit } = call
    const [s] = call.node.inputs as [string]
    const { positive } = algebra(emit)
    const chosen = (input: number, a: Term, b: Term) =>
      call.needs(input) ? emit.unbroadcast(positive(s, a, b), shapeOut(call), shapeIn(call, input)) : undefined
    return [undefined, chosen(1, gradientOf(call), 0), chosen(2, 0, gradientOf(call))]
  },
}
