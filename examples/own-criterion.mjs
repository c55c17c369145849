// A pruning criterion of one's own: a channel matters as much as what it says of one image differs from what it says of another. It lets images run through
// the network, so it is asynchronous. A quarter of LeNet-5's filters go, and nothing is trained: node examples/own-criterion.mjs

import { fileURLToPath } from 'node:url'
import { pruneModel } from 'kerf'
import { createLoader } from 'kerf/data'
import { openData, readModelFile } from 'kerf/files'
import { evaluate } from 'kerf/train'
import { imagesFor, spread } from 'kerf/workflow'

/** The variance, over images, of a channel's mean activation. */
const variance = {
  name: 'variance',
  formula: '\\operatorname{Var}_n \\overline{a_{n,c}}',
  source: '',
  needs: 'images',
  async score({ groups, batches, combined }) {
    const layers = groups.flatMap((group) => group.layers)
    const seen = new Map(layers.map((layer) => [layer, Array.from({ length: layer.channels }, () => [])]))
    for await (const batch of batches())
      for (const layer of layers) {
        const { data, images, channels, plane } = batch.activations(layer)
        const area = plane.reduce((product, size) => product * size, 1)
        for (let i = 0; i < images * channels; i++)
          seen.get(layer)[i % channels].push(mean(data.subarray(i * area, (i + 1) * area)))
      }
    // Layers of different scale are ranked together, and what must go together is.
    return combined((layer) => seen.get(layer).map(varianceOf))
  },
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
const varianceOf = (values) => {
  const middle = mean(values)
  return mean(values.map((value) => (value - middle) ** 2))
}

const digits = fileURLToPath(new URL('digits/', import.meta.url))
const { train, test } = await openData({ kind: 'mnist', path: digits })
const model = readModelFile(`${digits}lenet5.onnx`)
const images = imagesFor(model, spread(train, 256), [])
const tested = createLoader(test, { batchSize: 100, training: false })
for (const criterion of ['random', 'l2', variance]) {
  const cut = (await pruneModel(model, { scope: { ratio: 0.25 }, criterion, images })).model
  const { accuracy } = await evaluate(cut, tested, { onNotice: () => {} })
  console.log(
    `${criterion.name ?? criterion}: ${(100 * accuracy).toFixed(1)} % of the digits are known without a quarter of the filters`,
  )
}
