import { bitsPerElement, type ElementType, KerfError } from '../base/index.ts'

/** Numbers of element types in files (onnx.proto `TensorProto.DataType`). */
const dataTypes: Readonly<Record<ElementType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  complex64: 14,
  complex128: 15,
  bfloat16: 16,
  float8e4m3fn: 17,
  float8e4m3fnuz: 18,
  float8e5m2: 19,
  float8e5m2fnuz: 20,
  uint4: 21,
  int4: 22,
  float4e2m1: 23,
  float8e8m0: 24,
  uint2: 25,
  int2: 26,
}

const elementTypes = new Map(Object.entries(dataTypes).map(([name, number]) => [number, name as ElementType]))

export const dataTypeOf = (type: ElementType): number => dataTypes[type]

/**
 * @param place what the messages name: `tensor "conv1.weight"`
 * @throws KerfError `unsupported-element-type`
 */
export function elementTypeOf(dataType: number, place: string): ElementType {
  const type = elementTypes.get(dataType)
  if (type) return type
  throw new KerfError(
    'unsupported-element-type',
    `${place} has the element type number ${dataType}, which ONNX 1.20 does not define (1 to ${elementTypes.size}). ` +
      'The file is damaged or newer than Kerf: export it again, for an older version.',
    { dataType },
  )
}

/** The typed field of TensorProto in which elements lie that are not in raw_data, and how wide one of its numbers is in raw_data. */
export function typedField(type: ElementType): { readonly field: number; readonly bytes: number } {
  switch (type) {
    case 'float32':
    case 'complex64':
      return { field: 4, bytes: 4 }
    case 'float64':
    case 'complex128':
      return { field: 10, bytes: 8 }
    case 'int64':
      return { field: 7, bytes: 8 }
    case 'uint32':
      return { field: 11, bytes: 4 }
    case 'uint64':
      return { field: 11, bytes: 8 }
    default:
      // Types of fewer than 8 bits are packed into bytes first; each byte is then one number of int32_data.
      return { field: 5, bytes: Math.ceil(bitsPerElement(type) / 8) }
  }
}
