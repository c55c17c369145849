import {
  type AttributeValue,
  type CompositeBody,
  float,
  makeNode,
  type Node,
  type Tensor,
  tensorOf,
} from '../../graph/index.ts'

/** The nodes of a function one after the other, their values numbered. */
export class Body {
  readonly nodes: Node[] = []
  /** Version of the standard operators. */
  readonly version: number
  readonly #prefix: string

  constructor(version: number, prefix = '') {
    this.version = version
    this.#prefix = prefix
  }

  /** Adds a node and returns its output, which may be named. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    output?: string,
    domain = '',
  ): string {
    const name = `${this.#prefix}${opType}_${this.nodes.length}`
    const [own, made] = output === undefined ? [name, name] : [opType, output]
    this.nodes.push(makeNode(opType, inputs, [made], attributes, { name: own, domain }))
    return made
  }

  /** Adds a node of several outputs; '' for those that nobody reads. */
  nodeOf(
    opType: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): void {
    this.nodes.push(makeNode(opType, inputs, outputs, attributes, { name: opType }))
  }

  constant(value: Tensor): string {
    return this.node('Constant', [], { value })
  }

  ints(...values: number[]): string {
    return this.constant(tensorOf('int64', [values.length], values))
  }

  /**
   * The function that stands for a node.
   * @param main the type of the node in it that bears the node's own name
   */
  definition(node: Node, inputs: readonly string[], outputs: readonly string[], main: string): CompositeBody {
    return {
      main: this.nodes.find((n) => n.opType === main),
      name: node.opType,
      domain: node.domain,
      inputs: [...inputs],
      outputs: [...outputs],
      attributes: [...node.attributes.keys()],
      defaults: new Map(),
      nodes: this.nodes,
      opsetImports: new Map([['', this.version]]),
    }
  }
}

/** Attributes of a node in a body that are those of the call; what the call leaves out is left out. */
export const handedOn = (names: readonly string[]): Record<string, AttributeValue> =>
  Object.fromEntries(names.map((name) => [name, { kind: 'reference', name } as const]))

export const asFloats = (values: Readonly<Record<string, number>>): Record<string, AttributeValue> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, float(value)]))
