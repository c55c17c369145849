import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema, TensorProtoSchema } from 'onnx-buf'
import type { Tensor } from '../graph/index.ts'
import { memorySource, readModel } from '../onnx/index.ts'

/** A serialized TensorProto, read as the only initializer of a model. */
export function recordedTensor(bytes: Uint8Array): Tensor {
  const proto = fromBinary(TensorProtoSchema, bytes)
  proto.name = 'recorded'
  const model = create(ModelProtoSchema, {
    irVersion: 10n,
    opsetImport: [{ domain: '', version: 17n }],
    graph: { name: 'recorded', initializer: [proto] },
  })
  return readModel(memorySource(toBinary(ModelProtoSchema, model))).graph.initializers.get('recorded')!
}
