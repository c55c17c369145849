import type { TensorShapeProto_Dimension, TypeProto, ValueInfoProto } from 'onnx-buf'
import { ValueInfoProtoSchema } from 'onnx-buf'
import type { Dim } from '../base/index.ts'
import type { OtherType, TensorType, ValueInfo } from '../graph/index.ts'
import { elementTypeOf } from './data-type.ts'
import { Kept, remainder } from './kept.ts'

/** @throws KerfError `unsupported-element-type` for a number that ONNX does not define */
export function readValueInfo(proto: ValueInfoProto, place: string): ValueInfo {
  const rest = remainder(ValueInfoProtoSchema, proto, ['name', 'docString'])
  return {
    name: proto.name,
    type: readType(proto.type, `${place} "${proto.name}"`),
    docString: proto.docString || undefined,
    preserved: rest && new Kept(rest, undefined),
  }
}

/** Undefined where the file says nothing, and for tensors whose element type it leaves open. */
export function readType(proto: TypeProto | undefined, place: string): TensorType | OtherType | undefined {
  if (!proto || proto.value.case === undefined) return undefined
  if (proto.value.case !== 'tensorType') return { kind: 'other' }
  const { elemType, shape } = proto.value.value
  if (elemType === 0) return undefined
  return { kind: 'tensor', elementType: elementTypeOf(elemType, place), shape: shape?.dim.map(readDim) }
}

export function readDim(proto: TensorShapeProto_Dimension): Dim {
  if (proto.value.case === 'dimValue') return Number(proto.value.value)
  return proto.value.case === 'dimParam' ? proto.value.value : ''
}
