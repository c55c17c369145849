import type { ElementType, Shape } from '../base/index.ts'
import type { Attribute, Graph, Model, Node, Tensor, ValueInfo } from './model.ts'
import { tensorOf } from './tensor.ts'

/** Plain values for attributes: integers are ints unless marked by `float`. */
export type AttributeValue = number | string | readonly number[] | readonly string[] | Tensor | Attribute

export const float = (value: number): Attribute => ({ kind: 'float', value })
export const floats = (value: readonly number[]): Attribute => ({ kind: 'floats', value })

/** An attribute from a plain value. */
export function attributeOf(value: AttributeValue): Attribute {
  if (typeof value === 'number') return Number.isInteger(value) ? { kind: 'int', value } : float(value)
  if (typeof value === 'string') return { kind: 'string', value }
  if (Array.isArray(value))
    return typeof value[0] === 'string'
      ? { kind: 'strings', value: value as string[] }
      : { kind: 'ints', value: value as number[] }
  return 'kind' in value ? value : { kind: 'tensor', value: value as Tensor }
}

export interface NodeOptions {
  readonly name?: string
  readonly domain?: string
  /** Names of the outputs; by default one, named after the node. */
  readonly outputs?: readonly string[]
}

/**
 * Builds a model node by node; values are their names.
 *
 *     const b = new GraphBuilder('tiny')
 *     const x = b.input('x', 'float32', ['N', 3, 32, 32])
 *     const w = b.constant('w', tensorOf('float32', [8, 3, 3, 3], weights))
 *     b.output(b.node('Conv', [x, w], { pads: [1, 1, 1, 1] }))
 *     const model = b.model()
 */
export class GraphBuilder {
  readonly #graph: Graph
  #count = 0
  readonly #opset: number
  readonly #domains = new Map<string, number>()

  /** @param opset version of the standard operator set, 17 by default: what current exporters and runtimes agree on */
  constructor(name: string, opset = 17) {
    this.#graph = { name, inputs: [], outputs: [], initializers: new Map(), valueInfo: new Map(), nodes: [] }
    this.#opset = opset
  }

  input(name: string, elementType: ElementType, shape: Shape): string {
    this.#graph.inputs.push({ name, type: { kind: 'tensor', elementType, shape } })
    return name
  }

  constant(name: string, tensor: Tensor): string {
    this.#graph.initializers.set(name, tensor)
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
    const name = options.name ?? `${opType}_${this.#count++}`
    const node: Node = {
      name,
      opType,
      domain: options.domain ?? '',
      inputs: [...inputs],
      outputs: [...(options.outputs ?? [`${name}_output`])],
      attributes: new Map(Object.entries(attributes).map(([k, v]) => [k, attributeOf(v)])),
    }
    if (node.domain !== '') this.#domains.set(node.domain, 1)
    this.#graph.nodes.push(node)
    return node.outputs[0]!
  }

  /** Names a value as a graph output; the type may be left to inference. */
  output(name: string, type?: ValueInfo['type']): void {
    this.#graph.outputs.push({ name, type })
  }

  model(): Model {
    return {
      irVersion: 8,
      opsetImports: new Map([['', this.#opset], ...this.#domains]),
      producerName: 'kerf',
      graph: this.#graph,
      functions: [],
      metadata: new Map(),
    }
  }
}
