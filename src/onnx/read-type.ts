import type { Dim } from '../base/index.ts'
import type { OtherType, TensorType, ValueInfo } from '../graph/index.ts'
import { elementTypeOf } from './data-type.ts'
import { keptOf } from './kept.ts'
import { isSet } from './message.ts'
import { fieldsOf, type Message } from './schema.ts'

/** @throws KerfError `unsupported-element-type` for a number that ONNX does not define */
export function readValueInfo(proto: Message<'ValueInfoProto'>, place: string): ValueInfo {
  const { name = '' } = proto
  return {
    name,
    type: readType(proto.type, `${place} "${name}"`),
    docString: proto.docString || undefined,
    preserved: keptOf(proto, ['name', 'docString']),
  }
}

/** Undefined where the file says nothing, and for tensors whose element type it leaves open. */
export function readType(proto: Message<'TypeProto'> | undefined, place: string): TensorType | OtherType | undefined {
  if (!proto?.tensorType)
    return proto && fieldsOf.TypeProto.some((f) => isSet(proto, f)) ? { kind: 'other' } : undefined
  const { elemType = 0, shape } = proto.tensorType
  if (elemType === 0) return undefined
  return { kind: 'tensor', elementType: elementTypeOf(elemType, place), shape: shape?.dim.map(readDim) }
}

export const readDim = ({ dimValue, dimParam }: Message<'TensorShapeProto.Dimension'>): Dim =>
  dimValue === undefined ? (dimParam ?? '') : Number(dimValue)
