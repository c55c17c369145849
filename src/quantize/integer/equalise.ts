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
 * Cross-layer equalisation (Nagel et al., "Data-Free Quantization through Weight Equalization and Bias Correction", ICCV 2019, section 4.1). A ReLU between two
 * layers lets a channel be divided by s in the first and multiplied by s in the second: the network stays the same. s = √(r₁·r₂)/r₂, where r₁ and r₂ are
 * the largest weights of the channel in both, gives channels that are alike, so that few scales do for many.
 */

/** How often pairs are gone through: a layer between two others is in two pairs. */
const rounds = 3

/** The same network with weights that are more alike; the given one where no pair of layers allows it. */
export function equalised(model: Model, operators: OperatorSet): Model {
  const analysis = analyse(model, operators)
  const pairs = model.graph.nodes.flatMap((node) => {
    const next = isPlain(node) ? nextOf(analysis, node) : undefined
    return next ? [[node, next] as const] : []
  })
  if (pairs.length === 0) return model
  const weights = new Map<string, Float32Array>()
  const contentOf = (name: string) => {
    const there = weights.get(name) ?? Float32Array.from(constantContent(analysis, name).data)
    weights.set(name, there)
    return there
  }
  for (let round = 0; round < rounds; round++)
    for (const [first, second] of pairs) equalise(analysis, first, second, contentOf)
  const editor = editGraph(model)
  for (const [name, values] of weights)
    editor.replaceStored(name, tensorOf('float32', analysis.values.get(name)!.shape as readonly number[], values))
  return editor.model()
}

function equalise(analysis: Analysis, first: Node, second: Node, contentOf: (name: string) => Float32Array): void {
  const [, w1 = '', b1 = ''] = first.inputs
  const [, w2 = ''] = second.inputs
  const [before, behind] = [contentOf(w1), contentOf(w2)]
  const channels = (analysis.values.get(w1)!.shape as readonly number[])[0]!
  const size = before.length / channels
  const [, perGroup = 1, ...window] = analysis.values.get(w2)!.shape as readonly number[]
  const inner = window.reduce((a, b) => a * b, 1)
  // Depthwise: a channel has a filter of its own.
  const isDepthwise = perGroup === 1 && channels > 1
  const readBy = (i: number) => (isDepthwise ? Math.floor(i / inner) : Math.floor(i / inner) % perGroup)
  const [r1, r2] = [new Float64Array(channels), new Float64Array(channels)]
  for (const [i, w] of before.entries()) grow(r1, Math.floor(i / size), w)
  for (const [i, w] of behind.entries()) grow(r2, readBy(i), w)
  // Channels that are 0 on either side stay.
  const factors = Float64Array.from(r1, (r, c) => (r > 0 && r2[c]! > 0 ? Math.sqrt(r * r2[c]!) / r2[c]! : 1))
  before.forEach((w, i) => {
    before[i] = w / factors[Math.floor(i / size)]!
  })
  behind.forEach((w, i) => {
    behind[i] = w * factors[readBy(i)]!
  })
  if (b1 === '') return
  const bias = contentOf(b1)
  bias.forEach((b, c) => {
    bias[c] = b / factors[c]!
  })
}

function grow(largest: Float64Array, at: number, value: number): void {
  largest[at] = Math.max(largest[at]!, Math.abs(value))
}

const isPlain = ({ domain, opType }: Node): boolean => domain === '' && opType === 'Conv'

/** The convolution that alone reads a layer, straight or through a ReLU, where both hold weights of their own. */
function nextOf(analysis: Analysis, layer: Node): Node | undefined {
  const [made = ''] = layer.outputs
  const direct = onlyReader(analysis, made)
  const next = direct?.domain === '' && direct.opType === 'Relu' ? onlyReader(analysis, direct.outputs[0]!) : direct
  if (!next || !isPlain(next) || next.inputs[0] === next.inputs[1]) return undefined
  const own = [layer, next].flatMap(({ inputs }) => inputs.slice(1)).filter((name) => name !== '')
  const isOwn = own.every((name) => analysis.stored.has(name) && analysis.consumers.get(name)!.length === 1)
  const groups = new AttributeReader(next).int('group', 1)
  const channels = (analysis.values.get(layer.inputs[1]!)?.shape as readonly number[] | undefined)?.[0]
  return isOwn && (groups === 1 || groups === channels) ? next : undefined
}

function onlyReader(analysis: Analysis, value: string): Node | undefined {
  const readers = analysis.consumers.get(value) ?? []
  const isOutput = analysis.model.graph.outputs.some(({ name }) => name === value)
  return readers.length === 1 && !isOutput ? readers[0] : undefined
}
