import { isConcrete, isFloating, KerfError } from '../base/index.ts'
import {
  type Analysis,
  analyse,
  editGraph,
  type GraphEditor,
  type InferredCall,
  type Model,
  type Node,
  nodeLabel,
  type Operator,
  type OperatorSet,
  simplified,
} from '../graph/index.ts'
import { operators as allOperators } from '../ops/index.ts'
import { dependants } from './dependants.ts'
import { Emitter } from './emitter.ts'
import { unrollNodes } from './unroll.ts'

/*
 * dL/dx = Σ over the readers of x of (dL/dy · dy/dx), from the loss backwards (reverse mode). The result is a graph like every other: its
 * saved activations are values that live long, which the plan's memory knows how to share.
 */

/** Which surrogate to take where an operator offers several, by name: `{ 'AdderConv.weight': 'sign' }`. Others are the first offered. */
export type Choices = Readonly<Record<string, string>>

/** A model with the nodes that compute gradients. */
export interface Differentiated {
  /** The given model with nodes appended. What it had before is shared, not copied. */
  readonly model: Model
  /** Per value asked for, the value that is its gradient: of the same shape, zero where the loss does not depend on it. */
  readonly gradients: ReadonlyMap<string, string>
  /** Those of the values that no gradient reaches. */
  readonly unreached: readonly Unreached[]
}

/** A value whose gradient is zero whatever comes in. */
export interface Unreached {
  /** Its name. */
  readonly value: string
  /** Where the gradient ends on its way to the value; undefined where the loss does not depend on the value at all. */
  readonly endsAt:
    | {
        /** The operator that no gradient passes. */
        readonly opType: string
        /** Its node's name, or that of its first output. */
        readonly node: string
      }
    | undefined
}

/**
 * Appends the gradient of one value with respect to others.
 *
 * @param given nodes in topological order; calls of model-local functions are inlined unless Kerf knows the operator, recurrent nodes unrolled
 * @param loss one float32 number
 * @param values graph inputs or other float32 values (an initializer is a constant: make it an input first)
 * @param inputShapes concrete shapes of the graph's inputs
 * @param operators what is known of them: Kerf's, and your own (`withOperators`)
 * @throws KerfError `not-differentiable` naming the node through which no gradient passes, `wrong-shape` when the loss is no single number,
 *   `unknown-value`, `bad-options` for a choice that no operator offers
 */
export function differentiate(
  given: Model,
  loss: string,
  values: readonly string[],
  inputShapes: ReadonlyMap<string, readonly number[]>,
  choices: Choices = {},
  operators: OperatorSet = allOperators,
): Differentiated {
  const inlined = simplified(given, operators, { inputShapes })
  const analysis = unrollNodes(analyse(inlined, operators, { inputShapes }), values)
  const editor = editGraph(analysis.model)
  const walk = new Backwards(analysis, editor, choices)
  const gradients = walk.gradients(loss, values)
  return { model: editor.model(), gradients, unreached: walk.unreached(values) }
}

class Backwards {
  readonly #analysis: Analysis
  readonly #emit: Emitter
  readonly #choices: Choices
  /** Gradients that have arrived at a value so far, one per reader. */
  readonly #arrived = new Map<string, string[]>()
  readonly #chosen = new Set<string>()
  /** Nodes that a gradient came to and did not pass, from the loss backwards. */
  readonly #ends: Node[] = []

  /** @param editor of the analysed model, which takes the new nodes */
  constructor(analysis: Analysis, editor: GraphEditor, choices: Choices) {
    this.#analysis = analysis
    this.#emit = new Emitter(editor)
    this.#choices = choices
  }

  /** Of the network, without those of its gradients. */
  get #nodes(): readonly Node[] {
    return this.#analysis.model.graph.nodes
  }

  gradients(loss: string, wanted: readonly string[]): Map<string, string> {
    const shape = this.#shapeOf(loss)
    if (shape.some((d) => d !== 1))
      throw new KerfError('wrong-shape', `The loss "${loss}" is of shape [${shape}]; it should be a single number.`, {
        value: loss,
        shape,
      })
    for (const value of wanted) this.#shapeOf(value)
    const depends = dependants(this.#nodes, wanted)
    this.#arrived.set(loss, [this.#emit.floats([1], shape)])
    for (const node of this.#nodes.toReversed())
      if (node.outputs.some((o) => depends.has(o) && this.#arrived.has(o))) this.#through(node, depends)
    const unknown = Object.keys(this.#choices).filter((name) => !this.#chosen.has(name))
    if (unknown.length > 0)
      throw new KerfError('bad-options', `Nothing in the network offers the choice ${unknown.join(', ')}.`, { unknown })
    this.#emit.prefix = 'gradient'
    return new Map(wanted.map((value) => [value, this.#total(value) ?? this.#zeros(value)]))
  }

  /** After `gradients`. */
  unreached(wanted: readonly string[]): Unreached[] {
    return wanted
      .filter((value) => !this.#arrived.has(value))
      .map((value) => {
        const behind = dependants(this.#nodes, [value])
        const end = this.#ends.find((node) => node.inputs.some((i) => behind.has(i)))
        return { value, endsAt: end && { opType: end.opType, node: nodeLabel(end) } }
      })
  }

  /** One node: its rule's gradients are added to what has arrived at its inputs. */
  #through(node: Node, depends: ReadonlySet<string>): void {
    const { operator, call } = this.#known(node)
    const needs = (i: number) => {
      const name = node.inputs[i]
      const type = call.inputs[i]?.elementType
      if (name === undefined || !depends.has(name) || type === undefined) return false
      return isFloating(type) || (operator.straightThrough?.includes(i) ?? false)
    }
    if (operator.gradient === 'zero' || !node.inputs.some((_, i) => needs(i))) {
      this.#ends.push(node)
      return
    }
    const shapeless = node.inputs.find((_, i) => needs(i) && !isConcrete(call.inputs[i]?.shape))
    if (shapeless !== undefined) this.#refuseShapeOf(shapeless)
    const gradients = node.outputs.map((o) => (o !== '' && depends.has(o) ? this.#total(o) : undefined))
    if (gradients.every((g) => g === undefined)) return
    if (!operator.backward)
      throw new KerfError(
        'not-differentiable',
        `${node.opType} "${nodeLabel(node)}": no gradient passes through this operator. Train only what comes behind it, or replace it.`,
        { opType: node.opType, node: nodeLabel(node) },
      )
    this.#emit.prefix = `${nodeLabel(node)}/gradient`
    const passed = operator.backward({ ...call, gradients, needs, emit: this.#emit, choice: this.#choice })
    node.inputs.forEach((name, i) => {
      const gradient = passed[i]
      if (gradient !== undefined && needs(i)) this.#arrived.set(name, [...(this.#arrived.get(name) ?? []), gradient])
    })
  }

  /** @throws for the node with which the shape of a value begins to depend on data: what its rule says of that, where it says anything */
  #refuseShapeOf(shapeless: string): never {
    let value = shapeless
    const made = () => {
      const producer = this.#analysis.producers.get(value)
      if (!producer) this.#shapeOf(value)
      return this.#known(producer!)
    }
    const unknownInput = ({ call }: ReturnType<typeof made>) =>
      call.node.inputs.find((name, i) => name !== '' && !isConcrete(call.inputs[i]?.shape))
    for (let before = unknownInput(made()); before !== undefined; before = unknownInput(made())) value = before
    const { operator, call } = made()
    if (operator.backward) {
      const gradients = call.node.outputs.map(() => value)
      operator.backward({ ...call, gradients, needs: () => true, emit: this.#emit, choice: this.#choice })
    }
    throw new KerfError(
      'not-differentiable',
      `${call.node.opType} "${nodeLabel(call.node)}": no gradient passes where the shape of its result depends on data. Fix the sizes in the model.`,
      { opType: call.node.opType, node: nodeLabel(call.node) },
    )
  }

  readonly #choice = <T extends string>(name: string, options: readonly [T, ...T[]]): T => {
    this.#chosen.add(name)
    const wanted = this.#choices[name]
    if (wanted === undefined) return options[0]
    const found = options.find((o) => o === wanted)
    if (found === undefined)
      throw new KerfError('bad-options', `${name} is "${wanted}"; there are: ${options.join(', ')}.`, { name, wanted })
    return found
  }

  #total(value: string): string | undefined {
    const parts = this.#arrived.get(value)
    if (!parts) return undefined
    let [sum = ''] = parts
    for (const part of parts.slice(1)) sum = this.#emit.node('Add', [sum, part])
    this.#arrived.set(value, [sum])
    return sum
  }

  #zeros(value: string): string {
    const shape = this.#shapeOf(value)
    const count = shape.reduce((p, d) => p * d, 1)
    return this.#emit.floats(new Array<number>(count).fill(0), shape)
  }

  #known(node: Node): { operator: Operator; call: InferredCall } {
    const known = this.#analysis.calls.get(node)
    if (known) return known
    throw new KerfError(
      'not-differentiable',
      `${node.opType} "${nodeLabel(node)}": Kerf does not know this operator.`,
      {
        opType: node.opType,
        node: nodeLabel(node),
        opset: this.#analysis.model.opsetImports.get(node.domain),
      },
    )
  }

  #shapeOf(value: string): readonly number[] {
    const known = this.#analysis.values.get(value)
    if (!known || !isConcrete(known.shape))
      throw new KerfError('unknown-value', `There is no value "${value}" of known shape in the network.`, { value })
    return known.shape
  }
}
