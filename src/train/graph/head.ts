import {
  elementCount,
  KerfError,
  NodeError,
  type Random,
  type Shape,
  seededRandom,
  seedFrom,
} from '../../base/index.ts'
import {
  type Analysis,
  analyse,
  axesOf,
  editGraph,
  type GraphEditor,
  type Model,
  type Node,
  nodeLabel,
  simplified,
  type Tensor,
  tensorOf,
  tensorValues,
  type ValueInfo,
  withStoredConstants,
} from '../../graph/index.ts'
import { operators } from '../../ops/index.ts'
import { imageInput } from './images.ts'
import { isLayer } from './learnable.ts'

/*
 * The head of a classifier: the last layer with weights before the output, and what stands behind it – a bias, a pooling, Flatten, Softmax. Which of its
 * axes are the classes' shows when it is made smaller and the shapes are inferred again.
 */

/** What tells a network's classes apart. */
export interface ClassifierHead {
  /** The layer, by name or label. */
  readonly layer: string
  /** How many it tells apart. */
  readonly classes: number
  /** Labels of its nodes and names of the tensors that they learn, as `freeze` matches them. */
  readonly names: ReadonlySet<string>
}

/** What a new classifier is made for. */
export interface NewHeadOptions {
  /** [C, H, W] of an image. */
  readonly shape: readonly number[]
  /** Of the new weights; 0 by default. */
  readonly seed?: number
}

/**
 * Finds what tells a network's classes apart.
 * @param shape [C, H, W] of an image
 * @throws KerfError `no-head` naming the node where the way back from the output ends
 */
export function classifierHead(model: Model, shape: readonly number[]): ClassifierHead {
  return new Head(model, shape).found
}

/**
 * A network with a new classifier for another number of `classes`; everything before it stays. Weights and bias are drawn evenly from ±1/√n, n the terms of
 * one output's sum, as PyTorch's `nn.Linear` and `nn.Conv2d` do.
 * @throws KerfError `no-head` where none is found or it cannot be made of another size, naming the node
 */
export function withNewHead(model: Model, classes: number, { shape, seed = 0 }: NewHeadOptions): Model {
  return new Head(model, shape).resized(classes, seed)
}

const noHead = (what: string, node?: Node): KerfError =>
  new KerfError(
    'no-head',
    `No classifier is found that could be exchanged: ${what}. Take a model whose first output comes from a linear layer or a convolution.`,
    node ? { node: nodeLabel(node), opType: node.opType } : {},
  )
const say = (node: Node) => `${node.opType} "${nodeLabel(node)}"`

class Head {
  readonly #model: Model
  readonly #analysis: Analysis
  readonly #inputShapes: ReadonlyMap<string, readonly number[]>
  /** From the output back to the layer. */
  readonly #tail: readonly Node[]
  readonly #classes: number

  constructor(given: Model, shape: readonly number[]) {
    const own = simplified(given, operators)
    const { name, layout } = imageInput(own, [1, ...shape])
    const declared = own.graph.inputs.find((i) => i.name === name)?.type
    const batch = declared?.kind === 'tensor' ? declared.shape?.[0] : undefined
    const images = [typeof batch === 'number' ? batch : 1, ...shape]
    this.#inputShapes = new Map([[name, axesOf[layout].map((axis) => images[axis]!)]])
    const before = this.#analysed(own)
    const constants = tailOf(before).flatMap((node) => node.inputs.filter((n) => isFloat(before, n)))
    // Weights may be made by nodes, or be read by others, too.
    this.#model = withStoredConstants(before, constants)
    this.#analysis = this.#analysed(this.#model)
    this.#tail = tailOf(this.#analysis)
    const output = this.#analysis.values.get(this.#model.graph.outputs[0]?.name ?? '')?.shape
    const classes = output?.[1]
    if (typeof classes !== 'number' || elementCount(output?.slice(2)) !== 1)
      throw noHead(`the output is [${output?.join(',') ?? '?'}], no number per class`)
    this.#classes = classes
  }

  get found(): ClassifierHead {
    const names = new Set(this.#tail.flatMap((node) => [nodeLabel(node), ...this.#perClass(node)]))
    return { layer: nodeLabel(this.#layer), classes: this.#classes, names }
  }

  get #layer(): Node {
    return this.#tail.at(-1)!
  }

  #analysed(model: Model): Analysis {
    return analyse(model, operators, { inputShapes: this.#inputShapes })
  }

  #tensor(name: string): Tensor | undefined {
    return this.#model.graph.initializers.get(name)
  }

  /** Stored numbers of a node of which every class has its own. */
  #perClass(node: Node): string[] {
    return node.inputs.filter((name) => {
      const tensor = this.#tensor(name)
      return tensor?.elementType === 'float32' && tensor.shape.includes(this.#classes)
    })
  }

  resized(classes: number, seed: number): Model {
    const [weight] = this.#perClass(this.#layer).filter((name) => (this.#tensor(name)?.shape.length ?? 0) > 1)
    if (weight === undefined)
      throw noHead(`${say(this.#layer)} has no float32 weights for ${this.#classes} classes`, this.#layer)
    const { shape } = this.#tensor(weight)!
    const axes = [...shape.keys()].filter((axis) => shape[axis] === this.#classes)
    let why = ''
    // Targets of Reshape that hold the number of classes only where that is needed: another number may be the same by chance.
    for (const targets of [false, true])
      for (const axis of axes) {
        const made = this.#made(weight, axis, classes, seed, targets)
        try {
          const after = this.#analysed(made)
          const output = after.values.get(made.graph.outputs[0]?.name ?? '')?.shape
          if (output?.[1] === classes && elementCount(output.slice(2)) === 1) return this.#declared(made, after)
        } catch (error) {
          if (!(error instanceof NodeError)) throw error
          why = error.message
        }
      }
    throw noHead(
      `${say(this.#layer)} cannot be made of ${classes} classes${why === '' ? '' : `: ${why.replace(/\.$/, '')}`}`,
      this.#layer,
    )
  }

  #made(weight: string, axis: number, classes: number, seed: number, targets: boolean): Model {
    const editor = editGraph(this.#model)
    const { shape } = this.#tensor(weight)!
    const terms = elementCount(shape)! / this.#classes
    const draw = (name: string, sizes: readonly number[]) =>
      evenly(sizes, 1 / Math.sqrt(terms), seededRandom(seedFrom(seed, name)))
    const changed = new Map<Node, Node>()
    for (const node of this.#tail) {
      const own = new Set(this.#perClass(node))
      if (own.size > 0 && node !== this.#layer) this.#checkBias(node)
      const inputs = node.inputs.map((name) => {
        const tensor = this.#tensor(name)
        if (own.has(name)) {
          const sizes = tensor!.shape.map((d, a) =>
            d === this.#classes && (name !== weight || a === axis) ? classes : d,
          )
          return this.#put(editor, name, tensorOf('float32', sizes, draw(name, sizes)))
        }
        if (!targets || tensor?.elementType !== 'int64' || tensor.shape.length !== 1) return name
        const values = Array.from(tensorValues(tensor), Number)
        if (!values.includes(this.#classes)) return name
        const free = values.map((d) => (d === this.#classes ? classes : d))
        return this.#put(editor, name, tensorOf('int64', tensor.shape, free))
      })
      changed.set(node, { ...node, inputs })
    }
    return editor
      .rewrite((node) => changed.get(node) ?? node)
      .forgetTypes()
      .model()
  }

  /** Under its own name, where nothing else reads it. */
  #put(editor: GraphEditor, name: string, tensor: Tensor): string {
    const readers = this.#model.graph.nodes.filter((node) => node.inputs.includes(name)).length
    if (readers > 1) return editor.constant(name, tensor)
    editor.set(name, tensor)
    return name
  }

  /** Behind the layer a number per class may be added; another kind would have to be learnt anew in another way. */
  #checkBias(node: Node): void {
    const { operator, call } = this.#analysis.calls.get(node) ?? {}
    const cost = call && typeof operator?.cost === 'function' ? operator.cost(call) : undefined
    if (!cost?.adds || cost.muls || cost.others || cost.macs)
      throw noHead(`${say(node)} behind ${say(this.#layer)} has numbers for each of the ${this.#classes} classes`, node)
  }

  /** What the file says of its values, with the sizes that are others now. */
  #declared(made: Model, after: Analysis): Model {
    const { outputs, valueInfo } = this.#model.graph
    const updated = (info: ValueInfo): ValueInfo => {
      const [old, now] = [this.#analysis.values.get(info.name)?.shape, after.values.get(info.name)?.shape]
      if (info.type?.kind !== 'tensor' || !info.type.shape || old?.join() === now?.join()) return info
      const shape = info.type.shape.map((d, axis) => (old?.[axis] === now?.[axis] ? d : (now?.[axis] ?? '')))
      return { ...info, type: { ...info.type, shape } }
    }
    const editor = editGraph(made).setOutputs(outputs.map(updated))
    for (const info of valueInfo.values()) editor.declare(updated(info))
    return editor.model()
  }
}

const isFloat = ({ constants, values }: Analysis, name: string): boolean =>
  name !== '' && constants.has(name) && values.get(name)?.elementType === 'float32'

/** Nodes from the output back to the last layer with weights. */
function tailOf({ model, producers, calls, constants }: Analysis): Node[] {
  const tail: Node[] = []
  for (let value = model.graph.outputs[0]?.name ?? ''; ; ) {
    const node = producers.get(value)
    if (!node) throw noHead(`there is no layer between the output and "${value}"`)
    const { operator, call } = calls.get(node) ?? {}
    if (!operator || !call) throw noHead(`${say(node)} is an operator that is not known`, node)
    tail.push(node)
    if (isLayer(operator, call)) return tail
    const [data, ...more] = node.inputs.filter((name) => name !== '' && !constants.has(name))
    if (data === undefined || more.length > 0)
      throw noHead(
        `on the way back from the output, ${say(node)} puts together ${more.length + (data === undefined ? 0 : 1)} values`,
        node,
      )
    value = data
  }
}

function evenly(shape: Shape, most: number, random: Random): Float32Array {
  return Float32Array.from({ length: elementCount(shape)! }, () => most * (2 * random.uniform() - 1))
}
