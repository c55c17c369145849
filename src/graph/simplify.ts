import type { Unfolding } from './control.ts'
import { editGraph, type GraphEditor, makeNode } from './editor.ts'
import { GraphInference, type InferenceOptions } from './infer.ts'
import { Copier, inlineFunctions, mostMadeNodes } from './inline.ts'
import { type Graph, type Model, type Node, nodeLabel, type Tensor } from './model.ts'
import type { OperatorSet } from './operator.ts'
import { checkOutputs } from './signature.ts'
import { subgraphsOf, usedNames } from './traverse.ts'

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
  return (isSimple ? undefined : new Simplifier(inlined, operators, options).model()) ?? inlined
}

/** Longer sequences stay sequences: each that is made from another holds all its elements, too. */
const longestSequence = 1024

class Simplifier {
  readonly #operators: OperatorSet
  readonly #editor: GraphEditor
  readonly #inference: GraphInference
  /** Sequences whose elements are known, with the node that makes each: it is kept only where somebody wants the sequence itself. */
  readonly #sequences = new Map<string, { readonly elements: readonly string[]; readonly node: Node }>()
  readonly #copiers = new Map<Graph, Copier>()
  #unfolded = false
  #made = 0

  constructor(model: Model, operators: OperatorSet, options: InferenceOptions) {
    this.#operators = operators
    this.#editor = editGraph(model)
    this.#inference = new GraphInference(model, operators, options)
  }

  /** @returns undefined where nothing was unfolded */
  model(): Model | undefined {
    this.#editor.rewrite((node) => this.#taken(node))
    for (const { name } of this.#editor.outputs) this.#editor.add(...this.#wanted(name))
    return this.#unfolded ? this.#editor.model() : undefined
  }

  /** What stands in a node's place. */
  #taken(node: Node): Node[] {
    const known = this.#inference.ask(node)
    const handedOn = known?.operator.accesses === 'view' && this.#sequences.get(node.inputs[0] ?? '')
    if (handedOn) {
      this.#sequences.set(node.outputs[0]!, { elements: handedOn.elements, node })
      return []
    }
    const made: Node[] = []
    // Loops in loops: each is small, all together may be any number of nodes. From there on they stay loops.
    if (this.#made < mostMadeNodes && known?.operator.unfold?.(known.call, this.#unfolding(node, made))) {
      // Nobody would miss an output that the node declares and its operator does not make.
      if (!known.operator.control) checkOutputs(known.call, known.operator.infer(known.call))
      this.#unfolded = true
      this.#made += made.length
      return made.flatMap((n) => this.#taken(n))
    }
    return [...usedNames(node).flatMap((name) => this.#wanted(name)), this.#kept(node)]
  }

  #kept(node: Node): Node {
    this.#inference.visit(node)
    return node
  }

  /** The nodes that make a sequence which is wanted as such. */
  #wanted(name: string): Node[] {
    const sequence = this.#sequences.get(name)
    if (!sequence) return []
    this.#sequences.delete(name)
    return [...usedNames(sequence.node).flatMap((input) => this.#wanted(input)), this.#kept(sequence.node)]
  }

  #unfolding(node: Node, made: Node[]): Unfolding {
    const label = nodeLabel(node)
    const nodes = (opType: string, inputs: readonly string[], outputs: readonly string[], attributes = {}) => {
      made.push(makeNode(opType, inputs, outputs, attributes))
      return [...outputs]
    }
    const fresh = (wish: string) => this.#editor.name(`${label}/${wish}`)
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
          copier = new Copier(body, label, this.#editor, this.#operators)
          this.#copiers.set(body, copier)
          for (const [name, tensor] of copier.initializers) this.#store(name, tensor)
          for (const stored of copier.stored) made.push(stored)
        }
        const copy = copier.copy(inputs, place)
        for (const copied of copy.nodes) made.push(copied)
        for (const info of copy.valueInfo) {
          this.#editor.declare(info)
          this.#inference.declare(info)
        }
        return copy.outputs
      },
      output: (index, value) => {
        const name = node.outputs[index] ?? ''
        if (name === '') return
        const maker = made.find((n) => n.outputs.includes(value))
        // The node that makes it gives it the name, unless a body reads it by its own.
        if (maker && !made.some((n) => subgraphsOf(n).length > 0 && usedNames(n).includes(value)))
          made.forEach((n, i) => {
            const renamed = (own: string) => (own === value ? name : own)
            made[i] = { ...n, inputs: n.inputs.map(renamed), outputs: n.outputs.map(renamed) }
          })
        else nodes('Identity', [value], [name])
      },
      elements: (sequence) => {
        const elements = this.#sequences.get(sequence)?.elements
        return elements && elements.length <= longestSequence ? elements : undefined
      },
      sequence: (index, elements) => {
        const name = node.outputs[index] ?? ''
        if (name !== '') this.#sequences.set(name, { elements, node })
      },
    }
  }

  #store(name: string, tensor: Tensor): string {
    this.#editor.set(name, tensor)
    this.#inference.store(name, tensor)
    return name
  }
}
