import { type Analysis, matched, type Node, op, value } from '../../graph/index.ts'

/*
 * Normalisations that an exporter wrote as simpler operators, so that messages can call them what they are.
 *
 *   LayerNorm: ReduceMean μ → Sub x − μ → square → ReduceMean → Add ε → Sqrt → Div        GroupNorm: Reshape → InstanceNormalization → Reshape
 */

const centred = op('Sub', [value('x'), op('ReduceMean', [value('x')])], { as: 'centred' })
const squares = [op('Pow', [centred]), op('Mul', [centred, value('centred')])]
const grouped = op('InstanceNormalization', [op('Reshape')])

/** What a node is a part of; undefined where it is nothing that we know. */
export function partOf(analysis: Analysis, node: Node): 'LayerNorm' | 'GroupNorm' | undefined {
  const [input = ''] = node.inputs
  const [output = ''] = node.outputs
  const readers = analysis.consumers.get(output) ?? []
  if (matched(analysis, output, grouped)) return readers.every((r) => r.opType === 'Reshape') ? 'GroupNorm' : undefined
  if (node.opType !== 'ReduceMean') return undefined
  const isMean = readers.some((r) => matched(analysis, r.outputs[0] ?? '', centred))
  return isMean || squares.some((square) => matched(analysis, input, square)) ? 'LayerNorm' : undefined
}
