import { type AttributeValue, attributeOf } from './builder.ts'
import type { Unfolding } from './control.ts'
import { GraphInference, type InferenceOptions } from './infer.ts'
import { Copier, inlineFunctions } from './inline.ts'
import { type Graph, type Model, type Node, nodeLabel, type Tensor } from './model.ts'
import type { OperatorSet } from './operator.ts'
import { allNames, freshName, subgraphsOf, usedNames } from './traverse.ts'

/**
 * The model as every walk wants to see it: model-local functions inlined, branches that are known taken, loops whose trip count is known unrolled,
 * sequences whose elements are known replaced by these. Weights keep their names where they can.
 *
 * @param options sizes of inputs. What is decided by them holds for these sizes alone; without them only what is always so is decided
 * @returns the same model when there is nothing to do
 * @throws as `inlineFunctions` and `analyse`
 */
export function simplified(model: Model, operators: OperatorSet, options: InferenceOptions = {}): Model {
  const inlined = inlineFunctions(model, operators)
  const isSimple = inlined.graph.nodes.every((n) => operators.get(n.domain, n.opType)?.unfold === undefined)
  return isSimple ? inlined : new Simplifier(inlined, operators, options).model()
}

class Simplifier {
  readonly #model: Model
  readonly #operators: OperatorSet
  readonly #inference: GraphInference
  readonly #graph: Graph
  readonly #taken: Set<string>
  readonly #queue: Node[]
  /** Sequences whose elements are known, with the node that makes each: it is kept only where somebody wants the sequence itself. */
  readonly #sequences = new Map<string, { readonly elements: readonly string[]; readonly node: Node }>()
  readonly #copiers = new Map<Graph, Copier>()
  #unfolded = false

  constructor(model: Model, operators: OperatorSet, options: InferenceOptions) {
    const { graph } = model
    this.#graph = {
      ...graph,
      initializers: new Map(graph.initializers),
      valueInfo: new Map(graph.valueInfo),
      nodes: [],
    }
    this.#model = { ...model, graph: this.#graph }
    this.#operators = operators
    this.#taken = allNames(graph)
    this.#queue = [...graph.nodes]
    this.#inference = new GraphInference(this.#model, operators, options)
    this.#original = model
  }

  readonly #original: Model

  model(): Model {
    for (let node = this.#queue.shift(); node; node = this.#queue.shift()) this.#take(node)
    for (const { name } of this.#graph.outputs) this.#keepSequence(name)
    return this.#unfolded ? this.#model : this.#original
  }

  #take(node: Node): void {
    const known = this.#inference.ask(node)
    const handedOn = known?.operator.accesses === 'view' && this.#sequences.get(node.inputs[0] ?? '')
    if (handedOn) {
      this.#sequences.set(node.outputs[0]!, { elements: handedOn.elements, node })
      return
    }
    const made: Node[] = []
    if (known?.operator.unfold?.(known.call, this.#unfolding(node, made))) {
      this.#unfolded = true
      this.#queue.unshift(...made)
      return
    }
    for (const name of usedNames(node)) this.#keepSequence(name)
    this.#keep(node)
  }

  #keep(node: Node): void {
    this.#inference.visit(node)
    this.#graph.nodes.push(node)
  }

  /** A sequence that is wanted as such. */
  #keepSequence(name: string): void {
    const sequence = this.#sequences.get(name)
    if (!sequence) return
    this.#sequences.delete(name)
    for (const input of usedNames(sequence.node)) this.#keepSequence(input)
    this.#keep(sequence.node)
  }

  #unfolding(node: Node, made: Node[]): Unfolding {
    const label = nodeLabel(node)
    const nodes = (opType: string, inputs: readonly string[], outputs: readonly string[], attributes = {}) => {
      made.push({
        name: outputs[0]!,
        opType,
        domain: '',
        inputs: [...inputs],
        outputs: [...outputs],
        attributes: new Map(
          Object.entries<AttributeValue>(attributes).map(([key, value]) => [key, attributeOf(value)]),
        ),
      })
      return [...outputs]
    }
    const fresh = (wish: string) => freshName(this.#taken, `${label}/${wish}`)
    return {
      nodes: (opType, inputs, count, attributes) =>
        nodes(
          opType,
          inputs,
          Array.from({ length: count }, () => fresh(opType)),
          attributes,
        ),
      constant: (tensor) => this.#store(fresh('constant'), tensor),
      inline: (body, inputs, place) => {
        let copier = this.#copiers.get(body)
        if (!copier) {
          copier = new Copier(body, label, this.#taken, this.#operators)
          this.#copiers.set(body, copier)
          for (const [name, tensor] of copier.initializers) this.#store(name, tensor)
          made.push(...copier.stored)
        }
        const copy = copier.copy(inputs, place)
        made.push(...copy.nodes)
        for (const info of copy.valueInfo) this.#graph.valueInfo.set(info.name, info)
        return copy.outputs
      },
      output: (index, value) => {
        const name = node.outputs[index] ?? ''
        if (name === '') return
        const maker = made.find((n) => n.outputs.includes(value))
        // The node that makes it gives it the name, unless a body reads it by its own.
        if (maker && !made.some((n) => subgraphsOf(n).length > 0 && usedNames(n).includes(value)))
          for (const n of made) {
            n.inputs = n.inputs.map((input) => (input === value ? name : input))
            n.outputs = n.outputs.map((output) => (output === value ? name : output))
          }
        else nodes('Identity', [value], [name])
      },
      elements: (sequence) => this.#sequences.get(sequence)?.elements,
      sequence: (index, elements) => {
        const name = node.outputs[index] ?? ''
        if (name !== '') this.#sequences.set(name, { elements, node })
      },
    }
  }

  #store(name: string, tensor: Tensor): string {
    this.#graph.initializers.set(name, tensor)
    this.#inference.store(name, tensor)
    return name
  }
}
