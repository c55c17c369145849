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
  readonly elementType: ElementType
  readonly shape: readonly number[]
  readonly data: TensorData
  /** The elements of a `string` tensor (UTF-8), for which `data` is empty. */
  readonly strings?: readonly Uint8Array[]
  readonly docString?: string
  readonly preserved?: Preserved
}

/** A tensor type; `shape` is undefined where the file does not even give the rank. */
export interface TensorType {
  readonly kind: 'tensor'
  readonly elementType: ElementType
  readonly shape: Shape | undefined
}

/** Sequences, maps, optionals, sparse tensors: kept, not understood. */
export interface OtherType {
  readonly kind: 'other'
}

export interface ValueInfo {
  readonly name: string
  readonly type: TensorType | OtherType | undefined
  readonly docString?: string
  readonly preserved?: Preserved
}

export type Attribute = (
  | { readonly kind: 'int'; readonly value: Integer }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string | Uint8Array }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'graph'; readonly value: Graph }
  | { readonly kind: 'ints'; readonly value: readonly Integer[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly (string | Uint8Array)[] }
  | { readonly kind: 'tensors'; readonly value: readonly Tensor[] }
  | { readonly kind: 'graphs'; readonly value: readonly Graph[] }
  /** Inside a function: the value of the calling node's attribute `name`. */
  | { readonly kind: 'reference'; readonly name: string }
  | { readonly kind: 'other' }
) & { readonly docString?: string; readonly preserved?: Preserved }

/** A node. Empty strings among `inputs` and `outputs` are optional ones left out. */
export interface Node {
  readonly name: string
  readonly opType: string
  /** '' is the standard domain (`ai.onnx` is read as ''). */
  readonly domain: string
  readonly overload?: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: ReadonlyMap<string, Attribute>
  readonly docString?: string
  readonly preserved?: Preserved
}

export interface Graph {
  readonly name: string
  readonly docString?: string
  /** As in the file: with IR version 3, initializers are listed here too. See `graphInputs`. */
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  readonly initializers: ReadonlyMap<string, Tensor>
  /** Types of values in between, where the file gives them. */
  readonly valueInfo: ReadonlyMap<string, ValueInfo>
  /** In topological order in valid files. */
  readonly nodes: readonly Node[]
  readonly preserved?: Preserved
}

/** A model-local function: a body of nodes that a node of type `domain`.`name` stands for. */
export interface FunctionDefinition {
  readonly name: string
  readonly domain: string
  readonly overload?: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Names of attributes that a call must give; those with a default are in `defaults`. */
  readonly attributes: readonly string[]
  readonly defaults: ReadonlyMap<string, Attribute>
  readonly nodes: readonly Node[]
  readonly opsetImports: ReadonlyMap<string, number>
  readonly docString?: string
  readonly preserved?: Preserved
}

export interface Model {
  readonly irVersion: number
  /** Version of the operator set by domain ('' is the standard one). */
  readonly opsetImports: ReadonlyMap<string, number>
  readonly producerName?: string
  readonly producerVersion?: string
  readonly domain?: string
  readonly modelVersion?: Integer
  readonly docString?: string
  readonly graph: Graph
  readonly functions: readonly FunctionDefinition[]
  readonly metadata: ReadonlyMap<string, string>
  readonly preserved?: Preserved
}

/** The inputs that a caller must feed: those without an initializer as default. */
export function graphInputs(graph: Graph): ValueInfo[] {
  return graph.inputs.filter((i) => !graph.initializers.has(i.name))
}

/** How messages name a node: by its name, else by its first output (names of nodes are optional in ONNX). */
export function nodeLabel(node: Pick<Node, 'name' | 'opType' | 'outputs'>): string {
  return node.name || node.outputs.find((o) => o !== '') || node.opType
}
