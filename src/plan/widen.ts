import { isHalf } from '../base/index.ts'
import type { Inference, InferredCall, Known, Node, Operator } from '../graph/index.ts'

/*
 * 16-bit floats as float32: a plan knows no halves. Weights are widened when they are read, inputs when they are given, outputs are rounded when
 * they are handed over, and what lies between is calculated in float32, which holds every half exactly. A Cast between the two is nothing then.
 */

/** What was inferred of a graph, with float32 in the place of float16 and bfloat16. */
export function withoutHalves({ values, calls, constants }: Inference): Inference {
  return {
    values: new Map([...values].map(([name, known]) => [name, widenKnown(known)])),
    calls: new Map([...calls].map(([node, call]): [Node, Call] => [node, widenCall(call)])),
    constants,
  }
}

type Call = { readonly operator: Operator; readonly call: InferredCall }

const widenCall = ({ operator, call }: Call): Call => ({
  operator,
  call: {
    ...call,
    inputs: call.inputs.map((k) => k && widenKnown(k)),
    outputs: call.outputs.map((k) => k && widenKnown(k)),
  },
})

/** Its content, if it has any, is still computed when asked for. */
function widenKnown(known: Known): Known {
  if (!isHalf(known.elementType)) return known
  return {
    elementType: 'float32',
    shape: known.shape,
    get value() {
      const { value } = known
      return value && { ...value, elementType: 'float32' as const }
    },
  }
}
