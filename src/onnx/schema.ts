/*
 * What Kerf reads of onnx.proto (ONNX 1.20): messages, their fields with numbers and types. Fields that are not here – annotations, metadata of nodes,
 * devices, new ones – are kept as the bytes that they are (message.ts), so that a table of what is understood is enough.
 */

/** A field: its number, and its type, with [] where it is a list. */
type Field = readonly [number: number, type: string]

const schema = {
  ModelProto: {
    irVersion: [1, 'int64'],
    producerName: [2, 'string'],
    producerVersion: [3, 'string'],
    domain: [4, 'string'],
    modelVersion: [5, 'int64'],
    docString: [6, 'string'],
    graph: [7, 'GraphProto'],
    opsetImport: [8, 'OperatorSetIdProto[]'],
    metadataProps: [14, 'StringStringEntryProto[]'],
    trainingInfo: [20, 'TrainingInfoProto[]'],
    functions: [25, 'FunctionProto[]'],
  },
  TrainingInfoProto: {
    initialization: [1, 'GraphProto'],
    algorithm: [2, 'GraphProto'],
  },
  GraphProto: {
    node: [1, 'NodeProto[]'],
    name: [2, 'string'],
    initializer: [5, 'TensorProto[]'],
    docString: [10, 'string'],
    input: [11, 'ValueInfoProto[]'],
    output: [12, 'ValueInfoProto[]'],
    valueInfo: [13, 'ValueInfoProto[]'],
    sparseInitializer: [15, 'SparseTensorProto[]'],
  },
  NodeProto: {
    input: [1, 'string[]'],
    output: [2, 'string[]'],
    name: [3, 'string'],
    opType: [4, 'string'],
    attribute: [5, 'AttributeProto[]'],
    docString: [6, 'string'],
    domain: [7, 'string'],
    overload: [8, 'string'],
  },
  AttributeProto: {
    name: [1, 'string'],
    f: [2, 'float'],
    i: [3, 'int64'],
    s: [4, 'bytes'],
    t: [5, 'TensorProto'],
    g: [6, 'GraphProto'],
    floats: [7, 'float[]'],
    ints: [8, 'int64[]'],
    strings: [9, 'bytes[]'],
    tensors: [10, 'TensorProto[]'],
    graphs: [11, 'GraphProto[]'],
    docString: [13, 'string'],
    type: [20, 'int32'],
    refAttrName: [21, 'string'],
    sparseTensor: [22, 'SparseTensorProto'],
    sparseTensors: [23, 'SparseTensorProto[]'],
  },
  /** Without the fields that hold its elements: see layout.ts. */
  TensorProto: {
    dims: [1, 'int64[]'],
    dataType: [2, 'int32'],
    stringData: [6, 'bytes[]'],
    name: [8, 'string'],
    docString: [12, 'string'],
    externalData: [13, 'StringStringEntryProto[]'],
    dataLocation: [14, 'int32'],
  },
  SparseTensorProto: {
    values: [1, 'TensorProto'],
    indices: [2, 'TensorProto'],
    dims: [3, 'int64[]'],
  },
  ValueInfoProto: {
    name: [1, 'string'],
    type: [2, 'TypeProto'],
    docString: [3, 'string'],
  },
  /** One of the types; those that the IR does not know as bytes. */
  TypeProto: {
    tensorType: [1, 'TypeProto.Tensor'],
    sequenceType: [4, 'bytes'],
    mapType: [5, 'bytes'],
    opaqueType: [7, 'bytes'],
    sparseTensorType: [8, 'bytes'],
    optionalType: [9, 'bytes'],
  },
  'TypeProto.Tensor': {
    elemType: [1, 'int32'],
    shape: [2, 'TensorShapeProto'],
  },
  TensorShapeProto: {
    dim: [1, 'TensorShapeProto.Dimension[]'],
  },
  /** A size, a symbol, or neither. */
  'TensorShapeProto.Dimension': {
    dimValue: [1, 'int64'],
    dimParam: [2, 'string'],
  },
  OperatorSetIdProto: {
    domain: [1, 'string'],
    version: [2, 'int64'],
  },
  FunctionProto: {
    name: [1, 'string'],
    input: [4, 'string[]'],
    output: [5, 'string[]'],
    attribute: [6, 'string[]'],
    node: [7, 'NodeProto[]'],
    docString: [8, 'string'],
    opsetImport: [9, 'OperatorSetIdProto[]'],
    domain: [10, 'string'],
    attributeProto: [11, 'AttributeProto[]'],
    overload: [13, 'string'],
  },
  StringStringEntryProto: {
    key: [1, 'string'],
    value: [2, 'string'],
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Field>>>>

type Schema = typeof schema
export type MessageName = keyof Schema

interface Scalars {
  int32: number
  int64: bigint
  float: number
  string: string
  bytes: Uint8Array
}
export type ScalarName = keyof Scalars

type Single<T> = T extends MessageName ? Message<T> : T extends ScalarName ? Scalars[T] : never
type ListNames<F> = { [K in keyof F]: F[K] extends readonly [number, `${string}[]`] ? K : never }[keyof F]
type ListValue<F> = F extends readonly [number, `${infer T}[]`] ? Single<T>[] : never
type SingleValue<F> = F extends readonly [number, infer T] ? Single<T> : never

/** A field that the table does not have, as it is in the file. */
export interface UnknownField {
  readonly number: number
  readonly wireType: number
  /** The value without its tag. */
  readonly data: Uint8Array
}

/** A message: lists are always there, everything else where the file has it. */
export type Message<N extends MessageName> = {
  readonly $name: N
  $unknown: UnknownField[]
} & { -readonly [K in ListNames<Schema[N]>]: ListValue<Schema[N][K]> } & {
  -readonly [K in Exclude<keyof Schema[N], ListNames<Schema[N]>>]?: SingleValue<Schema[N][K]>
}

export interface FieldSchema {
  /** In a message's object. */
  readonly key: string
  readonly number: number
  readonly isList: boolean
  readonly type: MessageName | ScalarName
  /** Set where the type is a message. */
  readonly message: MessageName | undefined
}

const isMessage = (type: string): type is MessageName => type in schema

function fieldSchema([key, [number, text]]: [string, Field]): FieldSchema {
  const type = text.replace('[]', '') as MessageName | ScalarName
  return { key, number, isList: text.endsWith('[]'), type, message: isMessage(type) ? type : undefined }
}

/** Every message's fields, in the order of their numbers. */
export const fieldsOf = {} as Record<MessageName, readonly FieldSchema[]>
for (const name of Object.keys(schema) as MessageName[])
  fieldsOf[name] = Object.entries<Field>(schema[name])
    .map(fieldSchema)
    .sort((a, b) => a.number - b.number)

/** `AttributeProto.Type` by its numbers. */
export const attributeTypes = {
  undefined: 0,
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
  sparseTensor: 11,
  sparseTensors: 12,
  typeProto: 13,
  typeProtos: 14,
} as const

/** `TensorProto.DataLocation.EXTERNAL` */
export const externalLocationType = 1
