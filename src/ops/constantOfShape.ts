import { askMemory, bitsPerElement, byteLengthOf, elementCount } from '../base/index.ts'
import { type Tensor, type TensorData, tensorValues } from '../graph/index.ts'
import { defineOperator } from './operator.ts'
import { contentOf, dense, typed, wrong } from './shared/check.ts'
import { shapeFromInput } from './shared/shape-input.ts'

/** Bytes of `byteLength` made of the one element again and again; nothing is kept. */
function repeated(value: Tensor | undefined, byteLength: number): TensorData {
  // float32 by default.
  const element = value ? wholeBytes(value) : new Uint8Array(4)
  return {
    byteLength,
    repeats: element,
    bytes: (offset = 0, length = byteLength - offset) => {
      askMemory(length, `A repeated value of ${length} bytes`)
      const out = new Uint8Array(length)
      if (element.every((byte) => byte === 0)) return out
      for (let i = 0; i < Math.min(length, element.length); i++) out[i] = element[(offset + i) % element.length]!
      // What is there is copied behind itself, twice as much each time.
      for (let done = element.length; done < length; done *= 2) out.copyWithin(done, 0, done)
      return out
    },
  }
}

/** The bytes of one element; of elements narrower than a byte, as many as fill one. */
function wholeBytes(value: Tensor): Uint8Array {
  const bytes = value.data.bytes()
  const bits = bitsPerElement(value.elementType)
  if (bits >= 8) return bytes.subarray(0, bits / 8)
  const element = bytes[0]! & ((1 << bits) - 1)
  let byte = 0
  for (let shift = 0; shift < 8; shift += bits) byte |= element << shift
  return Uint8Array.of(byte)
}

/** A tensor of the shape that input 0 gives, filled with one value: float32 0 by default (ONNX ConstantOfShape). */
export const constantOfShape = defineOperator({
  name: 'ConstantOfShape',
  inputs: ['input: whole [D]'],
  attributes: (a) => ({ value: a.tensor('value') }),
  infer: (call) => {
    const { value } = call.attributes
    if (value && elementCount(value.shape) !== 1)
      throw wrong(call, `the value should be one element, has shape [${value.shape}]`)
    return [typed(value?.elementType ?? 'float32', shapeFromInput(call, 0))]
  },
  forward: (call) => {
    const { value } = call.attributes
    const shape = contentOf(call, 0)
    if (!shape) return []
    const fill = value ? tensorValues(value)[0]! : 0
    return [dense(value?.elementType ?? 'float32', shape, new Float64Array(elementCount(shape)!).fill(fill))]
  },
  stored: (call) => {
    const { value } = call.attributes
    const shape = contentOf(call, 0)
    const elementType = value?.elementType ?? 'float32'
    return shape && { elementType, shape, data: repeated(value, byteLengthOf(elementType, elementCount(shape)!)) }
  },
  cost: 'none',
})
