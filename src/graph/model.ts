import type { ElementType, Shape } from '../base/index.ts'

/*
 * The intermediate representation: ONNX semantics (onnx.proto, ONNX 1.20; NCHW, names of values bind nodes together) as plain
 * objects. Everything a file says has a place here, understood or not: what is not understood sits in a `preserved` field, which
 * only the reader that put it there and its writer look into.
 */

/** What a reader kept for its writer (unknown fields, denotations, parts that no other room needs). Opaque to everybody else. */
export type Preserved = unknown

/** An integer of a file: a `number` where that is exact, otherwise a `bigint` (INT64_MAX as "to the end"). */
export type Integer = number | bigint

/** The bytes of a tensor, fetched when asked for and not kept. Little-endian, packed as ONNX's `raw_data`. */
export interface TensorData {
  /** Of the whole; known without reading. */
  readonly byteLength: number
  /**
   * @param offset first byte, 0 by default
   * @param length number of bytes, by default all that follow
   * @param into memory that a source which has to read may use instead of new memory; the result then is a view of it
   * @throws KerfError when the source is missing or too short
   */
  bytes(offset?: number, length?: number, into?: ArrayBuffer): Uint8Array
  /** Whether a part is read without making the rest. Default false. */
  readonly streamed?: boolean
  /** The bytes that all are made of, again and again: whoever only counts need not read them all. */
  readonly repeats?: Uint8Array
}

/** A constant tensor. Reading its bytes may touch the disk: counting never does. */
export interface Tensor {
  /** By ONNX's lower-case name: `float32`, `int64`. */
  readonly elementType: ElementType
  /** Its size on each axis; [] for a single number. */
  readonly shape: readonly number[]
  /** The elements, row-major; see `tensorValues`. */
  readonly data: TensorData
  /** The elements of a `string` tensor (UTF-8), for which `data` is empty. */
  readonly strings?: readonly Uint8Array[]
  /** The file's remark on it. */
  readonly docString?: string
  /** For the writer alone. */
  readonly preserved?: Preserved
}

/** A tensor type; `shape` is undefined where the file does not even give the rank. */
export interface TensorType {
  readonly kind: 'tensor'
  /** By ONNX's lower-case name. */
  readonly elementType: ElementType
  /** Sizes and symbols, one for each axis. */
  readonly shape: Shape | undefined
}

/** Sequences, maps, optionals, sparse tensors: kept, not understood. */
export interface OtherType {
  readonly kind: 'other'
}

/** What a file says of a value: an input, an output, or one in between. */
export interface ValueInfo {
  /** The value's name, by which nodes read it. */
  readonly name: string
  /** undefined where the file leaves it to inference. */
  readonly type: TensorType | OtherType | undefined
  /** The file's remark on it. */
  readonly docString?: string
  /** For the writer alone. */
  readonly preserved?: Preserved
}

/** An attribute's value, told apart by its kind. */
export interface TypedAttribute<K extends string, V> {
  /** As ONNX's AttributeType, in lower case. */
  readonly kind: K
  /** Of text that is no UTF-8, the bytes. */
  readonly value: V
}

/** An attribute of a node. */
export type Attribute = (
  | TypedAttribute<'int', Integer>
  | TypedAttribute<'float', number>
  | TypedAttribute<'string', string | Uint8Array>
  | TypedAttribute<'tensor', Tensor>
  | TypedAttribute<'graph', Graph>
  | TypedAttribute<'ints', readonly Integer[]>
  | TypedAttribute<'floats', readonly number[]>
  | TypedAttribute<'strings', readonly (string | Uint8Array)[]>
  | TypedAttribute<'tensors', readonly Tensor[]>
  | TypedAttribute<'graphs', readonly Graph[]>
  /** Inside a function: the value of the calling node's attribute `name`. */
  | {
      readonly kind: 'reference'
      /** Of the caller's attribute. */
      readonly name: string
    }
  | { readonly kind: 'other' }
) & {
  /** The file's remark on it. */
  readonly docString?: string
  /** For the writer alone. */
  readonly preserved?: Preserved
}

/** A node. Empty strings among `inputs` and `outputs` are optional ones left out. */
export interface Node {
  /** Of the node itself, for people; '' where the file gives none. */
  readonly name: string
  /** The operator's ONNX name: `Conv`. */
  readonly opType: string
  /** '' is the standard domain (`ai.onnx` is read as ''). */
  readonly domain: string
  /** Which of several functions of one name is meant (IR version 10). */
  readonly overload?: string
  /** Names of the values that it reads, in the operator's order. */
  readonly inputs: readonly string[]
  /** Names of the values that it makes, in the operator's order. */
  readonly outputs: readonly string[]
  /** Those that the file gives, by name. */
  readonly attributes: ReadonlyMap<string, Attribute>
  /** The file's remark on it. */
  readonly docString?: string
  /** For the writer alone. */
  readonly preserved?: Preserved
}

/** Nodes, bound together by the names of values: a model's, or the body of a node (If, Loop, Scan). */
export interface Graph {
  /** Of the graph, for people. */
  readonly name: string
  /** The file's remark on it. */
  readonly docString?: string
  /** As in the file: with IR version 3, initializers are listed here too. See `graphInputs`. */
  readonly inputs: readonly ValueInfo[]
  /** What it gives, in order. */
  readonly outputs: readonly ValueInfo[]
  /** Stored tensors by the names of their values: weights, and constants that are no node. */
  readonly initializers: ReadonlyMap<string, Tensor>
  /** Types of values in between, where the file gives them. */
  readonly valueInfo: ReadonlyMap<string, ValueInfo>
  /** In topological order in valid files. */
  readonly nodes: readonly Node[]
  /** For the writer alone. */
  readonly preserved?: Preserved
}

/** A model-local function: a body of nodes that a node of type `domain`.`name` stands for. */
export interface FunctionDefinition {
  /** The operator type of the nodes that call it. */
  readonly name: string
  /** Their domain. */
  readonly domain: string
  /** Which of several functions of one name it is (IR version 10). */
  readonly overload?: string
  /** Names that the body has for the caller's inputs, in order. */
  readonly inputs: readonly string[]
  /** Values of the body that the caller's outputs are, in order. */
  readonly outputs: readonly string[]
  /** Names of attributes that a call must give; those with a default are in `defaults`. */
  readonly attributes: readonly string[]
  /** The others, which a call may leave out, with their values. */
  readonly defaults: ReadonlyMap<string, Attribute>
  /** The body, in topological order in valid files. */
  readonly nodes: readonly Node[]
  /** Versions of the operator sets that the body speaks, by domain. */
  readonly opsetImports: ReadonlyMap<string, number>
  /** The file's remark on it. */
  readonly docString?: string
  /** For the writer alone. */
  readonly preserved?: Preserved
}

/** An ONNX model: read-only, its weights lazy. Changed copies are made by `editGraph`, new ones by `GraphBuilder`. */
export interface Model {
  /** Of the file format: 3 to 13; see the release notes of ONNX. */
  readonly irVersion: number
  /** Version of the operator set by domain ('' is the standard one). */
  readonly opsetImports: ReadonlyMap<string, number>
  /** The exporter. */
  readonly producerName?: string
  /** The exporter's version. */
  readonly producerVersion?: string
  /** Of the model, as a reversed domain name; not of its operators. */
  readonly domain?: string
  /** Of the model, as its author counts. */
  readonly modelVersion?: Integer
  /** The file's remark on it. */
  readonly docString?: string
  /** What is computed. */
  readonly graph: Graph
  /** Model-local functions; walks see their bodies in the place of the calls (`inlineFunctions`). */
  readonly functions: readonly FunctionDefinition[]
  /** Entries of the author's, by key: class names, preprocessing (`imageMetadata`). */
  readonly metadata: ReadonlyMap<string, string>
  /** For the writer alone. */
  readonly preserved?: Preserved
}

/** The inputs that a caller must feed: those without an initializer as default. */
export function graphInputs(graph: Graph): ValueInfo[] {
  return graph.inputs.filter((i) => !graph.initializers.has(i.name))
}

/** How messages name a `node`: by its name, else by its first output (names of nodes are optional in ONNX). */
export function nodeLabel(node: Pick<Node, 'name' | 'opType' | 'outputs'>): string {
  return node.name || node.outputs.find((o) => o !== '') || node.opType
}
