import { type ElementType, elementCount } from '../../base/index.ts'
import type { Arithmetic, AttributeReader, Call, OperatorFacts } from '../../graph/index.ts'
import { defineOperator } from '../operator.ts'
import { required, typed } from './check.ts'
import { mapped } from './moved.ts'

export interface UnaryOptions<A>
  extends Pick<OperatorFacts<A>, 'epilogue' | 'fusion' | 'gradient' | 'range' | 'saturates'> {
  readonly attributes?: (reader: AttributeReader, opset: number) => A
  readonly forward: (x: number, attributes: A, elementType: ElementType) => number
  /** What elements it takes: floating-point numbers, where nothing else is said. */
  readonly takes?: 'floating' | 'whole' | 'numeric' | 'bool'
  /** Operations per element. */
  readonly cost: Arithmetic | ((attributes: A) => Arithmetic)
  /** Element type of the output; by default the input's. */
  readonly result?: (call: Call) => ElementType | undefined
}

export function timesElements(cost: Arithmetic, count: number): Arithmetic {
  return Object.fromEntries(Object.entries(cost).map(([k, v]) => [k, v * count]))
}

/** An operator that maps every element by itself: Y[i] = f(X[i]). */
export function unary<const N extends string, A = void, const D extends string = ''>(
  name: N,
  {
    forward,
    takes = 'floating',
    cost,
    result,
    attributes,
    domain,
    ...others
  }: UnaryOptions<A> & { readonly domain?: D },
): OperatorFacts<A, N, D> {
  return defineOperator({
    name,
    inputs: [`X: ${takes}`],
    // The default of D.
    domain: domain ?? ('' as D),
    attributes: attributes ?? (() => undefined as A),
    infer: (call) => {
      const { shape, elementType } = required(call, 0)
      return [typed(result ? result(call) : elementType, shape)]
    },
    forward: (call, [x]) =>
      x ? [mapped(x, (v) => forward(v, call.attributes, x.elementType), result?.(call) ?? x.elementType)] : [],
    cost: (call) =>
      timesElements(typeof cost === 'function' ? cost(call.attributes) : cost, elementCount(call.outputs[0]?.shape)!),
    ...others,
  })
}
