import { type ElementType, elementCount } from '../../base/index.ts'
import type { Arithmetic, AttributeReader, Call, Fusion, OperatorFacts } from '../../graph/index.ts'
import { defineOperator } from '../operator.ts'
import { dense, required, typed } from './check.ts'

export interface UnaryOptions<A> {
  readonly attributes?: (reader: AttributeReader, opset: number) => A
  readonly forward?: (x: number, attributes: A) => number
  readonly gradient?: 'zero'
  /** Operations per element. */
  readonly cost: Arithmetic | 'none' | ((attributes: A) => Arithmetic)
  readonly fusion?: Fusion
  readonly epilogue?: OperatorFacts<A>['epilogue']
  readonly range?: OperatorFacts<A>['range']
  readonly saturates?: boolean
  /** Element type of the output; by default the input's. */
  readonly result?: (call: Call) => ElementType | undefined
}

export function timesElements(cost: Arithmetic, count: number): Arithmetic {
  return Object.fromEntries(Object.entries(cost).map(([k, v]) => [k, v * count]))
}

/** An operator that maps every element by itself: Y[i] = f(X[i]). */
export function unary<const N extends string, A = void, const D extends string = ''>(
  name: N,
  options: UnaryOptions<A> & { readonly domain?: D },
): OperatorFacts<A, N, D> {
  const { forward, cost } = options
  return defineOperator({
    name,
    // The default of D.
    domain: options.domain ?? ('' as D),
    attributes: options.attributes ?? (() => undefined as A),
    infer: (call) => {
      const x = required(call, 0)
      return [typed(options.result ? options.result(call) : x.elementType, x.shape)]
    },
    forward: forward
      ? (call, [x]) => {
          if (!x) return []
          const type = options.result?.(call) ?? x.elementType
          const data = Array.from(x.data, (v) => forward(v, call.attributes))
          return [dense(type, x.shape, data)]
        }
      : undefined,
    gradient: options.gradient,
    cost:
      cost === 'none'
        ? 'none'
        : (call) =>
            timesElements(
              typeof cost === 'function' ? cost(call.attributes) : cost,
              elementCount(call.outputs[0]?.shape)!,
            ),
    fusion: options.fusion,
    epilogue: options.epilogue,
    range: options.range,
    saturates: options.saturates,
  })
}
