// An operator of one's own: Shift (Wu et al., CVPR 2018), which moves every channel sideways by a number of its own. Kerf counts, prunes and runs a
// network with it: node examples/own-operator.mjs

import { createSession, profileModel, pruneModel } from 'kerf'
import { float, GraphBuilder, operators, seededRandom, tensorOf, withOperators } from 'kerf/graph'

/** Y[n, c, h, w] = X[n, c, h, w − by[c]], 0 where that lies outside. */
const shift = {
  name: 'Shift',
  domain: 'com.example',
  inputs: ['X [N, C, _, _]'],
  attributes: (reader) => ({ by: reader.ints('by', []) }),
  infer: (call) => [{ elementType: call.inputs[0]?.elementType, shape: call.inputs[0]?.shape }],
  forward: ({ attributes: { by } }, [x]) => {
    const [, channels, height, width] = x.shape
    const data = Float32Array.from(x.data, (_, i) => {
      const from = (i % width) - by[Math.floor(i / (width * height)) % channels]
      return from >= 0 && from < width ? x.data[i - (i % width) + from] : 0
    })
    return [{ elementType: x.elementType, shape: x.shape, data }]
  },
  // It moves elements, and calculates nothing.
  cost: 'none',
  channels: {
    // Channels go through one by one; a channel of zeros stays one.
    tie: (_, ties) => ties.setOutput(0, [{ axes: [1], labels: ties.labels(0, 1) }]),
    zeros: () => [[0]],
    // What is cut is cut from the list, too.
    cut: (call, cut) => {
      const kept = cut.keptInput(0, 1)
      if (kept)
        cut.setInts(
          'by',
          Array.from(kept, (channel) => call.attributes.by[channel]),
        )
    },
  },
}

const own = { operators: withOperators(operators, [shift]) }

/** A 1×1 convolution, a shift to the left, nowhere or to the right, and another convolution. */
function network() {
  const random = seededRandom(1)
  const weights = (...shape) => tensorOf('float32', shape, Array.from({ length: shape[0] * shape[1] }, random.normal))
  const b = new GraphBuilder('shifted')
  const x = b.input('x', 'float32', [1, 3, 8, 8])
  const wide = b.node('Conv', [x, b.constant('w1', weights(12, 3, 1, 1))], {}, { name: 'first' })
  const by = Array.from({ length: 12 }, (_, channel) => (channel % 3) - 1)
  const shifted = b.node('Shift', [wide], { by }, { name: 'shift', domain: 'com.example' })
  const bent = b.node('LeakyRelu', [shifted], { alpha: float(0.1) })
  b.output(b.node('Conv', [bent, b.constant('w2', weights(4, 12, 1, 1))], {}, { name: 'last', outputs: ['y'] }))
  return b.model()
}

const whole = network()
const cut = (await pruneModel(whole, { scope: { ratio: 0.5 }, ...own })).model
const picture = Float32Array.from({ length: 3 * 8 * 8 }, (_, i) => Math.sin(i))
for (const [name, model] of Object.entries({ whole, cut })) {
  const { totals } = profileModel(model, own)
  const session = await createSession(model, { ...own, onNotice: () => {} })
  const { y } = await session.run({ x: { elementType: 'float32', shape: [1, 3, 8, 8], data: picture } })
  await session.dispose()
  const by = model.graph.nodes.find((node) => node.opType === 'Shift').attributes.get('by').value
  console.log(`${name}: ${totals.macs} MACs, shifted by ${by.join(' ')}, y[0] ${y.data[0].toFixed(3)}`)
}
