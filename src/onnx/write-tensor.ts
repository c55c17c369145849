import { byteLengthOf, elementCount, KerfError, WireWriter, wire } from '../base/index.ts'
import type { Preserved, Tensor, TensorData } from '../graph/index.ts'
import { dataTypeOf } from './data-type.ts'
import type { ExternalLocation } from './external.ts'
import { Kept, restored } from './kept.ts'
import { markerField } from './layout.ts'
import { create } from './message.ts'
import type { KeptSparse } from './read-tensor.ts'
import { externalLocationType, type Message } from './schema.ts'
import type { SparseTensor } from './sparse.ts'

/** Collects the data of the tensors that are written: the messages themselves carry markers in their place. */
export class TensorWriter {
  /** What goes into the model file, by marker. */
  readonly payloads: TensorData[] = []
  readonly #place: ((data: TensorData) => ExternalLocation | undefined) | undefined

  /** @param place says which initializers go into an external file, and where in it */
  constructor(place?: (data: TensorData) => ExternalLocation | undefined) {
    this.#place = place
  }

  /** @throws KerfError `wrong-length` when the data do not fit the shape */
  tensor(tensor: Tensor, label: string): Message<'TensorProto'> {
    const proto = describeTensor(tensor, label)
    if (tensor.data.byteLength > 0) {
      const data = new WireWriter().varint(this.payloads.length).finish()
      proto.$unknown = [...proto.$unknown, { number: markerField, wireType: wire.varint, data }]
      this.payloads.push(tensor.data)
    }
    return proto
  }

  /** Of a graph, by name: these may go into the external file. */
  initializer(name: string, tensor: Tensor): Message<'TensorProto'> {
    const external = tensor.elementType === 'string' ? undefined : this.#place?.(tensor.data)
    const proto = external
      ? describeTensor(tensor, `Initializer "${name}"`)
      : this.tensor(tensor, `Initializer "${name}"`)
    proto.name = name
    if (external) {
      proto.dataLocation = externalLocationType
      const entries = { location: external.location, offset: String(external.offset), length: String(external.length) }
      proto.externalData = Object.entries(entries).map(([key, value]) =>
        create('StringStringEntryProto', { key, value }),
      )
    }
    return proto
  }

  sparse({ values, indices, shape }: SparseTensor, label: string, preserved?: Preserved): Message<'SparseTensorProto'> {
    const proto = restored('SparseTensorProto', preserved)
    proto.values = this.tensor(values, label)
    proto.indices = this.tensor(indices, `Indices of ${label}`)
    proto.dims = shape.map(BigInt)
    return proto
  }

  /** A tensor that was sparse in the file and has not been changed; otherwise undefined. */
  unchangedSparse(tensor: Tensor, label: string): Message<'SparseTensorProto'> | undefined {
    const kept = keptSparse(tensor)
    return kept && this.sparse(kept.sparse, label, tensor.preserved)
  }
}

function keptSparse(tensor: Tensor): KeptSparse | undefined {
  const extra: unknown = tensor.preserved instanceof Kept ? tensor.preserved.extra : undefined
  const kept = extra as KeptSparse | undefined
  return kept?.sparse && kept.data === tensor.data ? kept : undefined
}

/** Everything about a tensor but its data. */
function describeTensor(tensor: Tensor, label: string): Message<'TensorProto'> {
  const count = elementCount(tensor.shape)!
  const needed = tensor.elementType === 'string' ? count : byteLengthOf(tensor.elementType, count)
  const found = tensor.elementType === 'string' ? (tensor.strings?.length ?? 0) : tensor.data.byteLength
  if (needed !== found) throw lengthError(`${label} ${tensor.elementType} [${tensor.shape}]`, needed, found)
  const proto = restored('TensorProto', tensor.preserved)
  proto.dims = tensor.shape.map(BigInt)
  proto.dataType = dataTypeOf(tensor.elementType)
  if (tensor.strings) proto.stringData = [...tensor.strings]
  if (tensor.docString !== undefined) proto.docString = tensor.docString
  return proto
}

export const lengthError = (label: string, needed: number, found: number): KerfError =>
  new KerfError('wrong-length', `${label} cannot be written: its shape needs ${needed}, its data have ${found}.`, {
    needed,
    found,
  })
