// A training step in Kerf, as its trainer makes it: images in, forward, backward, SGD with momentum. `?net=conv` or `?net=adder`.

import { analyse, operators } from '../../dist/api/graph.js'
import { adderConvolution, nets } from '../../dist/api/nets.js'
import { createTrainer, parameterGroups } from '../../dist/api/train.node.js'
import { trainNetworks } from './train-networks.mjs'

const net = new URL(import.meta.url).searchParams.get('net')
const random = (count) => Float32Array.from({ length: count }, () => 2 * Math.random() - 1)
const elements = (sizes) => sizes.reduce((p, d) => p * d, 1)

/** @param {number} threads */
export async function open(threads) {
  return {
    version: 'kerf',
    async load({ network, batch }) {
      const { shape, classes, options } = trainNetworks[network]
      const model = nets[network]({ ...options, ...(net === 'adder' ? { convolution: adderConvolution } : {}) })
      const trainer = await createTrainer(model, {
        ...{ batchSize: batch, shape, classes, threads },
        optimiser: { kind: 'sgd', momentum: 0.9, groups: parameterGroups({ weightDecay: 5e-4 }) },
      })
      if (trainer.program.onHost.length > 0) throw new Error(`no kernel does ${trainer.program.onHost.join(', ')}`)
      const labels = Int32Array.from({ length: batch }, () => Math.floor(classes * Math.random()))
      const targets = new Float32Array(batch * classes)
      labels.forEach((label, i) => {
        targets[i * classes + label] = 1
      })
      const data = { images: random(batch * elements(shape)), targets, labels, count: batch }
      return {
        run: () => trainer.step(data, 0.01),
        outputs: async () => [[memoryOf(trainer), neededBy(trainer)]],
        close: () => trainer.dispose(),
      }
    },
  }
}

const weightBytes = ({ graph }) => 4 * graph.weights.reduce((sum, w) => sum + elements(w.shape), 0)

/** Bytes: the plan with weights and gradients, and the momentum beside it. */
const memoryOf = (trainer) => trainer.program.memory.total + weightBytes(trainer)

/** Bytes of weights, gradients and momentum, and of everything that the way back reads of the way there. */
function neededBy(trainer) {
  const { model, inputShapes } = trainer.graph
  const { values } = analyse(model, operators, { inputShapes })
  const { nodes } = model.graph
  // The gradient of the loss is where the way back begins.
  const first = nodes.findIndex((n) => /\/gradient\//.test(n.name))
  const there = new Set([...inputShapes.keys(), ...nodes.slice(0, first).flatMap((n) => n.outputs)])
  const weights = new Set(trainer.graph.weights.map((w) => w.name))
  const saved = new Set(nodes.slice(first).flatMap((n) => n.inputs.filter((i) => there.has(i) && !weights.has(i))))
  return (
    3 * weightBytes(trainer) + [...saved].reduce((sum, name) => sum + 4 * elements(values.get(name)?.shape ?? []), 0)
  )
}
