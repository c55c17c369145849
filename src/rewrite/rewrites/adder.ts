import { elementCount } from '../../base/index.ts'
import { type Node, nodeLabel, tensorOf } from '../../graph/index.ts'
import { convolutionRefusal } from '../convolution.ts'
import { addNormalisation, isNormalised } from '../normalisation.ts'
import type { Rewrite } from '../rewrite.ts'
import { switchSetting } from '../settings.ts'

/*
 * −Σ|x − w| in the place of Σ x·w, and BatchNormalization behind, without which such a layer does not train. As in AdderNet the first convolution and the
 * classifier stay as they are unless they are asked for.
 */

/** Convolutions become adder convolutions. */
export const adder: Rewrite<{
  /** Weights stay what they were; by default they are drawn anew from N(0, 1), as AdderNet starts. */
  readonly keepWeights: boolean
}> = {
  name: 'adder',
  title: 'adder convolutions',
  summary:
    'Convolutions but the first and the classifier become adder convolutions of weights from N(0, 1), with BatchNormalization behind.',
  source: 'Chen et al., AdderNet, CVPR 2020',
  settings: { keepWeights: switchSetting('keep the weights instead of drawing new ones') },
  // Below, AdderConv cannot be written for other runtimes.
  opset: 9,
  facts: { batchNormalization: 'BatchNormalization' },

  refusal(layer) {
    const { node, analysis } = layer
    const [, weight = '', bias = ''] = node.inputs
    if (node.opType === 'AdderConv') return { code: 'already', why: 'it is an adder layer already' }
    const { shape = [] } = analysis.values.get(weight) ?? {}
    return (
      convolutionRefusal(layer) ??
      (shape.length > 4
        ? { code: 'axes', why: `it is ${shape.length - 2}-D, and adder layers convolve along one or two axes` }
        : bias !== '' && !analysis.constants.has(bias)
          ? { code: 'computed-bias', why: `its bias "${bias}" is computed while running` }
          : undefined)
    )
  },

  kept: ({ place }) =>
    place && `${place === 'first' ? 'the first convolution' : 'the classifier'} stays as it is, as in AdderNet`,

  replace(layer, { editor, settings: { keepWeights }, random }) {
    const { node } = layer
    const [x = '', weight = '', bias] = node.inputs
    const { shape } = editor.initializers.get(weight)!
    if (!keepWeights) {
      const drawn = Float32Array.from({ length: elementCount(shape)! }, random(weight).normal)
      editor.set(weight, tensorOf('float32', shape, drawn))
    }
    const weights = { name: weight, from: keepWeights ? 'the layer' : 'N(0, 1)' }
    const sums: Node = { ...node, opType: 'AdderConv', domain: 'ai.kerf', inputs: [x, weight] }
    editor.import('ai.kerf', 1)
    if (isNormalised(layer)) {
      editor.add(sums)
      return { parameters: [weights], facts: { batchNormalization: 'kept' } }
    }
    const label = nodeLabel(node)
    const result = editor.name(`${label}_sums`)
    editor.add({ ...sums, outputs: [result] })
    const normalised = addNormalisation(editor, label, result, node.outputs, { channels: shape[0]!, bias })
    return { parameters: [weights, ...normalised], facts: { batchNormalization: 'inserted' } }
  },
}
