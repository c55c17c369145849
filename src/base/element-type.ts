/** Element types of ONNX tensors (onnx.proto `TensorProto.DataType`, ONNX 1.20), by their lower-case names. */
export type ElementType =
  | 'float32'
  | 'uint8'
  | 'int8'
  | 'uint16'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'string'
  | 'bool'
  | 'float16'
  | 'float64'
  | 'uint32'
  | 'uint64'
  | 'complex64'
  | 'complex128'
  | 'bfloat16'
  | 'float8e4m3fn'
  | 'float8e4m3fnuz'
  | 'float8e5m2'
  | 'float8e5m2fnuz'
  | 'uint4'
  | 'int4'
  | 'float4e2m1'
  | 'float8e8m0'
  | 'uint2'
  | 'int2'

const bits: Readonly<Record<ElementType, number>> = {
  float32: 32,
  uint8: 8,
  int8: 8,
  uint16: 16,
  int16: 16,
  int32: 32,
  int64: 64,
  string: 0,
  bool: 8,
  float16: 16,
  float64: 64,
  uint32: 32,
  uint64: 64,
  complex64: 64,
  complex128: 128,
  bfloat16: 16,
  float8e4m3fn: 8,
  float8e4m3fnuz: 8,
  float8e5m2: 8,
  float8e5m2fnuz: 8,
  uint4: 4,
  int4: 4,
  float4e2m1: 4,
  float8e8m0: 8,
  uint2: 2,
  int2: 2,
}

export const elementTypes = Object.keys(bits) as ElementType[]

/** Bits that one element occupies when stored; 0 for strings, whose elements have no fixed size. */
export function bitsPerElement(type: ElementType): number {
  return bits[type]
}

/** Bytes that `count` elements occupy when stored packed (4-bit types: two in a byte). */
export function byteLengthOf(type: ElementType, count: number): number {
  return Math.ceil((count * bits[type]) / 8)
}

const floating = new Set<ElementType>(['float32', 'float16', 'float64', 'bfloat16'])
const integer = new Set<ElementType>([
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'uint32',
  'uint64',
  'uint4',
  'int4',
  'uint2',
  'int2',
])

export const isFloating = (type: ElementType): boolean => floating.has(type) || type.startsWith('float')
export const isInteger = (type: ElementType): boolean => integer.has(type)
