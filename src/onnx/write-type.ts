import { create } from '@bufbuild/protobuf'
import {
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  type TypeProto,
  type TypeProto_Tensor,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf'
import { type Dim, KerfError } from '../base/index.ts'
import type { TensorType, ValueInfo } from '../graph/index.ts'
import { dataTypeOf } from './data-type.ts'
import { remainder, restored } from './kept.ts'
import { readDim, readType } from './read-type.ts'

export function writeValueInfo(info: ValueInfo): ValueInfoProto {
  const proto = restored(ValueInfoProtoSchema, info.preserved)
  proto.name = info.name
  if (info.docString !== undefined) proto.docString = info.docString
  const before = proto.type
  if (info.type?.kind === 'tensor') proto.type = writeTensorType(info.type, before)
  else if (readType(before, info.name)?.kind !== info.type?.kind) {
    if (info.type)
      throw new KerfError(
        'unknown-type',
        `The type of "${info.name}" is neither a tensor nor one kept from a file, so it cannot be written.`,
      )
    proto.type = undefined
  }
  return proto
}

/** Writes element type and dimensions into what the file had around them (denotations). Dimensions that stay keep all that is theirs. */
function writeTensorType(type: TensorType, before: TypeProto | undefined): TypeProto {
  const proto = (before && remainder(TypeProtoSchema, before, ['tensorType'])) ?? create(TypeProtoSchema)
  const inside = before?.value.case === 'tensorType' ? before.value.value : undefined
  const tensor: TypeProto_Tensor =
    (inside && remainder(TypeProto_TensorSchema, inside, ['elemType', 'shape'])) ?? create(TypeProto_TensorSchema)
  tensor.elemType = dataTypeOf(type.elementType)
  if (type.shape) {
    const shape =
      (inside?.shape && remainder(TensorShapeProtoSchema, inside.shape, ['dim'])) ?? create(TensorShapeProtoSchema)
    const dims = inside?.shape?.dim.length === type.shape.length ? inside.shape.dim : []
    shape.dim = type.shape.map((d, axis) => {
      const old = dims[axis]
      if (old && readDim(old) === d) return old
      return create(TensorShapeProto_DimensionSchema, {
        value: dimValue(d),
        ...(old?.denotation ? { denotation: old.denotation } : {}),
      })
    })
    tensor.shape = shape
  }
  proto.value = { case: 'tensorType', value: tensor }
  return proto
}

/** Symbols that inference made up (`?1`) mean nothing in a file: there, an unknown size is a dimension without value. */
function dimValue(d: Dim) {
  if (typeof d === 'number') return { case: 'dimValue' as const, value: BigInt(d) }
  return d === '' || /^\?\d+$/.test(d) ? { case: undefined } : { case: 'dimParam' as const, value: d }
}
