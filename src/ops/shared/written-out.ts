import type { Node } from '../../graph/index.ts'

/*
 * Normalisations that an exporter wrote as simpler operators, so that messages can call them what they are.
 *
 *   LayerNorm: ReduceMean μ → Sub x − μ → square → ReduceMean → Add ε → Sqrt → Div        GroupNorm: Reshape → InstanceNormalization → Reshape
 */

type Producers = ReadonlyMap<string, Node>
type Consumers = ReadonlyMap<string, readonly Node[]>

/** What a node is a part of; undefined where it is nothing that we know. */
export function partOf(node: Node, producers: Producers, consumers: Consumers): 'LayerNorm' | 'GroupNorm' | undefined {
  const [input = ''] = node.inputs
  const [output = ''] = node.outputs
  const readers = consumers.get(output) ?? []
  if (node.opType === 'InstanceNormalization')
    return producers.get(input)?.opType === 'Reshape' && readers.every((r) => r.opType === 'Reshape')
      ? 'GroupNorm'
      : undefined
  if (node.opType !== 'ReduceMean') return undefined
  const isMean = readers.some((r) => isCentring(r, producers))
  return isMean || squares(producers.get(input), producers) ? 'LayerNorm' : undefined
}

/** x − mean(x). */
function isCentring(node: Node | undefined, producers: Producers): boolean {
  const mean = node?.opType === 'Sub' ? producers.get(node.inputs[1] ?? '') : undefined
  return mean?.opType === 'ReduceMean' && mean.inputs[0] === node?.inputs[0]
}

/** (x − mean(x))², whose mean is the variance. */
function squares(node: Node | undefined, producers: Producers): boolean {
  const [a = '', b = ''] = node?.inputs ?? []
  return (node?.opType === 'Pow' || (node?.opType === 'Mul' && a === b)) && isCentring(producers.get(a), producers)
}
