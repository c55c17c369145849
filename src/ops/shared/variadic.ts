import { broadcastShapes, elementCount } from '../../base/index.ts'
import type { Arithmetic, BackwardCall, OperatorFacts } from '../../graph/index.ts'
import { defineOperator } from '../operator.ts'
import { asElement } from './as-element.ts'
import { algebra, gradientOf, shapeIn, shapeOut } from './backward.ts'
import { mapBroadcast } from './binary.ts'
import { commonType, required, typed, wrong } from './check.ts'
import { timesElements } from './unary.ts'

export interface VariadicOptions {
  readonly forward: (values: readonly number[]) => number
  /** What elements it takes: floating-point numbers, where nothing else is said. */
  readonly takes?: 'floating' | 'numeric'
  /** Operations per output element, for this many inputs. */
  readonly cost: (inputs: number) => Arithmetic
  readonly epilogue?: OperatorFacts['epilogue']
  readonly range?: OperatorFacts['range']
}

/**
 * The gradient of a choice goes to the first input that was chosen: what one does not take is left for those behind it, and the last takes the
 * rest.
 * @param missed positive where an input was not chosen, otherwise 0
 */
export function chosenBackward(
  call: BackwardCall,
  dy: string,
  missed: (input: string, output: string) => string,
): string[] {
  const { positive } = algebra(call.emit)
  const [output] = call.node.outputs as [string]
  let rest = dy
  return call.node.inputs.map((input, i, all) => {
    if (i === all.length - 1) return rest
    const miss = missed(input, output)
    const taken = positive(miss, 0, rest)
    rest = positive(miss, rest, 0)
    return taken
  })
}

/** @param rule gradient of every input that is asked for, of the output's shape; they are summed where an input was broadcast */
export const variadicBackward = (call: BackwardCall, rule: (dy: string) => readonly string[]): (string | undefined)[] =>
  rule(gradientOf(call)).map((gradient, i) =>
    call.needs(i) ? call.emit.unbroadcast(gradient, shapeOut(call), shapeIn(call, i)) : undefined,
  )

/** An operator on one or more tensors with multidirectional broadcasting: Y = f(X1, X2, …). */
export function variadic<const N extends string>(
  name: N,
  { forward, takes = 'floating', cost, epilogue, range }: VariadicOptions,
): OperatorFacts<unknown, N, ''> {
  return defineOperator({
    name,
    inputs: [`inputs…: ${takes}`],
    infer: (call) => {
      const inputs = call.node.inputs.map((_, i) => required(call, i))
      if (inputs.length === 0) throw wrong(call, 'it has no input')
      const shapes = inputs.flatMap((x) => (x.shape ? [x.shape] : []))
      const shape = broadcastShapes(...shapes)
      if (!shape) throw wrong(call, 'the shapes cannot be broadcast together')
      return [
        typed(commonType(call, [...call.node.inputs.keys()]), shapes.length === inputs.length ? shape : undefined),
      ]
    },
    forward: (_, inputs) => {
      const given = inputs.filter((x) => x !== undefined)
      const type = given[0]?.elementType
      return type ? [mapBroadcast(given, type, (values) => asElement(type, forward(values)))] : []
    },
    cost: (call) => timesElements(cost(call.node.inputs.length), elementCount(call.outputs[0]?.shape)!),
    epilogue,
    range,
    parameters: 'operands',
  })
}
