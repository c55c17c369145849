import type { TrainingOf } from './operator.ts'
import { chosenBackward, variadic, variadicBackward } from './shared/variadic.ts'

/** Y = the least of the inputs, broadcast (ONNX Min). dY goes to the first input that is it. */
export const min = variadic('Min', {
  forward: (values) => Math.min(...values),
  cost: (n) => ({ others: n - 1 }),
})

export const minTraining: TrainingOf<typeof min> = {
  backward: (call) => variadicBackward(call, (dy) => chosenBackward(call, dy, (x, y) => call.emit.node('Sub', [x, y]))),
}
