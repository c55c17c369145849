import { KerfError } from '../base/index.ts'
import {
  type Attribute,
  type FunctionDefinition,
  type Graph,
  type Integer,
  type Model,
  type Node,
  nodeLabel,
} from '../graph/index.ts'
import { Kept, restored } from './kept.ts'
import { create } from './message.ts'
import type { KeptModel } from './read.ts'
import type { KeptAttribute } from './read-graph.ts'
import { attributeTypes, type Message } from './schema.ts'
import type { TensorWriter } from './write-tensor.ts'
import { writeValueInfo } from './write-type.ts'

/** What a model read from a file carries besides its plain fields. */
export function keptModel(model: Model): KeptModel | undefined {
  return model.preserved instanceof Kept ? (model.preserved.extra as KeptModel) : undefined
}

/** The message of a model, with markers in the place of its tensors' data. */
export function writeModel(model: Model, tensors: TensorWriter): Message<'ModelProto'> {
  const proto = restored('ModelProto', model.preserved)
  proto.irVersion = BigInt(model.irVersion)
  proto.opsetImport = opsets(model.opsetImports)
  if (model.producerName !== undefined) proto.producerName = model.producerName
  if (model.producerVersion !== undefined) proto.producerVersion = model.producerVersion
  if (model.domain !== undefined) proto.domain = model.domain
  if (model.modelVersion !== undefined) proto.modelVersion = integer(model.modelVersion, 'The model version')
  if (model.docString !== undefined) proto.docString = model.docString
  proto.graph = writeGraph(model.graph, tensors)
  proto.metadataProps = [...model.metadata].map(([key, value]) => create('StringStringEntryProto', { key, value }))
  proto.functions = model.functions.map((f) => writeFunction(f, tensors))
  proto.trainingInfo = (keptModel(model)?.training ?? []).map((t) => {
    const info = restored('TrainingInfoProto', t.rest && new Kept(t.rest, undefined))
    if (t.initialization) info.initialization = writeGraph(t.initialization, tensors)
    if (t.algorithm) info.algorithm = writeGraph(t.algorithm, tensors)
    return info
  })
  return proto
}

const opsets = (versions: ReadonlyMap<string, number>) =>
  [...versions].map(([domain, version]) => create('OperatorSetIdProto', { domain, version: BigInt(version) }))

function writeGraph(graph: Graph, tensors: TensorWriter): Message<'GraphProto'> {
  const proto = restored('GraphProto', graph.preserved)
  proto.name = graph.name
  if (graph.docString !== undefined) proto.docString = graph.docString
  proto.input = graph.inputs.map(writeValueInfo)
  proto.output = graph.outputs.map(writeValueInfo)
  proto.valueInfo = [...graph.valueInfo.values()].map(writeValueInfo)
  for (const [name, tensor] of graph.initializers) {
    const sparse = tensors.unchangedSparse(tensor, `Initializer "${name}"`)
    if (sparse?.values) sparse.values.name = name
    if (sparse) proto.sparseInitializer.push(sparse)
    else proto.initializer.push(tensors.initializer(name, tensor))
  }
  proto.node = graph.nodes.map((n) => writeNode(n, tensors))
  return proto
}

function writeNode(node: Node, tensors: TensorWriter): Message<'NodeProto'> {
  const proto = restored('NodeProto', node.preserved)
  proto.input = [...node.inputs]
  proto.output = [...node.outputs]
  proto.opType = node.opType
  if (node.name !== '') proto.name = node.name
  if (node.domain !== '') proto.domain = node.domain
  if (node.overload !== undefined) proto.overload = node.overload
  if (node.docString !== undefined) proto.docString = node.docString
  proto.attribute = [...node.attributes].map(([name, a]) =>
    writeAttribute(name, a, tensors, `${node.opType} "${nodeLabel(node)}"`),
  )
  return proto
}

function writeFunction(definition: FunctionDefinition, tensors: TensorWriter): Message<'FunctionProto'> {
  const proto = restored('FunctionProto', definition.preserved)
  proto.name = definition.name
  proto.domain = definition.domain
  if (definition.overload !== undefined) proto.overload = definition.overload
  if (definition.docString !== undefined) proto.docString = definition.docString
  proto.input = [...definition.inputs]
  proto.output = [...definition.outputs]
  proto.attribute = [...definition.attributes]
  proto.attributeProto = [...definition.defaults].map(([name, a]) =>
    writeAttribute(name, a, tensors, `Function "${definition.name}"`),
  )
  proto.node = definition.nodes.map((n) => writeNode(n, tensors))
  proto.opsetImport = opsets(definition.opsetImports)
  return proto
}

function writeAttribute(
  name: string,
  attribute: Attribute,
  tensors: TensorWriter,
  owner: string,
): Message<'AttributeProto'> {
  const place = `Attribute ${name} of ${owner}`
  const proto = restored('AttributeProto', attribute.preserved)
  proto.name = name
  if (attribute.docString !== undefined) proto.docString = attribute.docString
  switch (attribute.kind) {
    case 'float':
      proto.type = attributeTypes.float
      proto.f = Math.fround(attribute.value)
      break
    case 'int':
      proto.type = attributeTypes.int
      proto.i = integer(attribute.value, place)
      break
    case 'string':
      proto.type = attributeTypes.string
      proto.s = text(attribute.value)
      break
    case 'tensor':
      proto.sparseTensor = tensors.unchangedSparse(attribute.value, place)
      proto.type = proto.sparseTensor ? attributeTypes.sparseTensor : attributeTypes.tensor
      if (!proto.sparseTensor) proto.t = tensors.tensor(attribute.value, place)
      break
    case 'graph':
      proto.type = attributeTypes.graph
      proto.g = writeGraph(attribute.value, tensors)
      break
    case 'floats':
      proto.type = attributeTypes.floats
      proto.floats = attribute.value.map(Math.fround)
      break
    case 'ints':
      proto.type = attributeTypes.ints
      proto.ints = attribute.value.map((v) => integer(v, place))
      break
    case 'strings':
      proto.type = attributeTypes.strings
      proto.strings = attribute.value.map(text)
      break
    case 'tensors':
      proto.type = attributeTypes.tensors
      proto.tensors = attribute.value.map((t) => tensors.tensor(t, place))
      break
    case 'graphs':
      proto.type = attributeTypes.graphs
      proto.graphs = attribute.value.map((g) => writeGraph(g, tensors))
      break
    case 'reference':
      proto.refAttrName = attribute.name
      break
    case 'other':
      writeOther(proto, attribute, tensors, place)
  }
  return proto
}

function writeOther(
  proto: Message<'AttributeProto'>,
  attribute: Attribute,
  tensors: TensorWriter,
  place: string,
): void {
  if (!(attribute.preserved instanceof Kept))
    throw new KerfError('unknown-type', `${place} is of a kind that Kerf does not know, so it cannot be written.`)
  const { sparse = [] } = (attribute.preserved.extra ?? {}) as Partial<KeptAttribute>
  proto.sparseTensors = sparse.map((s) => tensors.sparse(s, place))
}

const encoder = new TextEncoder()
const text = (value: string | Uint8Array) => (typeof value === 'string' ? encoder.encode(value) : value)

function integer(value: Integer, place: string): bigint {
  if (typeof value === 'number' && !Number.isInteger(value))
    throw new KerfError('not-an-integer', `${place} should be an integer, is ${value}.`, { value })
  const exact = BigInt(value)
  if (BigInt.asIntN(64, exact) !== exact)
    throw new KerfError('not-an-integer', `${place} does not fit 64 bits: ${value}.`, { value })
  return exact
}
