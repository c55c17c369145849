import { constantSource, type Node, nodeLabel } from '../graph/index.ts'
import type { RewriteLayer, RewriteRefusal } from './rewrite.ts'

/**
 * Why a layer is no convolution whose weights can be exchanged: another operator, weights that are computed, not float32, or those of other layers, too;
 * undefined: it is one.
 */
export function convolutionRefusal({ node, analysis }: RewriteLayer): RewriteRefusal | undefined {
  const { constants, values } = analysis
  const [, weight = ''] = node.inputs
  if (node.opType !== 'Conv' || node.domain !== '')
    return {
      code: 'other-operator',
      why: `it is no Conv (its type is ${node.opType}), and only these can be swapped`,
    }
  if (!constants.has(weight))
    return { code: 'computed-weights', why: `its weights "${weight}" are computed while running` }
  const { elementType } = values.get(weight) ?? {}
  if (elementType !== 'float32') return { code: 'wrong-type', why: `its weights are ${elementType}, not float32` }
  const others = readersOf(analysis, weight).filter((reader) => reader !== node)
  if (others.length === 0) return undefined
  return { code: 'shared-weights', why: `it shares its weights "${weight}" with ${others.map(nodeLabel).join(', ')}` }
}

/** Who reads a constant, by whatever name. */
function readersOf(analysis: RewriteLayer['analysis'], value: string): Node[] {
  const source = (name: string) => constantSource(analysis, name)
  const own = source(value)
  return analysis.model.graph.nodes.filter(
    (n) => n.inputs.some((name) => source(name) === own) && !n.outputs.some((o) => source(o) === own),
  )
}
