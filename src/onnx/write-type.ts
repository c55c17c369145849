import { type Dim, KerfError } from '../base/index.ts'
import type { TensorType, ValueInfo } from '../graph/index.ts'
import { dataTypeOf } from './data-type.ts'
import { restored } from './kept.ts'
import { create, remainder } from './message.ts'
import { readDim, readType } from './read-type.ts'
import type { Message } from './schema.ts'

export function writeValueInfo(info: ValueInfo): Message<'ValueInfoProto'> {
  const proto = restored('ValueInfoProto', info.preserved)
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
function writeTensorType(type: TensorType, before: Message<'TypeProto'> | undefined): Message<'TypeProto'> {
  const inside = before?.tensorType
  const tensor = (inside && remainder(inside, ['elemType', 'shape'])) ?? create('TypeProto.Tensor')
  tensor.elemType = dataTypeOf(type.elementType)
  if (type.shape) {
    const shape = (inside?.shape && remainder(inside.shape, ['dim'])) ?? create('TensorShapeProto')
    const dims = inside?.shape?.dim.length === type.shape.length ? inside.shape.dim : []
    shape.dim = type.shape.map((d, axis) => {
      const old = dims[axis]
      if (old && readDim(old) === d) return old
      return create('TensorShapeProto.Dimension', { ...dimValue(d), $unknown: old?.$unknown ?? [] })
    })
    tensor.shape = shape
  }
  return create('TypeProto', { tensorType: tensor, $unknown: before?.$unknown ?? [] })
}

/** Symbols that inference made up (`?1`) mean nothing in a file: there, an unknown size is a dimension without value. */
function dimValue(d: Dim) {
  if (typeof d === 'number') return { dimValue: BigInt(d) }
  return d === '' || /^\?\d+$/.test(d) ? {} : { dimParam: d }
}
