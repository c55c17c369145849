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
import { Kept, keptOf } from './kept.ts'
import { create, isSet, remainder } from './message.ts'
import { readAsDense, readSparse, readTensor, type TensorContext } from './read-tensor.ts'
import { readValueInfo } from './read-type.ts'
import { attributeTypes, type Message } from './schema.ts'
import type { SparseTensor } from './sparse.ts'

/** `ai.onnx` and the empty string name the same domain. */
export const readDomain = (domain = ''): string => (domain === 'ai.onnx' ? '' : domain)

export const readInteger = (value: bigint): Integer => {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

export function readOpsets(protos: readonly Message<'OperatorSetIdProto'>[]): Map<string, number> {
  return new Map(protos.map((p) => [readDomain(p.domain), Number(p.version ?? 0n)]))
}

export function readGraph(proto: Message<'GraphProto'>, context: TensorContext): Graph {
  const initializers = new Map<string, Tensor>()
  const define = (name: string, tensor: Tensor) => {
    if (initializers.has(name))
      throw new KerfError(
        'invalid-graph',
        `Graph "${proto.name ?? ''}" has two initializers named "${name}". Every name must be unique; export the model again.`,
        {
          value: name,
        },
      )
    initializers.set(name, tensor)
  }
  for (const t of proto.initializer) define(t.name ?? '', readTensor(t, context, `Initializer "${t.name ?? ''}"`, true))
  for (const s of proto.sparseInitializer) {
    const name = s.values?.name ?? ''
    define(name, readAsDense(s, context, `Initializer "${name}"`, true))
  }
  const valueInfo = new Map<string, ValueInfo>()
  for (const v of proto.valueInfo) {
    const info = readValueInfo(v, 'Value')
    // What is said of no value belongs to none.
    if (info.name !== '' && !valueInfo.has(info.name)) valueInfo.set(info.name, info)
  }
  return {
    name: proto.name ?? '',
    docString: proto.docString || undefined,
    inputs: proto.input.map((v) => readValueInfo(v, 'Graph input')),
    outputs: proto.output.map((v) => readValueInfo(v, 'Graph output')),
    initializers,
    valueInfo,
    nodes: proto.node.map((n) => readNode(n, context)),
    preserved: keptOf(proto),
  }
}

/** Of most nodes: they are many. */
const noAttributes: ReadonlyMap<string, Attribute> = new Map()

function readNode(proto: Message<'NodeProto'>, context: TensorContext): Node {
  const [name, opType, outputs] = [proto.name ?? '', proto.opType ?? '', proto.output]
  return {
    ...{ name, opType, outputs },
    domain: readDomain(proto.domain),
    overload: proto.overload || undefined,
    inputs: proto.input,
    attributes:
      proto.attribute.length === 0
        ? noAttributes
        : readAttributes(proto.attribute, context, `${opType} "${nodeLabel({ name, opType, outputs })}"`),
    docString: proto.docString || undefined,
    preserved: keptOf(proto),
  }
}

function readAttributes(
  protos: readonly Message<'AttributeProto'>[],
  context: TensorContext,
  owner: string,
): Map<string, Attribute> {
  const attributes = new Map<string, Attribute>()
  for (const a of protos) {
    const { name = '' } = a
    if (attributes.has(name))
      throw new KerfError('invalid-graph', `${owner} has the attribute ${name} twice. Export the model again.`, {
        attribute: name,
      })
    attributes.set(name, readAttribute(a, context, `Attribute ${name} of ${owner}`))
  }
  return attributes
}

/** The field of AttributeProto in which a value of each type lies. */
const valueFields = {
  float: 'f',
  int: 'i',
  string: 's',
  tensor: 't',
  graph: 'g',
  sparseTensor: 'sparseTensor',
  floats: 'floats',
  ints: 'ints',
  strings: 'strings',
  tensors: 'tensors',
  graphs: 'graphs',
  sparseTensors: 'sparseTensors',
} as const
type ValueType = keyof typeof valueFields
const valueTypes = Object.keys(valueFields) as ValueType[]

const fieldsWithTensors = ['t', 'g', 'sparseTensor', 'tensors', 'graphs', 'sparseTensors'] as const

/** The list of sparse tensors of an attribute, which the IR does not know, for the writer. */
export interface KeptAttribute {
  readonly sparse: readonly SparseTensor[]
}

function readAttribute(proto: Message<'AttributeProto'>, context: TensorContext, place: string): Attribute {
  const type = typeOf(proto)
  const field = proto.refAttrName || type === undefined ? undefined : valueFields[type]
  const surplus = fieldsWithTensors.find((name) => name !== field && isThere(proto, name))
  if (surplus)
    throw new KerfError(
      'damaged',
      `${place} has type ${type ?? proto.type ?? 'undefined'}, and holds something else besides. Export the model again.`,
    )
  const owned: (keyof typeof proto)[] = ['name', 'docString', field ?? 'name']
  if (proto.refAttrName) owned.push('refAttrName')
  else if (field && field !== 'sparseTensors') owned.push('type')
  const rest = remainder(proto, owned)
  const sparse = proto.sparseTensors.map((s) => readSparse(s, context, place))
  const extra: KeptAttribute | undefined = sparse.length > 0 ? { sparse } : undefined
  const preserved = (rest || extra) && new Kept(rest ?? create('AttributeProto'), extra)
  return { ...attributeValue(proto, type, context, place), docString: proto.docString || undefined, preserved }
}

const isThere = (proto: Message<'AttributeProto'>, field: (typeof valueFields)[ValueType]): boolean =>
  isSet(proto, { key: field, isList: Array.isArray(proto[field]) })

/** Undefined for a type that is not known here. Files of IR version 1 and 2 do not say it: then by what is there. */
const typeOf = (proto: Message<'AttributeProto'>): ValueType | undefined =>
  valueTypes.find((type) => (proto.type ? proto.type === attributeTypes[type] : isThere(proto, valueFields[type])))

function attributeValue(
  proto: Message<'AttributeProto'>,
  type: ValueType | undefined,
  context: TensorContext,
  place: string,
): Attribute {
  if (proto.refAttrName) return { kind: 'reference', name: proto.refAttrName }
  switch (type) {
    case 'float':
      return { kind: 'float', value: proto.f ?? 0 }
    case 'int':
      return { kind: 'int', value: readInteger(proto.i ?? 0n) }
    case 'string':
      return { kind: 'string', value: readText(proto.s ?? new Uint8Array(0)) }
    case 'tensor':
      return { kind: 'tensor', value: readTensor(required(proto.t, place), context, place) }
    case 'sparseTensor':
      return { kind: 'tensor', value: readAsDense(required(proto.sparseTensor, place), context, place) }
    case 'graph':
      return { kind: 'graph', value: readGraph(required(proto.g, place), context) }
    case 'floats':
      return { kind: 'floats', value: proto.floats }
    case 'ints':
      return { kind: 'ints', value: proto.ints.map(readInteger) }
    case 'strings':
      return { kind: 'strings', value: proto.strings.map(readText) }
    case 'tensors':
      return { kind: 'tensors', value: proto.tensors.map((t, i) => readTensor(t, context, `${place}, tensor ${i},`)) }
    case 'graphs':
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

export function readFunction(proto: Message<'FunctionProto'>, context: TensorContext): FunctionDefinition {
  return {
    name: proto.name ?? '',
    domain: readDomain(proto.domain),
    overload: proto.overload || undefined,
    inputs: proto.input,
    outputs: proto.output,
    attributes: proto.attribute,
    defaults: readAttributes(proto.attributeProto, context, `Function "${proto.name ?? ''}"`),
    nodes: proto.node.map((n) => readNode(n, context)),
    opsetImports: readOpsets(proto.opsetImport),
    docString: proto.docString || undefined,
    preserved: keptOf(proto),
  }
}
