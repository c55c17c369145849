import { broadcastShapes, elementCount } from '../base/index.ts'
import type { Arithmetic, Operator } from '../graph/index.ts'
import { asElement } from './as-element.ts'
import { mapBroadcast } from './binary.ts'
import { broadcasting } from './channel-rules.ts'
import { required, typed, wrong } from './check.ts'
import { defineOperator } from './operator.ts'
import { timesElements } from './unary.ts'

export interface VariadicOptions {
  readonly forward: (values: readonly number[]) => number
  /** Operations per output element, for this many inputs. */
  readonly cost: (inputs: number) => Arithmetic
}

/** An operator on one or more tensors with multidirectional broadcasting: Y = f(X1, X2, …). */
export function variadic(name: string, { forward, cost }: VariadicOptions): Operator {
  return defineOperator<void>({
    name,
    domain: '',
    attributes: () => undefined,
    infer: (call) => {
      const inputs = call.node.inputs.map((_, i) => required(call, i))
      if (inputs.length === 0) throw wrong(call, 'it has no input')
      const shapes = inputs.flatMap((x) => (x.shape ? [x.shape] : []))
      const shape = broadcastShapes(...shapes)
      if (!shape) throw wrong(call, 'the shapes cannot be broadcast together')
      return [
        typed(inputs.find((x) => x.elementType)?.elementType, shapes.length === inputs.length ? shape : undefined),
      ]
    },
    forward: (_, inputs) => {
      const given = inputs.filter((x) => x !== undefined)
      const type = given[0]?.elementType
      return type ? [mapBroadcast(given, type, (values) => asElement(type, forward(values)))] : []
    },
    cost: (call) => timesElements(cost(call.node.inputs.length), elementCount(call.outputs[0]?.shape) as number),
    parameters: 'operands',
    channels: broadcasting,
  })
}
