import type { Graph, Model, Node, Tensor, ValueInfo } from './model.ts'
import { tensorOf } from './tensor.ts'
import { allNames, freshName } from './traverse.ts'

/** Changes to a model's stored tensors, applied to copies of its maps and lists. */
export class TensorEdits {
  readonly initializers: Map<string, Tensor>
  inputs: ValueInfo[]
  readonly #model: Model
  readonly #taken: Set<string>

  constructor(model: Model, taken: Set<string> = allNames(model.graph)) {
    this.#model = model
    this.initializers = new Map(model.graph.initializers)
    this.inputs = [...model.graph.inputs]
    this.#taken = taken
  }

  /** Sets an initializer. Up to IR version 3 initializers are listed among the inputs, with their shape. */
  set(name: string, tensor: Tensor): void {
    this.initializers.set(name, tensor)
    const info: ValueInfo = { name, type: { kind: 'tensor', elementType: tensor.elementType, shape: tensor.shape } }
    const at = this.inputs.findIndex((i) => i.name === name)
    if (at >= 0) this.inputs[at] = { ...this.inputs[at], ...info }
    else if (this.#model.irVersion < 4) this.inputs.push(info)
  }

  /** A name like `wish` that nothing has, and from now on taken. */
  name(wish: string): string {
    return freshName(this.#taken, wish)
  }

  /** A new tensor, under a name like `wish`. */
  add(wish: string, tensor: Tensor): string {
    const name = this.name(wish)
    this.set(name, tensor)
    return name
  }

  /** A new int64 vector, under a name like `wish`. */
  addInts(wish: string, values: readonly number[]): string {
    return this.add(wish, tensorOf('int64', [values.length], values))
  }

  /**
   * Replaces a stored tensor of any kind. A node that stands for one gives way to an initializer; with `sameFill` one that makes a tensor of a
   * given shape (ConstantOfShape) gets the new shape, so that the file stays as small as it was.
   * @returns the nodes that are left
   */
  replaceStored(nodes: Node[], name: string, tensor: Tensor, sameFill: boolean): Node[] {
    if (this.initializers.has(name)) {
      this.set(name, tensor)
      return nodes
    }
    return nodes.flatMap((node) => {
      if (!node.outputs.includes(name)) return [node]
      if (sameFill && node.inputs.length === 1)
        return [{ ...node, inputs: [this.addInts(`${name}_shape`, tensor.shape)] }]
      this.set(name, tensor)
      return []
    })
  }
}

/** The graph with these initializers and inputs. */
export function withEdits(graph: Graph, edits: TensorEdits, nodes: Node[]): Graph {
  return { ...graph, nodes, inputs: edits.inputs, initializers: edits.initializers }
}
