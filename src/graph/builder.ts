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

  /** @param opset version of the standard operator set, 17 by default: what current exporters and runtimes agree on */
  constructor(name: string, opset = 17) {
    this.#editor = new GraphEditor(emptyModel(name, opset))
  }

  input(name: string, elementType: ElementType, shape: Shape): string {
    return this.#editor.input(name, elementType, shape)
  }

  constant(name: string, tensor: Tensor): string {
    this.#editor.set(name, tensor)
    return name
  }

  /** An int64 vector: shapes, pads, axes. */
  ints(name: string, values: readonly number[]): string {
    return this.constant(name, tensorOf('int64', [values.length], values))
  }

  /** Adds a node and returns its first output. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    options: NodeOptions = {},
  ): string {
    const { name = `${opType}_${this.#count++}`, outputs = [`${name}_output`] } = options
    return this.#editor.node(opType, inputs, attributes, { ...options, name, outputs })
  }

  /** Names a value as a graph output; the type may be left to inference. */
  output(name: string, type?: ValueInfo['type']): void {
    this.#editor.output(name, type)
  }

  /** Gives a value another name. */
  rename(from: string, to: string): void {
    this.#editor.rename(from, to)
  }

  model(): Model {
    return this.#editor.model()
  }
}
