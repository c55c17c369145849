// A rewrite of one's own: of large kernels the middle is left, as in Once-for-All (Cai et al., ICLR 2020). LeNet-5 loses more than half of its MACs. Much of
// what it knew comes back, before any training, where means and variances are measured anew: node examples/own-rewrite.mjs

import { fileURLToPath } from 'node:url'
import { namePattern } from 'kerf'
import { createLoader } from 'kerf/data'
import { openData, readModelFile } from 'kerf/files'
import { AttributeReader, attributeOf, tensorOf, tensorValues } from 'kerf/graph'
import { convolutionRefusal, numberSetting } from 'kerf/rewrite'
import { evaluate } from 'kerf/train'
import { swapAndMeasure } from 'kerf/workflow'

const middle = {
  name: 'middle',
  title: 'smaller kernels',
  summary: 'Of every kernel the middle is left.',
  source: 'Cai et al., Once-for-All, ICLR 2020',
  settings: { size: numberSetting(3, 'side of the kernel that is left', { least: 1, whole: true }) },
  // Before, pads were an attribute.
  opset: 11,
  facts: { left: 'Left of ‖W‖²' },

  refusal(layer, { size }) {
    const kernel = layer.analysis.values.get(layer.node.inputs[1])?.shape?.slice(2) ?? []
    return (
      convolutionRefusal(layer) ??
      (kernel.length === 2 && kernel.every((k) => k > size && (k - size) % 2 === 0)
        ? undefined
        : { code: 'kernel', why: `its kernel is ${kernel.join('×')}, which has no middle of ${size}×${size}` })
    )
  },

  replace({ name, node }, { editor, settings: { size } }) {
    const [x, weight, ...bias] = node.inputs
    const given = editor.initializers.get(weight)
    const [outChannels, inChannels, height, width] = given.shape
    const values = tensorValues(given)
    const [top, left] = [(height - size) / 2, (width - size) / 2]
    const kept = Array.from({ length: outChannels * inChannels * size * size }, (_, i) => {
      const [plane, row, column] = [Math.floor(i / size ** 2), Math.floor(i / size) % size, i % size]
      return values[(plane * height + top + row) * width + left + column]
    })
    editor.set(weight, tensorOf('float32', [outChannels, inChannels, size, size], kept))
    // The window begins where the middle did: where there was no padding to lose, the input loses its border.
    const pads = new AttributeReader(node).ints('pads', [0, 0, 0, 0]).map((p, i) => p - [top, left, top, left][i])
    const [begin, end] = [pads.slice(0, 2), pads.slice(2)]
    const border = editor.ints(`${name}_pads`, [0, 0, ...begin, 0, 0, ...end])
    const padded = editor.node('Pad', [x, border], {}, { name: `${name}_pad` })
    const attributes = new Map([...node.attributes, ['kernel_shape', attributeOf([size, size])]])
    attributes.set('pads', attributeOf([0, 0, 0, 0]))
    editor.add({ ...node, inputs: [padded, weight, ...bias], attributes })
    const energy = (list) => list.reduce((sum, value) => sum + value * value, 0)
    return { parameters: [{ name: weight, from: 'the layer' }], facts: { left: energy(kept) / energy(values) } }
  },
}

const digits = fileURLToPath(new URL('digits/', import.meta.url))
const data = { kind: 'mnist', path: digits }
const { train, test } = await openData(data)
const tested = createLoader(test, { batchSize: 100, training: false })
const accuracyOf = async (model) =>
  `${(100 * (await evaluate(model, tested, { onNotice: () => {} })).accuracy).toFixed(1)} %`

const model = readModelFile(`${digits}lenet5.onnx`)
const options = {
  rewrite: middle,
  layers: namePattern('conv[124]'),
  data: { data, transforms: [], open: async () => ({ train }) },
}
const unmeasured = await swapAndMeasure(model, { ...options, measure: false })
const measured = await swapAndMeasure(model, { ...options, images: 256, onNotice: () => {} })
for (const { node, facts } of measured.swapped) console.log(`${node}: ${(100 * facts.left).toFixed(0)} % of ‖W‖² left`)
for (const { node, why } of measured.refused) console.log(`${node} stays: ${why}`)
const { macs } = measured.comparison.totals
console.log(`MACs ${macs.a} → ${macs.b}`)
console.log(
  `accuracy ${await accuracyOf(model)} → ${await accuracyOf(unmeasured.model)}, measured anew ${await accuracyOf(measured.model)}`,
)
