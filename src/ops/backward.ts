import type { BackwardCall, BackwardRule } from '../graph/index.ts'

/** Shape of an input of a node whose gradients are asked for: there, all shapes are known. */
export const shapeIn = (call: BackwardCall, index: number): readonly number[] =>
  (call.inputs[index] as { shape: readonly number[] }).shape

export const shapeOut = (call: BackwardCall, index = 0): readonly number[] =>
  (call.outputs[index] as { shape: readonly number[] }).shape

/** The gradient of an operator's only output (or of its first, where only that carries one). */
export const gradientOf = (call: BackwardCall): string => call.gradients[0] as string

/** For operators that give the elements another shape: the gradient in the input's. */
export const reshapeBackward: BackwardRule = (call) => [call.emit.reshape(gradientOf(call), shapeIn(call, 0))]
