import { isConcrete } from '../../base/index.ts'
import {
  type Analysis,
  AttributeReader,
  analyse,
  constantContent,
  editGraph,
  type Model,
  type Node,
  type OperatorSet,
  tensorOf,
} from '../../graph/index.ts'

/*
 * BatchNormalization behind a convolution is an affine map of its channels (Ioffe and Szegedy, 2015): y = γ·(conv(x) + b − μ)/√(σ² + ε) + β. Written into
 * the convolution's weights and bias it costs nothing, and ranges are those of what is stored.
 */

/** A model in which no BatchNormalization is left that follows a convolution alone; the given one where there is none. */
export function foldNormalisation(model: Model, operators: OperatorSet): Model {
  const analysis = analyse(model, operators)
  const editor = editGraph(model)
  /** Convolutions that are replaced, and normalisations that are gone. */
  const folded = new Map<Node, Node>()
  const gone = new Set<Node>()
  for (const node of model.graph.nodes) {
    const layer = node.opType === 'BatchNormalization' && node.domain === '' ? layerOf(analysis, node) : undefined
    if (!layer) continue
    const [, weight = '', bias = ''] = layer.inputs
    const shape = analysis.values.get(weight)!.shape as readonly number[]
    const [scale = [], shift = []] = affineOf(analysis, node)
    const groups = new AttributeReader(layer).int('group', 1)
    const outputOf = outputChannel(layer.opType === 'ConvTranspose', shape, groups)
    const weights = Float32Array.from(constantContent(analysis, weight).data, (w, i) => w * scale[outputOf(i)]!)
    const before = bias === '' ? undefined : constantContent(analysis, bias).data
    const biases = Float32Array.from(shift, (s, c) => s + scale[c]! * (before?.[c] ?? 0))
    gone.add(node)
    folded.set(layer, {
      ...layer,
      inputs: [
        layer.inputs[0]!,
        editor.constant(weight, tensorOf('float32', shape, weights)),
        editor.constant(bias || `${weight}_bias`, tensorOf('float32', [biases.length], biases)),
      ],
      outputs: [node.outputs[0]!],
    })
  }
  if (gone.size === 0) return model
  return editor
    .rewrite((node) => (gone.has(node) ? [] : (folded.get(node) ?? node)))
    .dropDead()
    .model()
}

/** The convolution that a normalisation follows, if nothing else reads it and everything is known. */
function layerOf(analysis: Analysis, node: Node): Node | undefined {
  const [x = '', ...settings] = node.inputs
  const layer = analysis.producers.get(x)
  if (layer?.domain !== '' || !['Conv', 'ConvTranspose'].includes(layer.opType)) return undefined
  const isRead = analysis.consumers.get(x)!.length > 1 || analysis.model.graph.outputs.some((o) => o.name === x)
  const operands = [...settings, ...layer.inputs.slice(1)].filter((name) => name !== '')
  const isKnown = operands.every((name) => analysis.constants.has(name) && isConcrete(analysis.values.get(name)?.shape))
  const trains = node.outputs.slice(1).some((name) => name !== '') || new AttributeReader(node).flag('training_mode')
  return isRead || !isKnown || trains ? undefined : layer
}

/** Factor and summand of each channel. */
function affineOf(analysis: Analysis, node: Node): readonly [scale: number[], shift: number[]] {
  const [scale, bias, mean, variance] = node.inputs.slice(1).map((name) => constantContent(analysis, name).data)
  const epsilon = new AttributeReader(node).float('epsilon', 1e-5)
  const factors = Array.from(scale!, (s, c) => s / Math.sqrt(variance![c]! + epsilon))
  return [factors, factors.map((factor, c) => bias![c]! - factor * mean![c]!)]
}

/** The output channel that the i-th weight belongs to: axis 0 of a Conv's weights; axis 1 of a ConvTranspose's, group by group. */
function outputChannel(isTransposed: boolean, shape: readonly number[], groups: number): (i: number) => number {
  const [first = 1, second = 1, ...window] = shape
  const size = window.reduce((a, b) => a * b, 1)
  if (!isTransposed) return (i) => Math.floor(i / (second * size))
  const perGroup = first / groups
  return (i) => Math.floor(Math.floor(i / (second * size)) / perGroup) * second + (Math.floor(i / size) % second)
}
