import { byteLengthOf, elementCount, getOrAdd, type HalfType, isHalf, widenHalves } from '../base/index.ts'
import type { Model, Tensor } from './model.ts'

/*
 * A model of 16-bit floats as one of float32, which holds every half exactly: for what looks at images or learns, where halves would round each step.
 * Casts between the two become Casts of float32 to itself.
 */

/** Attributes that name an element type, by its number in TensorProto.DataType: float32 is 1, halves are 10 and 16. */
const typeAttributes = ['to', 'dtype', 'output_dtype']

/**
 * The model with float32 in the place of float16 and bfloat16, in weights, inputs, outputs and between: the same values, twice the bytes. Weights are widened when they are read.
 * @returns the same model where it holds no 16-bit floats
 */
export const inFloat32 = (model: Model): Model => widenedPart(model)

/** What a model is made of, plain objects, lists and maps, with all that is in it. @param key what it is called there */
function widenedPart<T>(part: T, key = ''): T {
  if (typeof part !== 'object' || part === null || key === 'preserved') return part
  if (part instanceof Map) return unlessSame(part, part, (made) => new Map(made))
  if (Array.isArray(part)) return unlessSame(part, part.entries(), (made) => made.map(([, item]) => item))
  const { data, elementType, value } = part as Partial<Tensor> & { readonly value?: unknown }
  // What has data and an element type is a tensor, and one it stays.
  if (data) return widenTensor(part as unknown as Tensor) as T
  if (elementType && isHalf(elementType)) return { ...part, elementType: 'float32' }
  if (typeAttributes.includes(key) && (value === 10 || value === 16)) return { ...part, value: 1 }
  if (Object.getPrototypeOf(part) !== Object.prototype) return part
  return unlessSame(part, Object.entries(part), Object.fromEntries)
}

function unlessSame<T>(
  part: T,
  entries: Iterable<[key: string | number, item: unknown]>,
  put: (made: [string | number, unknown][]) => unknown,
): T {
  let isSame = true
  const made = [...entries].map(([key, item]): [string | number, unknown] => {
    const other = widenedPart(item, String(key))
    isSame &&= other === item
    return [key, other]
  })
  return isSame ? part : (put(made) as T)
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
