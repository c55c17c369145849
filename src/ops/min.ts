import { chosenBackward, variadic } from './shared/variadic.ts'

/** Y = the least of the inputs, broadcast (ONNX Min). dY goes to the first input that is it. */
export const min = variadic('Min', {
  forward: (values) => Math.min(...values),
  backward: (call, dy) => chosenBackward(call, dy, (x, y) => call.emit.node('Sub', [x, y])),
  cost: (n) => ({ others: n - 1 }),
})
