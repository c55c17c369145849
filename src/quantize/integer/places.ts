import { isConcrete, type NamePattern } from '../../base/index.ts'
import { type Analysis, AttributeReader, type Node, nodeLabel } from '../../graph/index.ts'

/*
 * Which values of a network become codes. Files say it by pairs of QuantizeLinear and DequantizeLinear; a runtime puts a node between such pairs on its
 * integer kernels. So a value is coded where a layer of the lists below reads or makes it, and what is one step on integers – a layer and the activation
 * behind it – has no pair inside.
 */

/** A layer whose weights become codes. */
export interface LayerPlace {
  readonly node: Node
  readonly weight: string
  /** The weights' axis of output channels, each of which has a scale; undefined: one scale for all. */
  readonly axis: number | undefined
  /** '' where there is none, or where it is not simply added. */
  readonly bias: string
  readonly input: string
  /** Behind its activation. */
  readonly output: string
}

/** A layer that stays in floating point. */
export interface KeptLayer {
  /** Its name. */
  readonly node: string
  /** What keeps it. */
  readonly why: string
}

/** What becomes codes. */
export interface CodedPlaces {
  /** In the order of the nodes. */
  readonly layers: readonly LayerPlace[]
  /** Values in codes, and the value whose scale each has: its own, or what a node only moves. */
  readonly values: ReadonlyMap<string, string>
  /** Layers that stay in floating point, and why. */
  readonly kept: readonly KeptLayer[]
}

const read = (node: Node) => new AttributeReader(node)

/** Where the output channels of a layer's weights lie. */
const layerAxes: Readonly<Record<string, (node: Node) => number | undefined>> = {
  Conv: () => 0,
  ConvTranspose: (node) => (read(node).int('group', 1) === 1 ? 1 : undefined),
  Gemm: (node) => (read(node).flag('transB') ? 0 : 1),
  MatMul: () => 1,
}

/** Calculate on codes of several scales. */
const joining = new Set(['Add', 'Mul', 'Concat', 'AveragePool', 'GlobalAveragePool'])
/** Hand codes on as they are. */
const moving = new Set([
  ...['MaxPool', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose', 'Identity', 'Slice', 'Split'],
])
/** One step with what they follow: they are ranges of codes. */
const following = new Set(['Relu', 'Clip'])

/** @param keep layers, by name, that stay in floating point */
export function codedPlaces(analysis: Analysis, keep: (node: Node) => boolean): CodedPlaces {
  const layers: LayerPlace[] = []
  const kept: KeptLayer[] = []
  const values = new Map<string, string>()
  const isCoded = (name: string) => isFloat(analysis, name)
  const add = (name: string) => {
    if (!values.has(name)) values.set(name, name)
  }
  for (const node of analysis.model.graph.nodes) {
    if (node.domain !== '') continue
    const [x = '', weight = ''] = node.inputs
    const [made = ''] = node.outputs
    const parts = node.outputs.filter((name) => name !== '')
    if (node.opType in layerAxes) {
      const why = keep(node) ? 'it was asked to stay' : layerRefusal(analysis, node)
      if (why !== undefined) {
        kept.push({ node: nodeLabel(node), why })
        continue
      }
      const output = endOf(analysis, made)
      add(x)
      add(output)
      layers.push({ node, weight, axis: layerAxes[node.opType]!(node), bias: biasOf(node), input: x, output })
    } else if (joining.has(node.opType) && !keep(node) && [...node.inputs, made].every(isCoded)) {
      for (const input of node.inputs) add(input)
      const end = endOf(analysis, made)
      add(end)
      // What is only put beside others is made in the scale of the whole at once: it is rounded once, and need not be copied.
      if (node.opType === 'Concat')
        for (const input of node.inputs)
          if (values.get(input) === input && isReadOnce(analysis, input)) values.set(input, end)
    } else if (moving.has(node.opType) && values.has(x) && parts.every(isCoded))
      for (const part of parts) values.set(part, values.get(x)!)
  }
  return { layers, values, kept }
}

/** @param names patterns of layers that stay */
export const keeping =
  (names: readonly NamePattern[]) =>
  (node: Node): boolean =>
    names.some((pattern) => pattern.matches(nodeLabel(node)))

/** A value of floating point that is not known before anything runs. */
const isFloat = ({ values, constants }: Analysis, name: string): boolean =>
  values.get(name)?.elementType === 'float32' && !constants.has(name)

function layerRefusal(analysis: Analysis, node: Node): string | undefined {
  const [x = '', weight = '', bias = ''] = node.inputs
  const known = analysis.values.get(weight)
  if (analysis.producers.get(weight)?.opType === 'DequantizeLinear') return 'it is in codes already'
  if (!isFloat(analysis, x)) return 'what it reads is not of float32, or known before anything runs'
  if (!analysis.constants.has(weight) || known?.elementType !== 'float32' || !isConcrete(known.shape))
    return 'its weights are not stored'
  if (node.opType === 'MatMul' && known.shape.length !== 2) return 'its weights are no matrix'
  if (bias !== '' && (!analysis.constants.has(bias) || analysis.values.get(bias)?.elementType !== 'float32'))
    return 'its bias is not stored'
  return undefined
}

/** The bias, where the layer adds it as it is: sums of products and bias then have one scale. */
function biasOf(node: Node): string {
  const isPlain = node.opType !== 'Gemm' || (read(node).float('alpha', 1) === 1 && read(node).float('beta', 1) === 1)
  return isPlain ? (node.inputs[2] ?? '') : ''
}

/** Whether one node reads it, and nobody else. */
const isReadOnce = ({ consumers, model }: Analysis, value: string): boolean =>
  consumers.get(value)?.length === 1 && !model.graph.outputs.some(({ name }) => name === value)

/** The value behind the activations that follow alone. */
function endOf(analysis: Analysis, value: string): string {
  const readers = analysis.consumers.get(value) ?? []
  const [reader] = readers
  const isOutput = analysis.model.graph.outputs.some(({ name }) => name === value)
  if (isOutput || readers.length !== 1 || reader!.domain !== '' || !following.has(reader!.opType)) return value
  const bounds = reader!.inputs.slice(1).filter((name) => name !== '')
  return reader!.inputs[0] === value && bounds.every((name) => analysis.constants.has(name))
    ? endOf(analysis, reader!.outputs[0]!)
    : value
}
