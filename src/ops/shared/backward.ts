import { type ElementType, elementTypes } from '../../base/index.ts'
import {
  type AttributeValue,
  type BackwardCall,
  type BackwardRule,
  float,
  type GradientEmitter,
  type OperatorFacts,
} from '../../graph/index.ts'
import type { TrainingOf, TrainingsOf } from '../operator.ts'

/*
 * What backward rules share. They read like the formulas in the comments above them.
 */

/** Shape of an input of a node whose gradients are asked for: there, all shapes are known. */
export const shapeIn = (call: BackwardCall, index: number): readonly number[] =>
  (call.inputs[index] as { shape: readonly number[] }).shape

export const shapeOut = (call: BackwardCall, index = 0): readonly number[] =>
  (call.outputs[index] as { shape: readonly number[] }).shape

/** The gradient of an operator's only output (or of its first, where only that carries one). */
export const gradientOf = (call: BackwardCall): string => call.gradients[0]!

/** For operators that give the elements another shape: the gradient in the input's. */
export const reshapeBackward: BackwardRule = (call) => [call.emit.reshape(gradientOf(call), shapeIn(call, 0))]

/** For casts between floating-point types (from and to others nothing passes): the gradient in the input's type. */
export const castBackward: BackwardRule = (call) => {
  // `elementTypes` is in the order of ONNX's enumeration, which starts at 1.
  const to = elementTypes.indexOf(call.inputs[0]?.elementType as ElementType) + 1
  return [call.emit.node('Cast', [gradientOf(call)], { to })]
}

/** A value, by its name, or a number. */
export type Term = string | number

/** Arithmetic on terms, broadcast; each call is one node. */
export interface Algebra {
  add(a: Term, b: Term): string
  sub(a: Term, b: Term): string
  mul(a: Term, b: Term): string
  div(a: Term, b: Term): string
  /** a where the switch is greater than 0, b elsewhere. */
  positive(switching: Term, a: Term, b: Term): string
  /** A function of one value, by its operator's name. */
  of(opType: string, x: string, attributes?: Readonly<Record<string, AttributeValue>>): string
}

export function algebra(emit: GradientEmitter): Algebra {
  const named = (term: Term) => (typeof term === 'number' ? emit.floats([term]) : term)
  const node =
    (opType: string, domain = '') =>
    (...terms: Term[]) =>
      emit.node(opType, terms.map(named), {}, domain)
  return {
    add: node('Add'),
    sub: node('Sub'),
    mul: node('Mul'),
    div: node('Div'),
    positive: node('WherePositive', 'ai.kerf'),
    of: (opType, x, attributes) => emit.node(opType, [x], attributes),
  }
}

/** dY where min < value < max, 0 elsewhere. */
export function passInside(call: BackwardCall, dy: string, value: string, min?: number, max?: number): string {
  const bounds = {
    ...(min !== undefined && { min: float(min) }),
    ...(max !== undefined && { max: float(max) }),
  }
  return call.emit.node('ClipGradient', [dy, value], bounds, 'ai.kerf')
}

/** What the derivative of a function of one input may need. */
export interface Derivative<A> extends Algebra {
  /** `passInside` */
  readonly inside: (dy: string, value: string, min?: number, max?: number) => string
  readonly dy: string
  readonly x: string
  readonly y: string
  readonly attributes: A
}

/** The gradients of a function of input 0 alone: dX from dY, X and Y. */
export const derivative = <A>(call: BackwardCall<A>, rule: (given: Derivative<A>) => string): string[] => [
  rule({
    ...algebra(call.emit),
    inside: (dy, value, min, max) => passInside(call, dy, value, min, max),
    dy: gradientOf(call),
    x: call.node.inputs[0]!,
    y: call.node.outputs[0]!,
    attributes: call.attributes,
  }),
]

/** The training of a family of functions of one input, from their derivatives. */
export function derivatives<T extends Readonly<Record<string, OperatorFacts>>>(
  rules: {
    readonly [K in keyof T]?: (given: Derivative<ReturnType<T[K]['attributes']>>) => string
  },
): TrainingsOf<T> {
  const made: { -readonly [K in keyof T]?: TrainingOf<T[K]> } = {}
  for (const name of Object.keys(rules) as (keyof T)[]) {
    const rule = rules[name]
    if (rule) made[name] = { backward: (call) => derivative(call, rule) }
  }
  return made
}
