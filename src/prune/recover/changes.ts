import type { Analysis } from '../../graph/index.ts'
import { editGraph, type Model, type Node, type Tensor, tensorOf, tensorValues } from '../../graph/index.ts'
import { addedBy, affineOf, type SolvedLayer } from './layers.ts'
import { forWeights } from './problem.ts'
import type { LinearMap } from './ridge.ts'

/** A network whose tensors can be exchanged. */
export interface LiveNetwork {
  /** A stored tensor as it is now. */
  tensor(name: string): Tensor
  /** Puts another tensor in its place, or a new one beside the others. */
  set(name: string, tensor: Tensor): void
  /** Changes nodes. */
  rewrite(visit: (node: Node) => Node): void
}

/** Changes of a network that is on its way, and of the file that it was made from. */
export class Changes {
  readonly #live: LiveNetwork
  readonly #file: ReturnType<typeof editGraph>
  readonly #tensors = new Map<string, Tensor>()
  readonly #stored: ReadonlySet<string>

  /**
   * @param model what the file holds
   * @param live the same network, as it runs
   */
  constructor(model: Model, live: LiveNetwork) {
    this.#live = live
    this.#file = editGraph(model)
    const constants = model.graph.nodes.filter((n) => n.inputs.length === 0).flatMap((n) => n.outputs)
    this.#stored = new Set([...model.graph.initializers.keys(), ...constants])
  }

  /** Whether the file holds a tensor under this name. */
  canSet(name: string): boolean {
    return this.#stored.has(name)
  }

  setValues(name: string, values: ArrayLike<number>): void {
    const { elementType, shape } = this.#live.tensor(name)
    const tensor = tensorOf(elementType, shape, values)
    this.#live.set(name, tensor)
    this.#tensors.set(name, tensor)
  }

  setLayer(layer: SolvedLayer, cut: Analysis, maps: readonly LinearMap[]): void {
    const { sum, weight } = layer
    const stored = tensorValues(this.#live.tensor(weight))
    maps.forEach(({ weights }, g) => {
      forWeights(sum, g, (at, to) => {
        stored[to] = weights[at]!
      })
    })
    this.setValues(weight, stored)
    const constants = Float64Array.from(maps.flatMap((m) => [...m.constants]))
    if (constants.some((c) => c !== 0) || layer.bias !== undefined) this.#setConstants(layer, cut, constants)
  }

  /** Into the bias; where there is none, into what is added behind; where there is nothing, into a new bias. */
  #setConstants(
    { bias, behind: { affine }, output, sum, name }: SolvedLayer,
    cut: Analysis,
    constants: Float64Array,
  ): void {
    if (bias !== undefined) {
      this.setValues(bias, constants)
      return
    }
    const added = affine && addedBy(cut, affine)
    if (affine && added !== undefined && this.canSet(added)) {
      const { scale } = affineOf(cut, affine, (n) => tensorValues(this.#live.tensor(n)))
      const values = tensorValues(this.#live.tensor(added))
      this.setValues(
        added,
        values.map((v, c) => v + scale[c]! * constants[c]!),
      )
      return
    }
    const { elementType } = this.#live.tensor(cut.producers.get(output)!.inputs[sum.weight]!)
    const tensor = tensorOf(elementType, [constants.length], constants)
    const made = this.#file.name(`${name}_bias`)
    const withBias = (node: Node): Node => {
      if (node.outputs[0] !== output) return node
      const inputs = Array.from({ length: Math.max(node.inputs.length, sum.bias! + 1) }, (_, i) => node.inputs[i] ?? '')
      inputs[sum.bias!] = made
      return { ...node, inputs }
    }
    this.#live.set(made, tensor)
    this.#live.rewrite(withBias)
    this.#file.set(made, tensor)
    this.#file.rewrite(withBias)
  }

  model(): Model {
    for (const [name, tensor] of this.#tensors) this.#file.replaceStored(name, tensor)
    return this.#file.model()
  }
}
