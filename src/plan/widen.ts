import { byteLengthOf, elementCount, getOrAdd, type HalfType, isHalf, widenHalves } from '../base/index.ts'
import type { Inference, InferredCall, Known, Node, Operator, Tensor } from '../graph/index.ts'

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

/** A stored tensor of halves as one of float32 whose bytes are made as they are read, piece by piece where the source allows. */
export function widenTensor(tensor: Tensor): Tensor {
  const { elementType } = tensor
  return isHalf(elementType) ? getOrAdd(widened, tensor, () => widen(tensor, elementType)) : tensor
}

/** One for each, so that plans of one model know that their weights are the same. */
const widened = new WeakMap<Tensor, Tensor>()

function widen(tensor: Tensor, elementType: HalfType): Tensor {
  const { shape, data } = tensor
  const count = elementCount(shape)!
  return {
    ...tensor,
    elementType: 'float32',
    data: {
      byteLength: byteLengthOf('float32', count),
      streamed: data.streamed,
      bytes(offset = 0, length = 4 * count - offset, into) {
        const halves = data.bytes(offset / 2, length / 2)
        // A copy where they start at an odd byte.
        const { buffer, byteOffset } = halves.byteOffset % 2 === 0 ? halves : new Uint8Array(halves)
        const room = into && into.byteLength >= length ? into : new ArrayBuffer(length)
        const floats = new Float32Array(room, 0, length / 4)
        widenHalves(elementType, new Uint16Array(buffer, byteOffset, length / 4), floats)
        return new Uint8Array(room, 0, length)
      },
    },
  }
}
