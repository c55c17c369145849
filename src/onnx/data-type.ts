import { TensorProto_DataType as DataType } from 'onnx-buf'
import { bitsPerElement, type ElementType, KerfError } from '../base/index.ts'

/** Numbers of element types in files (onnx.proto `TensorProto.DataType`). */
const dataTypes: Readonly<Record<ElementType, DataType>> = {
  float32: DataType.FLOAT,
  uint8: DataType.UINT8,
  int8: DataType.INT8,
  uint16: DataType.UINT16,
  int16: DataType.INT16,
  int32: DataType.INT32,
  int64: DataType.INT64,
  string: DataType.STRING,
  bool: DataType.BOOL,
  float16: DataType.FLOAT16,
  float64: DataType.DOUBLE,
  uint32: DataType.UINT32,
  uint64: DataType.UINT64,
  complex64: DataType.COMPLEX64,
  complex128: DataType.COMPLEX128,
  bfloat16: DataType.BFLOAT16,
  float8e4m3fn: DataType.FLOAT8E4M3FN,
  float8e4m3fnuz: DataType.FLOAT8E4M3FNUZ,
  float8e5m2: DataType.FLOAT8E5M2,
  float8e5m2fnuz: DataType.FLOAT8E5M2FNUZ,
  uint4: DataType.UINT4,
  int4: DataType.INT4,
  float4e2m1: DataType.FLOAT4E2M1,
  float8e8m0: DataType.FLOAT8E8M0,
  uint2: DataType.UINT2,
  int2: DataType.INT2,
}

const elementTypes = new Map(Object.entries(dataTypes).map(([name, number]) => [number as number, name as ElementType]))

export const dataTypeOf = (type: ElementType): DataType => dataTypes[type]

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
