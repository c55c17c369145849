import { byteLengthOf, elementCount, KerfError } from '../base/index.ts'
import { inMemory, type Tensor, type TensorData } from '../graph/index.ts'
import { elementTypeOf } from './data-type.ts'
import { ExternalData, externalLocation } from './external.ts'
import { Kept, keptOf } from './kept.ts'
import { markerField } from './layout.ts'
import { create } from './message.ts'
import { payloadData } from './payload.ts'
import { externalLocationType, type Message } from './schema.ts'
import type { Payload } from './skeleton.ts'
import type { ByteSource } from './source.ts'
import { denseData, type SparseTensor } from './sparse.ts'

/** Where a tensor reader finds what the skeleton leaves out. */
export interface TensorContext {
  readonly source: ByteSource
  readonly payloads: readonly Payload[]
  /** Undefined: nobody said where external files are. */
  readonly external: ((location: string) => ByteSource) | undefined
}

/** A sparse tensor that is to be written as one again, as long as its data are still these. */
export interface KeptSparse {
  readonly sparse: SparseTensor
  readonly data: TensorData
}

/** More elements than any memory holds: what a damaged file says. */
const absurdCount = 2 ** 50

const owned = ['dims', 'dataType', 'stringData', 'docString', 'externalData', 'dataLocation'] as const

/**
 * @param place how messages call it: `tensor "w"`
 * @param ownsName whether the name is kept by the caller (initializers) and not with the tensor
 * @throws KerfError `unsupported-element-type`, `wrong-shape`, `wrong-length`, `path-escape`, `damaged`
 */
export function readTensor(
  proto: Message<'TensorProto'>,
  context: TensorContext,
  place: string,
  ownsName = false,
): Tensor {
  const payload = takePayload(proto, context)
  const elementType = elementTypeOf(proto.dataType ?? 0, place)
  const shape = readShape(proto.dims, place)
  const count = elementCount(shape)!
  const common = {
    elementType,
    shape,
    docString: proto.docString || undefined,
    preserved: keptOf(proto, ownsName ? [...owned, 'name'] : owned),
  }
  const full = `${place} ${elementType} [${shape}]`
  if (elementType === 'string') {
    if (proto.stringData.length !== count)
      throw new KerfError(
        'wrong-length',
        `${full} needs ${count} strings, the file holds ${proto.stringData.length}. The file is damaged; export it again.`,
        { needed: count, found: proto.stringData.length },
      )
    return { ...common, data: inMemory(new Uint8Array(0)), strings: proto.stringData }
  }
  const byteLength = byteLengthOf(elementType, count)
  if (proto.dataLocation !== externalLocationType)
    return { ...common, data: payloadData(context.source, payload, elementType, byteLength, full) }
  const location = externalLocation(proto.externalData, full)
  if (location.length !== undefined && location.length !== byteLength)
    throw new KerfError(
      'wrong-length',
      `${full} needs ${byteLength} bytes of data, ${location.length} are said to lie in "${location.location}". Export the model again.`,
      { needed: byteLength, found: location.length },
    )
  return { ...common, data: new ExternalData(location, byteLength, full, context.external?.(location.location)) }
}

/** @throws KerfError as `readTensor` */
export function readSparse(
  proto: Message<'SparseTensorProto'>,
  context: TensorContext,
  place: string,
  ownsName = false,
): SparseTensor {
  if (!proto.values || !proto.indices)
    throw new KerfError(
      'damaged',
      `${place} is sparse and has no ${proto.values ? 'indices' : 'values'}. Export the model again.`,
    )
  return {
    values: readTensor(proto.values, context, place, ownsName),
    indices: readTensor(proto.indices, context, `Indices of ${place}`),
    shape: readShape(proto.dims, place),
  }
}

/** A sparse tensor as a dense one that remembers where it comes from. */
export function readAsDense(
  proto: Message<'SparseTensorProto'>,
  context: TensorContext,
  place: string,
  ownsName = false,
): Tensor {
  const sparse = readSparse(proto, context, place, ownsName)
  const data = denseData(sparse, place)
  const kept: KeptSparse = { sparse, data }
  return {
    elementType: sparse.values.elementType,
    shape: sparse.shape,
    data,
    preserved: new Kept(create('SparseTensorProto', { $unknown: proto.$unknown }), kept),
  }
}

/** Resolves the markers of the skeleton, and removes them. A tensor that a file gives in several pieces has several. */
function takePayload(proto: Message<'TensorProto'>, context: TensorContext): Payload | undefined {
  const markers = proto.$unknown.filter((f) => f.number === markerField)
  if (markers.length === 0) return undefined
  proto.$unknown = proto.$unknown.filter((f) => f.number !== markerField)
  return markers.flatMap(
    (marker) => context.payloads[marker.data.reduceRight((value, b) => value * 128 + (b & 0x7f), 0)]!,
  )
}

function readShape(dims: readonly bigint[], place: string): number[] {
  const shape = dims.map(Number)
  // Checked one by one: a zero would hide what is absurd beside it.
  if (shape.some((d) => d < 0) || shape.reduce((n, d) => n * Math.max(1, d), 1) > absurdCount)
    throw new KerfError(
      'wrong-shape',
      `${place} has the impossible shape [${shape}]. The file is damaged; export it again.`,
      { shape },
    )
  return shape
}
