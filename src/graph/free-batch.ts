import { KerfError, NodeError, type Shape } from '../base/index.ts'
import { analyse } from './analysis.ts'
import { attributeOf } from './attribute-values.ts'
import { editGraph, type GraphEditor } from './editor.ts'
import { GraphInference } from './infer.ts'
import { graphInputs, type Model, type Node, nodeLabel, type Tensor, type ValueInfo } from './model.ts'
import type { OperatorSet } from './operator.ts'
import { tensorOf } from './tensor.ts'

/*
 * Exporters fix the batch size that they saw: in the input, and where code reads it as a number, in targets of Reshape. Which nodes depend on it
 * shows when the shapes are inferred for another batch: a value whose size changes on one axis, by that factor, holds the batch there. A node that
 * gets such a value and makes none fixes the batch, or mixes the images.
 */

/** A size that is unlikely to be another one's factor. */
const probe = 7

/**
 * The model with a batch of any size on the first axis of its input, where its file fixes one; the same model where it does not. That every image gets what
 * it got before follows for each node from its shapes alone: a node that mixes images and keeps their number (a Softmax over the batch) is not seen.
 * @throws KerfError `fixed-batch` naming the node that fixes the size, and how
 */
export function freeBatch(model: Model, operators: OperatorSet): Model {
  const [input] = graphInputs(model.graph)
  const declared = input?.type?.kind === 'tensor' ? input.type.shape : undefined
  const size = declared?.[0]
  if (!input || !declared || typeof size !== 'number') return model
  return new Freeing(model, operators, input, declared, size).run()
}

/** The only axis on which two shapes differ, by this factor; undefined where that is not so. */
function batchAxis(before: Shape | undefined, after: Shape | undefined, factor: number): number | undefined {
  if (!before || !after || before.length !== after.length) return undefined
  const [axis, ...more] = [...before.keys()].filter((a) => isOther(before[a], after[a]))
  return axis !== undefined && more.length === 0 && after[axis] === (before[axis] as number) * factor ? axis : undefined
}

/** Unknown sizes have another name in each inference. */
const isOther = (a: Shape[number] | undefined, b: Shape[number] | undefined): boolean =>
  a !== b && (typeof a === 'number' || typeof b === 'number')

class Freeing {
  readonly #model: Model
  readonly #operators: OperatorSet
  readonly #input: ValueInfo
  readonly #declared: Shape
  readonly #size: number
  readonly #factor: number
  readonly #editor: GraphEditor
  /** Content for a batch of any size. */
  readonly #freed = new Map<string, Tensor>()
  /** What nodes or the caller read. */
  readonly #read: ReadonlySet<string>

  constructor(model: Model, operators: OperatorSet, input: ValueInfo, declared: Shape, size: number) {
    this.#model = model
    this.#operators = operators
    this.#input = input
    this.#declared = declared
    this.#size = size
    this.#factor = size === probe ? probe + 4 : probe
    this.#editor = editGraph(model)
    const { nodes, outputs } = model.graph
    this.#read = new Set([...nodes.flatMap((n) => n.inputs.filter((i) => i !== '')), ...outputs.map((o) => o.name)])
  }

  run(): Model {
    const before = analyse(this.#model, this.#operators)
    const factor = this.#factor
    const wide = [this.#size * factor, ...this.#declared.slice(1)]
    const walk = new GraphInference(this.#model, this.#operators, {
      inputShapes: new Map([[this.#input.name, wide]]),
    })
    const axisOf = (name: string) => batchAxis(before.values.get(name)?.shape, walk.values.get(name)?.shape, factor)
    this.#editor.rewrite((node) => {
      const problem = this.#step(walk, node, axisOf)
      const known = before.calls.get(node)
      const axis = known?.operator.freeBatch && axisOf(node.inputs[0] ?? '')
      const content = axis === undefined ? undefined : known?.operator.freeBatch?.(known.call, axis, this.#size)
      if (content) {
        const asIs = problem === undefined ? this.#shapesOf(walk, node) : undefined
        const freed = this.#withContent(walk, node, content)
        const stays = this.#step(walk, freed, axisOf)
        if (stays !== undefined) throw this.#fixed(node, stays)
        return this.#shapesOf(walk, freed) === asIs ? node : freed
      }
      if (problem !== undefined) throw this.#fixed(node, problem)
      return node
    })
    const read = new Set(this.#editor.nodes.flatMap((node) => node.inputs))
    for (const [name, tensor] of this.#freed) if (read.has(name)) this.#editor.set(name, tensor)
    const symbol = (info: ValueInfo): ValueInfo => this.#withoutSize(info, axisOf(info.name))
    return this.#editor
      .mapInputs((info) => (info.name === this.#input.name ? symbol(info) : info))
      .mapInfos(symbol)
      .model()
  }

  #withContent(walk: GraphInference, node: Node, content: ReadonlyMap<number | string, readonly number[]>): Node {
    const inputs = node.inputs.map((name, i) => {
      const values = content.get(i)
      if (!values) return name
      const free = this.#editor.name(`${name}_any_batch`)
      const tensor = tensorOf('int64', [values.length], values)
      walk.store(free, tensor)
      this.#freed.set(free, tensor)
      return free
    })
    const attributes = new Map(node.attributes)
    for (const [key, values] of content) if (typeof key === 'string') attributes.set(key, attributeOf([...values]))
    return { ...node, inputs, attributes }
  }

  #shapesOf(walk: GraphInference, node: Node): string {
    return JSON.stringify(node.outputs.map((name) => walk.values.get(name)?.shape))
  }

  /** @returns what is wrong with the node for another batch; undefined where it keeps the batch apart */
  #step(walk: GraphInference, node: Node, axisOf: (name: string) => number | undefined): string | undefined {
    try {
      walk.visit(node)
    } catch (error) {
      if (!(error instanceof NodeError)) throw error
      return String(error.details.problem)
    }
    const isBatch = node.inputs.some((name) => axisOf(name) !== undefined)
    const lost = node.outputs.find(
      (name) => this.#read.has(name) && axisOf(name) === undefined && !walk.constants.has(name),
    )
    if (!isBatch || lost === undefined) return undefined
    const shape = walk.values.get(lost)?.shape
    return `its output is [${shape?.join(',') ?? '?'}] for ${this.#size * this.#factor} images, too`
  }

  #withoutSize(info: ValueInfo, axis: number | undefined): ValueInfo {
    const { type } = info
    if (type?.kind !== 'tensor' || !type.shape || axis === undefined) return info
    // Where the batch and something else share an axis, its size has no name.
    const shape = type.shape.map((d, a) => (a !== axis ? d : d === this.#size ? 'batch' : ''))
    return { ...info, type: { ...type, shape } }
  }

  #fixed(node: Node, problem: string): KerfError {
    return new KerfError(
      'fixed-batch',
      `The model is for ${this.#size === 1 ? 'one image' : `${this.#size} images`} at a time: input "${this.#input.name}" is [${this.#declared.map((d) => d || '?')}], and ${node.opType} "${nodeLabel(node)}" takes no other number: ${problem}. Use a batch size of ${this.#size}, or export the model with a batch of any size (dynamic_axes, dynamic_shapes).`,
      { node: nodeLabel(node), opType: node.opType, size: this.#size },
    )
  }
}

/** Whether a model's first input fixes the batch to another size than this one. */
export function fixesBatch({ graph }: Model, size: number): boolean {
  const [input] = graphInputs(graph)
  const first = input?.type?.kind === 'tensor' ? input.type.shape?.[0] : undefined
  return typeof first === 'number' && first !== size
}
