import { isConcrete } from '../../base/index.ts'
import { float, type GraphEditor, makeNode, opsetOf, tensorOf } from '../../graph/index.ts'
import { convolutionRefusal, kernelShape } from '../convolution.ts'
import { factorAttributes } from '../factors.ts'
import { addNormalisation, isNormalised } from '../normalisation.ts'
import type { Replaced, Rewrite, RewriteContext, RewriteLayer } from '../rewrite.ts'
import { numberSetting } from '../settings.ts'

/*
 * 1×1 to t·C_in channels, BatchNormalization, ReLU6, depthwise k×k, BatchNormalization, ReLU6, 1×1 to C_out, BatchNormalization, and the input where it has the shape of the result:
 * MobileNetV2's block. Nothing of a convolution's weights goes into it; it is drawn anew and must learn. The last BatchNormalization is the one that stands behind the layer, where
 * there is one and no input is added.
 */

/** Convolutions become inverted bottlenecks. */
export const bottleneck: Rewrite<{
  /** Hidden channels, as a multiple of those that come in. */
  readonly expansion: number
}> = {
  name: 'bottleneck',
  title: 'inverted bottlenecks',
  summary:
    'Convolutions but the first and the classifier become inverted bottlenecks of --expansion times the channels, drawn anew, with BatchNormalization and ReLU6.',
  source: 'Sandler et al., MobileNetV2, CVPR 2018',
  settings: { expansion: numberSetting(6, 'hidden channels, as a multiple of those that come in', { least: 0.001 }) },
  // Before, BatchNormalization had other attributes.
  opset: 9,
  facts: { hidden: 'Hidden', residual: 'Residual' },

  refusal(layer) {
    const [, , bias = ''] = layer.node.inputs
    const refused = convolutionRefusal(layer)
    if (refused) return refused
    const kernel = kernelShape(layer)
    if (!kernel) return { code: 'unknown-shape', why: 'the shape of its weights is not known' }
    const { groups, inChannels, outChannels, window, taps } = kernel
    if (groups * outChannels * inChannels * taps === 0) return { code: 'empty', why: 'it has no weights' }
    if (taps === 1)
      return { code: 'pointwise', why: `it is ${window.join('×')}: a bottleneck has two such ones already` }
    if (groups > 1 && inChannels === 1)
      return { code: 'depthwise', why: 'it is depthwise: a bottleneck has such a one already' }
    if (bias !== '' && !layer.analysis.constants.has(bias))
      return { code: 'computed-bias', why: `its bias "${bias}" is computed while running` }
    return undefined
  },

  kept: ({ place }) =>
    place && `${place === 'first' ? 'the first convolution' : 'the classifier'} stays as it is, as in MobileNetV2`,

  replace(layer, context): Replaced {
    const { editor, settings } = context
    const { node, name } = layer
    const kernel = kernelShape(layer)!
    const inChannels = kernel.groups * kernel.inChannels
    const outChannels = kernel.groups * kernel.outChannels
    const hidden = Math.max(1, Math.round(settings.expansion * inChannels))
    const [x = '', , bias] = node.inputs
    const isResidual = isSameShape(layer)
    const ones = kernel.window.map(() => 1)
    const parameters: Replaced['parameters'][number][] = []
    const convolved = (
      role: string,
      from: string,
      shape: readonly number[],
      groups: number,
      outputs?: readonly string[],
    ) => {
      const weight = editor.constant(`${name}.${role}_weight`, drawn(context, `${name}.${role}`, shape))
      parameters.push({ name: weight, from: 'N(0, 2/n)' })
      const slides = kernel.window.map(() => role === 'depthwise')
      const made = outputs ?? [editor.name(`${node.outputs[0]}_${role}`)]
      const attributes = factorAttributes(node, { role, shape, groups, slides })
      editor.add({ ...node, name: editor.name(`${name}_${role}`), inputs: [from, weight], outputs: made, attributes })
      return made[0]!
    }
    const normalised = (role: string, from: string, outputs: readonly string[], own?: string) => {
      const options = { channels: role === 'project' ? outChannels : hidden, bias: own }
      parameters.push(...addNormalisation(editor, `${name}.${role}`, from, outputs, options))
      return outputs[0]!
    }
    const active = (role: string, from: string) => {
      const y = normalised(role, from, [editor.name(`${node.outputs[0]}_${role}_bn`)])
      return addRelu6(editor, y, editor.name(`${name}_${role}_relu6`))
    }
    const wide = active('expand', convolved('expand', x, [hidden, inChannels, ...ones], 1))
    const deep = active('depthwise', convolved('depthwise', wide, [hidden, 1, ...kernel.window], hidden))
    const shape = [outChannels, hidden, ...ones]
    if (isNormalised(layer) && !isResidual) convolved('project', deep, shape, 1, node.outputs)
    else {
      const narrow = convolved('project', deep, shape, 1)
      const added = isResidual ? [editor.name(`${node.outputs[0]}_project_bn`)] : node.outputs
      const y = normalised('project', narrow, added, bias)
      if (isResidual) editor.add(makeNode('Add', [y, x], node.outputs, {}, { name: editor.name(`${name}_add`) }))
    }
    return { parameters, facts: { hidden, residual: isResidual ? 'yes' : 'no' } }
  },
}

/** Whether a layer's result has the shape of its input, for all that is known. */
function isSameShape({ node, analysis }: RewriteLayer): boolean {
  const [x, y] = [node.inputs[0], node.outputs[0]].map((name) => analysis.values.get(name ?? '')?.shape?.slice(1))
  return isConcrete(x) && isConcrete(y) && x.join() === y.join()
}

/** Of variance 2/n, n the terms of an output (He et al., ICCV 2015). */
function drawn({ random }: RewriteContext, name: string, shape: readonly number[]) {
  const [, ...terms] = shape
  const deviation = Math.sqrt(2 / terms.reduce((p, d) => p * d, 1))
  const { normal } = random(name)
  return tensorOf(
    'float32',
    shape,
    Float32Array.from({ length: shape[0]! * terms.reduce((p, d) => p * d, 1) }, () => deviation * normal()),
  )
}

/** min(max(x, 0), 6): bounds became inputs with opset 11. */
function addRelu6(editor: GraphEditor, x: string, name: string): string {
  const bound = (text: string, v: number) => editor.constant(`${name}.${text}`, tensorOf('float32', [], [v]))
  const hasInputs = opsetOf(editor.opsetImports, '') >= 11
  const outputs = [editor.name(`${x}_relu6`)]
  if (hasInputs) return editor.node('Clip', [x, bound('min', 0), bound('max', 6)], {}, { name, outputs })
  return editor.node('Clip', [x], { min: float(0), max: float(6) }, { name, outputs })
}
