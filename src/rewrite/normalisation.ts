import { float, type GraphEditor, makeNode, matched, op, tensorOf, value } from '../graph/index.ts'
import type { Replaced, RewriteLayer } from './rewrite.ts'

/* BatchNormalization behind layers that are drawn anew, without which they do not train. */

const normalised = op('BatchNormalization', [value('sums', { alone: true })])

/** Whether a BatchNormalization alone reads a layer's result. */
export function isNormalised({ node: { outputs }, analysis }: RewriteLayer): boolean {
  const [output = ''] = outputs
  const readers = analysis.consumers.get(output) ?? []
  return readers.some((r) => matched(analysis, r.outputs[0] ?? '', normalised)?.get('sums') === output)
}

/**
 * A BatchNormalization of mean 0 and variance 1, with γ = 1 and a layer's bias as β; 0 where it has none.
 * @param label begins the names of the node and of what it stores
 * @param x what is normalised
 * @param outputs of the node
 */
export function addNormalisation(
  editor: GraphEditor,
  label: string,
  x: string,
  outputs: readonly string[],
  { channels, bias }: { readonly channels: number; readonly bias?: string | undefined },
): Replaced['parameters'] {
  const vector = (name: string, fill: number) =>
    editor.constant(`${label}.${name}`, tensorOf('float32', [channels], new Float32Array(channels).fill(fill)))
  const statistics = [vector('bn_mean', 0), vector('bn_variance', 1)]
  const name = editor.name(`${label}_bn`)
  const [gamma, beta] = [vector('bn_weight', 1), bias || vector('bn_bias', 0)]
  const inputs = [x, gamma, beta, ...statistics]
  editor.add(makeNode('BatchNormalization', inputs, outputs, { epsilon: float(1e-5) }, { name }))
  return [
    { name: gamma, from: '1' },
    { name: beta, from: bias ? 'the bias' : '0' },
  ]
}
