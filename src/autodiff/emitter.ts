import {
  type AttributeValue,
  attributeOf,
  freshName,
  type GradientEmitter,
  type Graph,
  tensorOf,
} from '../graph/index.ts'

/** Appends nodes to a graph, under names that are free. Speaks the opset of the model that it appends to. */
export class Emitter implements GradientEmitter {
  readonly #graph: Graph
  readonly #taken: Set<string>
  readonly #opset: number
  readonly #constants = new Map<string, string>()
  /** What nodes are made for: part of their names. */
  prefix = 'gradient'

  /** @param opset version of the standard operator set */
  constructor(graph: Graph, taken: Set<string>, opset: number) {
    this.#graph = graph
    this.#taken = taken
    this.#opset = opset
  }

  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    domain = '',
  ): string {
    return this.nodes(opType, inputs, 1, attributes, domain)[0]!
  }

  nodes(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes: Readonly<Record<string, AttributeValue>> = {},
    domain = '',
  ): string[] {
    const name = this.#fresh(`${this.prefix}/${opType}`)
    const made = Array.from({ length: outputs }, (_, i) => this.#fresh(`${name}_output${outputs > 1 ? i : ''}`))
    this.#graph.nodes.push({
      name,
      opType,
      domain,
      inputs: [...inputs],
      outputs: made,
      attributes: new Map(Object.entries(attributes).map(([key, value]) => [key, attributeOf(value)])),
    })
    return [...made]
  }

  floats(values: readonly number[], shape: readonly number[] = []): string {
    return this.#constant('float32', values, shape)
  }

  ints(values: readonly number[]): string {
    return this.#constant('int64', values, [values.length])
  }

  sum(value: string, axes: readonly number[], keepDims = true): string {
    if (axes.length === 0) return value
    const keepdims = keepDims ? 1 : 0
    // Axes became an input with opset 13.
    return this.#opset < 13
      ? this.node('ReduceSum', [value], { axes, keepdims })
      : this.node('ReduceSum', [value, this.ints(axes)], { keepdims })
  }

  reshape(value: string, shape: readonly number[]): string {
    return this.node('Reshape', [value, this.ints(shape)])
  }

  expand(value: string, shape: readonly number[]): string {
    return this.node('Expand', [value, this.ints(shape)])
  }

  zeros(shape: readonly number[]): string {
    return this.expand(this.floats([0]), shape)
  }

  pad(value: string, begins: readonly number[], ends: readonly number[]): string {
    const pads = [...begins, ...ends]
    // The pads became an input with opset 11.
    return this.#opset < 11 ? this.node('Pad', [value], { pads }) : this.node('Pad', [value, this.ints(pads)])
  }

  split(value: string, axis: number, sizes: readonly number[]): string[] {
    // The sizes became an input with opset 13.
    return this.#opset < 13
      ? this.nodes('Split', [value], sizes.length, { axis, split: sizes })
      : this.nodes('Split', [value, this.ints(sizes)], sizes.length, { axis })
  }

  unbroadcast(gradient: string, from: readonly number[], to: readonly number[]): string {
    const added = from.length - to.length
    const axes = from.flatMap((size, axis) => (axis < added || (size !== 1 && to[axis - added] === 1) ? [axis] : []))
    const summed = this.sum(gradient, axes)
    return added > 0 ? this.reshape(summed, to) : summed
  }

  /** One constant for equal contents. */
  #constant(elementType: 'float32' | 'int64', values: readonly number[], shape: readonly number[]): string {
    const key = `${elementType}[${shape}]${values}`
    let name = this.#constants.get(key)
    if (name === undefined) {
      name = this.#fresh('gradient/constant')
      this.#graph.initializers.set(name, tensorOf(elementType, shape, values))
      this.#constants.set(key, name)
    }
    return name
  }

  #fresh(wish: string): string {
    return freshName(this.#taken, wish)
  }
}
