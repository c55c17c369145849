import { create } from '@bufbuild/protobuf'
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type FunctionProto,
  FunctionProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type OperatorSetIdProto,
} from 'onnx-buf'
import { KerfError } from '../base/index.ts'
import {
  type Attribute,
  type FunctionDefinition,
  type Graph,
  type Integer,
  type Node,
  nodeLabel,
  type Tensor,
  type ValueInfo,
} from '../graph/index.ts'
import { Kept, remainder } from './kept.ts'
import { readAsDense, readSparse, readTensor, type TensorContext } from './read-tensor.ts'
import { readValueInfo } from './read-type.ts'
import type { SparseTensor } from './sparse.ts'

/** `ai.onnx` and the empty string name the same domain. */
export const readDomain = (domain: string): string => (domain === 'ai.onnx' ? '' : domain)

export const readInteger = (value: bigint): Integer => {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

export function readOpsets(protos: readonly OperatorSetIdProto[]): Map<string, number> {
  return new Map(protos.map((p) => [readDomain(p.domain), Number(p.version)]))
}

export function readGraph(proto: GraphProto, context: TensorContext): Graph {
  const initializers = new Map<string, Tensor>()
  const define = (name: string, tensor: Tensor) => {
    if (initializers.has(name))
      throw new KerfError(
        'invalid-graph',
        `Graph "${proto.name}" has two initializers named "${name}". Every name must be unique; export the model again.`,
        {
          value: name,
        },
      )
    initializers.set(name, tensor)
  }
  for (const t of proto.initializer) define(t.name, readTensor(t, context, `Initializer "${t.name}"`, true))
  for (const s of proto.sparseInitializer) {
    const name = s.values?.name ?? ''
    define(name, readAsDense(s, context, `Initializer "${name}"`, true))
  }
  const valueInfo = new Map<string, ValueInfo>()
  for (const v of proto.valueInfo) if (!valueInfo.has(v.name)) valueInfo.set(v.name, readValueInfo(v, 'Value'))
  const rest = remainder(GraphProtoSchema, proto, [
    'node',
    'name',
    'initializer',
    'sparseInitializer',
    'docString',
    'input',
    'output',
    'valueInfo',
  ])
  return {
    name: proto.name,
    docString: proto.docString || undefined,
    inputs: proto.input.map((v) => readValueInfo(v, 'Graph input')),
    outputs: proto.output.map((v) => readValueInfo(v, 'Graph output')),
    initializers,
    valueInfo,
    nodes: proto.node.map((n) => readNode(n, context)),
    preserved: rest && new Kept(rest, undefined),
  }
}

function readNode(proto: NodeProto, context: TensorContext): Node {
  const rest = remainder(NodeProtoSchema, proto, [
    'input',
    'output',
    'name',
    'opType',
    'domain',
    'overload',
    'attribute',
    'docString',
  ])
  const node: Node = {
    name: proto.name,
    opType: proto.opType,
    domain: readDomain(proto.domain),
    overload: proto.overload || undefined,
    inputs: proto.input,
    outputs: proto.output,
    attributes: new Map(),
    docString: proto.docString || undefined,
    preserved: rest && new Kept(rest, undefined),
  }
  node.attributes = readAttributes(proto.attribute, context, `${node.opType} "${nodeLabel(node)}"`)
  return node
}

function readAttributes(
  protos: readonly AttributeProto[],
  context: TensorContext,
  owner: string,
): Map<string, Attribute> {
  const attributes = new Map<string, Attribute>()
  for (const a of protos) {
    if (attributes.has(a.name))
      throw new KerfError('invalid-graph', `${owner} has the attribute ${a.name} twice. Export the model again.`, {
        attribute: a.name,
      })
    attributes.set(a.name, readAttribute(a, context, `Attribute ${a.name} of ${owner}`))
  }
  return attributes
}

/** The field of AttributeProto in which a value of each type lies. */
const valueFields = new Map<AttributeType, keyof AttributeProto>([
  [AttributeType.FLOAT, 'f'],
  [AttributeType.INT, 'i'],
  [AttributeType.STRING, 's'],
  [AttributeType.TENSOR, 't'],
  [AttributeType.GRAPH, 'g'],
  [AttributeType.SPARSE_TENSOR, 'sparseTensor'],
  [AttributeType.FLOATS, 'floats'],
  [AttributeType.INTS, 'ints'],
  [AttributeType.STRINGS, 'strings'],
  [AttributeType.TENSORS, 'tensors'],
  [AttributeType.GRAPHS, 'graphs'],
  [AttributeType.SPARSE_TENSORS, 'sparseTensors'],
])

const fieldsWithTensors = ['t', 'g', 'sparseTensor', 'tensors', 'graphs', 'sparseTensors'] as const

/** The list of sparse tensors of an attribute, which the IR does not know, for the writer. */
export interface KeptAttribute {
  readonly sparse: readonly SparseTensor[]
}

function readAttribute(proto: AttributeProto, context: TensorContext, place: string): Attribute {
  const type = proto.type || typeByContent(proto)
  const field = proto.refAttrName ? undefined : valueFields.get(type)
  const isSet = (name: (typeof fieldsWithTensors)[number]) =>
    Array.isArray(proto[name]) ? proto[name].length > 0 : proto[name] !== undefined
  const surplus = fieldsWithTensors.find((name) => name !== field && isSet(name))
  if (surplus)
    throw new KerfError(
      'damaged',
      `${place} has type ${AttributeType[type]}, and holds something else besides. Export the model again.`,
    )
  const owned = ['name', 'docString', field ?? 'name']
  if (proto.refAttrName) owned.push('refAttrName')
  else if (field && field !== 'sparseTensors') owned.push('type')
  const rest = remainder(AttributeProtoSchema, proto, owned)
  const sparse = proto.sparseTensors.map((s) => readSparse(s, context, place))
  const extra: KeptAttribute | undefined = sparse.length > 0 ? { sparse } : undefined
  const preserved = (rest || extra) && new Kept(rest ?? create(AttributeProtoSchema), extra)
  return { ...attributeValue(proto, type, context, place), docString: proto.docString || undefined, preserved }
}

/** Files of IR version 1 and 2 do not say an attribute's type. */
function typeByContent(proto: AttributeProto): AttributeType {
  for (const [type, field] of valueFields) {
    const value = proto[field]
    if (Array.isArray(value) ? value.length > 0 : Object.hasOwn(proto, field) && value !== undefined) return type
  }
  return AttributeType.UNDEFINED
}

function attributeValue(proto: AttributeProto, type: AttributeType, context: TensorContext, place: string): Attribute {
  if (proto.refAttrName) return { kind: 'reference', name: proto.refAttrName }
  switch (type) {
    case AttributeType.FLOAT:
      return { kind: 'float', value: proto.f }
    case AttributeType.INT:
      return { kind: 'int', value: readInteger(proto.i) }
    case AttributeType.STRING:
      return { kind: 'string', value: readText(proto.s) }
    case AttributeType.TENSOR:
      return { kind: 'tensor', value: readTensor(required(proto.t, place), context, place) }
    case AttributeType.SPARSE_TENSOR:
      return { kind: 'tensor', value: readAsDense(required(proto.sparseTensor, place), context, place) }
    case AttributeType.GRAPH:
      return { kind: 'graph', value: readGraph(required(proto.g, place), context) }
    case AttributeType.FLOATS:
      return { kind: 'floats', value: proto.floats }
    case AttributeType.INTS:
      return { kind: 'ints', value: proto.ints.map(readInteger) }
    case AttributeType.STRINGS:
      return { kind: 'strings', value: proto.strings.map(readText) }
    case AttributeType.TENSORS:
      return { kind: 'tensors', value: proto.tensors.map((t, i) => readTensor(t, context, `${place}, tensor ${i},`)) }
    case AttributeType.GRAPHS:
      return { kind: 'graphs', value: proto.graphs.map((g) => readGraph(g, context)) }
    default:
      return { kind: 'other' }
  }
}

function required<T>(value: T | undefined, place: string): T {
  if (value === undefined) throw new KerfError('damaged', `${place} is empty. The file is damaged; export it again.`)
  return value
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Text where the bytes are UTF-8, otherwise the bytes. */
function readText(bytes: Uint8Array): string | Uint8Array {
  try {
    return utf8.decode(bytes)
  } catch {
    return bytes
  }
}

export function readFunction(proto: FunctionProto, context: TensorContext): FunctionDefinition {
  const rest = remainder(FunctionProtoSchema, proto, [
    'name',
    'domain',
    'overload',
    'input',
    'output',
    'attribute',
    'attributeProto',
    'node',
    'opsetImport',
    'docString',
  ])
  return {
    name: proto.name,
    domain: readDomain(proto.domain),
    overload: proto.overload || undefined,
    inputs: proto.input,
    outputs: proto.output,
    attributes: proto.attribute,
    defaults: readAttributes(proto.attributeProto, context, `Function "${proto.name}"`),
    nodes: proto.node.map((n) => readNode(n, context)),
    opsetImports: readOpsets(proto.opsetImport),
    docString: proto.docString || undefined,
    preserved: rest && new Kept(rest, undefined),
  }
}
