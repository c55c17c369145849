import type { ElementType, Shape } from '../base/index.ts'
import type { Graph, Node } from './model.ts'

/** A small dense tensor of numbers, as the reference implementations take and return them. Row-major. */
export interface Dense {
  /** What `data` are rounded to. */
  readonly elementType: ElementType
  /** Its size on each axis; [] for a single number. */
  readonly shape: readonly number[]
  /** The elements; booleans are 0 and 1. */
  readonly data: ArrayLike<number>
  /** A sequence, while the network runs: its elements. The other fields then say nothing. */
  readonly sequence?: readonly Dense[]
}

/** Bytes that its elements take; plain arrays hold doubles. */
export const bytesOfDense = ({ data, sequence }: Dense): number =>
  sequence?.reduce((sum, element) => sum + bytesOfDense(element), 0) ??
  ('byteLength' in data ? Number(data.byteLength) : 8 * data.length)

/** What is known of a value before anything is run. */
export interface Known {
  /** undefined for values that are not tensors, and where nothing is known. */
  readonly elementType: ElementType | undefined
  /** undefined: not even the rank is known. */
  readonly shape: Shape | undefined
  /**
   * The content, where it follows from the file and the input shapes alone: small constants, and what Shape, Gather, Concat and
   * arithmetic make of them. Computed when asked for, and only for small tensors (see `valueLimit`).
   */
  readonly value?: Dense | undefined
}

/** Values with more elements than this are not followed. */
export const valueLimit = 4096

/** One node with what is known of its inputs; missing optional inputs are undefined. */
export interface Call<A = unknown> {
  /** As in the graph. */
  readonly node: Node
  /** What the operator's `attributes` read from the node. */
  readonly attributes: A
  /** Version of the operator set of the node's domain. */
  readonly opset: number
  /** Per input of the node. */
  readonly inputs: readonly (Known | undefined)[]
  /** For nodes that hold graphs: what is known of a body's outputs, given what is known of its inputs. Absent where no graph is around. */
  readonly inferBody?: (body: Graph, inputs: readonly (Known | undefined)[]) => readonly Known[]
}

/** The same with the outputs' types, once inferred, all of concrete shape. */
export interface InferredCall<A = unknown> extends Call<A> {
  /** Per output of the node; undefined for those left out. */
  readonly outputs: readonly (Known | undefined)[]
}
