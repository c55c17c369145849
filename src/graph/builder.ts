import type { ElementType, Shape } from '../base/index.ts'
import type { AttributeValue } from './attribute-values.ts'
import { GraphEditor, type NodeOptions } from './editor.ts'
import type { Model, Tensor, ValueInfo } from './model.ts'
import { tensorOf } from './tensor.ts'

/** A model without anything in it. */
const emptyModel = (name: string, opset: number): Model => ({
  irVersion: 8,
  opsetImports: new Map([['', opset]]),
  producerName: 'kerf',
  graph: { name, inputs: [], outputs: [], initializers: new Map(), valueInfo: new Map(), nodes: [] },
  functions: [],
  metadata: new Map(),
})

/**
 * Builds a model node by node, under the names that are given; values are their names.
 *
 *     const b = new GraphBuilder('tiny')
 *     const x = b.input('x', 'float32', ['N', 3, 32, 32])
 *     const w = b.constant('w', tensorOf('float32', [8, 3, 3, 3], weights))
 *     b.output(b.node('Conv', [x, w], { pads: [1, 1, 1, 1] }))
 *     const model = b.model()
 */
export class GraphBuilder {
  readonly #editor: GraphEditor
  #count = 0

  /**
   * A model without anything in it.
   * @param name of the graph
   * @param opset version of the standard operator set, 17 by default: what current exporters and runtimes agree on
   */
  constructor(name: string, opset = 17) {
    this.#editor = new GraphEditor(emptyModel(name, opset))
  }

  /** Adds graph input `name`, and returns its name. */
  input(name: string, elementType: ElementType, shape: Shape): string {
    return this.#editor.input(name, elementType, shape)
  }

  /** Stores a tensor as initializer `name`, and returns its name. */
  constant(name: string, tensor: Tensor): string {
    this.#editor.set(name, tensor)
    return name
  }

  /** Stores `values` as int64 vector `name`: shapes, pads, axes. */
  ints(name: string, values: readonly number[]): string {
    return this.constant(name, tensorOf('int64', [values.length], values))
  }

  /** Adds a node of operator `opType` on `inputs`, with `attributes` by their names (an integer is an int; see `float`), and returns its first output. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    options: NodeOptions = {},
  ): string {
    const { name = `${opType}_${this.#count++}`, outputs = [`${name}_output`] } = options
    return this.#editor.node(opType, inputs, attributes, { ...options, name, outputs })
  }

  /** Makes value `name` an output of the graph, behind the others; its `type` may be left to inference. */
  output(name: string, type?: ValueInfo['type']): void {
    this.#editor.output(name, type)
  }

  /** Gives value `from` the name `to`. */
  rename(from: string, to: string): void {
    this.#editor.rename(from, to)
  }

  /** The model as it is now. */
  model(): Model {
    return this.#editor.model()
  }
}
