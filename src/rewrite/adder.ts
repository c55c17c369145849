import {
  elementCount,
  indentedLines,
  KerfError,
  type NamePattern,
  NodeError,
  seededRandom,
  seedFrom,
} from '../base/index.ts'
import {
  type Analysis,
  analyse,
  constantSource,
  editGraph,
  float,
  type GraphEditor,
  type Model,
  makeNode,
  matched,
  type Node,
  nodeLabel,
  type OperatorSet,
  op,
  opsetOf,
  quantisedWeight,
  simplified,
  type Tensor,
  tensorOf,
  value,
  withStoredConstants,
} from '../graph/index.ts'
import { runnableOperators } from '../ops/index.ts'

/*
 * Convolutions become adder convolutions (AdderNet, Chen et al., CVPR 2020): −Σ|x − w| in the place of Σ x·w, and BatchNormalization behind, without
 * which such a layer does not train. As in AdderNet the first convolution and the classifier stay as they are unless they are asked for.
 */

const normalised = op('BatchNormalization', [value('sums', { alone: true })])

/** Which layers are exchanged, and for what. */
export interface SwapOptions {
  /** By default all convolutions but the first one and the classifier. */
  readonly layers?: NamePattern
  /** Weights stay what they were; by default they are drawn anew from N(0, 1), as AdderNet starts. */
  readonly keepWeights?: boolean
  /** Draws the weights; 0 by default. */
  readonly seed?: number
  /** What is known of operators: Kerf's, and your own (`withOperators`). Default `runnableOperators`. */
  readonly operators?: OperatorSet
}

/** A layer that is an adder layer now. */
export interface SwappedLayer {
  /** Its name. */
  readonly node: string
  /** Of the weights. */
  readonly shape: readonly number[]
  /** The BatchNormalization behind it: there before, or put in with γ = 1 and the layer's bias (0 where it has none) as β. */
  readonly batchNormalization: 'kept' | 'inserted'
}

/** A layer that stays an ordinary one. */
export interface UnswappedLayer {
  /** Its name. */
  readonly node: string
  /** Why, in words. */
  readonly why: string
}

/** A network with adder layers, and what became of each layer. */
export interface AdderSwap {
  /** Its statistics fit the new layers no longer: see `measureStatistics`. */
  readonly model: Model
  /** In the order of the nodes. */
  readonly swapped: readonly SwappedLayer[]
  /** Could be swapped, and is kept on purpose. */
  readonly kept: readonly UnswappedLayer[]
  /** Cannot be swapped. */
  readonly refused: readonly UnswappedLayer[]
}

/** Below, AdderConv cannot be written for other runtimes. */
const firstOpset = 9

/**
 * Exchanges convolutions, those of model-local functions, composite operators, branches and loops that are known too. The model given is not changed.
 * @throws KerfError `no-such-layer` for a pattern that no layer has, `nothing-to-swap`, `quantised`, `unsupported-opset`; NodeError `cannot-swap` for a layer
 *   asked for by its very name that cannot be swapped
 */
export function swapToAdder(given: Model, options: SwapOptions = {}): AdderSwap {
  const { operators = runnableOperators } = options
  const model = simplified(given, operators)
  const opset = opsetOf(model.opsetImports, '')
  if (opset < firstOpset)
    throw new KerfError(
      'unsupported-opset',
      `Adder layers take opset ${firstOpset} or higher; the model has ${opset}. Convert it first (onnx.version_converter).`,
      { opset },
    )
  const analysis = analyse(model, operators)
  const codes = quantisedWeight(analysis.stored)
  if (codes !== undefined)
    throw new KerfError(
      'quantised',
      `The network is quantised: the weight "${codes}" holds codes of few bits, made for the values that its layers see now. Swap the network that it was made of, and quantise what comes out (kerf quantize).`,
      { weight: codes },
    )
  const swap = new Swap(analysis, options)
  const { chosen, kept } = swap.choose(options.layers)
  const refused: UnswappedLayer[] = []
  const others: UnswappedLayer[] = []
  const swapped = new Set<Node>()
  for (const node of chosen) {
    const why = swap.problem(node)
    if (why === undefined) swapped.add(node)
    else if (options.layers?.text === nodeLabel(node))
      throw new NodeError('cannot-swap', {
        ...{ opType: node.opType, node: nodeLabel(node), problem: why },
        remedy: 'Choose other layers.',
      })
    else (isLayer(node) ? refused : others).push({ node: nodeLabel(node), why })
  }
  if (swapped.size === 0) throw nothingToSwap(refused.length > 0 ? refused : others, kept)
  return { ...swap.apply(swapped), kept, refused }
}

/** What calculates with weights. A pattern for a part of a network meets other nodes too; these are no layers that somebody wants swapped. */
const isLayer = ({ opType }: Node): boolean => ['Conv', 'ConvTranspose', 'AdderConv', 'Gemm', 'MatMul'].includes(opType)

function nothingToSwap(refused: readonly UnswappedLayer[], kept: readonly UnswappedLayer[]): KerfError {
  const reasons = [...refused, ...kept].map((l) => `${l.node}: ${l.why}`)
  return new KerfError(
    'nothing-to-swap',
    `No layer can be swapped. Choose ${reasons.length > 0 ? 'others' : 'some'} with --layers.${indentedLines(reasons)}`,
    { refused, kept },
  )
}

class Swap {
  readonly #analysis: Analysis
  readonly #keepWeights: boolean
  readonly #seed: number

  constructor(analysis: Analysis, { keepWeights = false, seed = 0 }: SwapOptions) {
    this.#analysis = analysis
    this.#keepWeights = keepWeights
    this.#seed = seed
  }

  /** Layers that were asked for; without a choice, all convolutions but those that AdderNet keeps. */
  choose(layers: NamePattern | undefined) {
    const { nodes } = this.#analysis.model.graph
    if (layers) {
      const chosen = nodes.filter((node) => layers.matches(nodeLabel(node)))
      if (chosen.length > 0) return { chosen, kept: [] }
      const names = nodes.filter((n) => n.opType === 'Conv').map(nodeLabel)
      throw new KerfError(
        'no-such-layer',
        `No layer is called "${layers.text}". Convolutions: ${names.slice(0, 8).join(', ') || 'none'}${names.length > 8 ? ` and ${names.length - 8} more` : ''}.`,
        { pattern: layers.text },
      )
    }
    const weighted = nodes.filter((n) =>
      n.inputs.slice(1).some((name) => name !== '' && this.#analysis.constants.has(name)),
    )
    const [first] = weighted.filter((n) => n.opType === 'Conv')
    const last = weighted.filter((n) => ['Conv', 'Gemm', 'MatMul'].includes(n.opType)).at(-1)
    const kept: UnswappedLayer[] = []
    const chosen = nodes.filter((node) => {
      if (node.opType !== 'Conv' && node.opType !== 'ConvTranspose') return false
      const why = node === first ? 'the first convolution' : node === last ? 'the classifier' : undefined
      if (why === undefined) return true
      kept.push({ node: nodeLabel(node), why: `${why} stays as it is, as in AdderNet` })
      return false
    })
    return { chosen, kept }
  }

  /** Why a layer cannot be swapped. */
  problem(node: Node): string | undefined {
    const { constants, values } = this.#analysis
    if (node.opType === 'AdderConv') return 'it is an adder layer already'
    if (node.opType !== 'Conv' || node.domain !== '')
      return `it is no Conv (its type is ${node.opType}), and only these can be swapped`
    const [, weight = '', bias = ''] = node.inputs
    if (!constants.has(weight)) return `its weights "${weight}" are computed while running`
    const { elementType, shape = [] } = values.get(weight) ?? {}
    if (elementType !== 'float32') return `its weights are ${elementType}, not float32`
    if (shape.length > 4) return `it is ${shape.length - 2}-D, and adder layers convolve along one or two axes`
    const others = this.#readersOf(weight).filter((r) => r !== node)
    if (others.length > 0) return `it shares its weights "${weight}" with ${others.map(nodeLabel).join(', ')}`
    if (bias !== '' && !constants.has(bias)) return `its bias "${bias}" is computed while running`
    return undefined
  }

  /** Who reads a constant, by whatever name. */
  #readersOf(value: string): Node[] {
    const source = (name: string) => constantSource(this.#analysis, name)
    const own = source(value)
    return this.#analysis.model.graph.nodes.filter(
      (n) => n.inputs.some((name) => source(name) === own) && !n.outputs.some((o) => source(o) === own),
    )
  }

  apply(layers: ReadonlySet<Node>): Pick<AdderSwap, 'model' | 'swapped'> {
    const names = [...layers].flatMap((node) => node.inputs.slice(1))
    const editor = editGraph(withStoredConstants(this.#analysis, names))
    const outputs = new Set([...layers].flatMap((node) => node.outputs))
    const swapped: SwappedLayer[] = []
    editor.rewrite((node) => {
      if (!node.outputs.some((o) => outputs.has(o))) return node
      const [x = '', weight = ''] = node.inputs
      const tensor = editor.initializers.get(weight)!
      if (!this.#keepWeights) editor.set(weight, this.#drawn(weight, tensor.shape))
      const normal = this.#normalisation(node)
      swapped.push({
        node: nodeLabel(node),
        shape: tensor.shape,
        batchNormalization: normal ? 'kept' : 'inserted',
      })
      const adder: Node = { ...node, opType: 'AdderConv', domain: 'ai.kerf', inputs: [x, weight] }
      return normal ? adder : withNormalisation(editor, adder, node.inputs[2], tensor.shape[0]!)
    })
    return { model: editor.import('ai.kerf', 1).dropUnread().model(), swapped }
  }

  /** The BatchNormalization that alone reads a layer's result. */
  #normalisation(node: Node): Node | undefined {
    const [output = ''] = node.outputs
    const readers = this.#analysis.consumers.get(output) ?? []
    return readers.find((r) => matched(this.#analysis, r.outputs[0] ?? '', normalised)?.get('sums') === output)
  }

  #drawn(name: string, shape: readonly number[]): Tensor {
    const random = seededRandom(seedFrom(this.#seed, name))
    return tensorOf('float32', shape, Float32Array.from({ length: elementCount(shape)! }, random.normal))
  }
}

/** An adder layer, and a BatchNormalization behind it. */
function withNormalisation(editor: GraphEditor, adder: Node, bias: string | undefined, channels: number): Node[] {
  const label = nodeLabel(adder)
  const vector = (name: string, value: number): string =>
    editor.constant(`${label}.${name}`, tensorOf('float32', [channels], new Float32Array(channels).fill(value)))
  const sums = editor.name(`${label}_sums`)
  const statistics = [vector('bn_mean', 0), vector('bn_variance', 1)]
  const name = editor.name(`${label}_bn`)
  const inputs = [sums, vector('bn_weight', 1), bias || vector('bn_bias', 0), ...statistics]
  const normalised = makeNode('BatchNormalization', inputs, adder.outputs, { epsilon: float(1e-5) }, { name })
  return [{ ...adder, outputs: [sums] }, normalised]
}
