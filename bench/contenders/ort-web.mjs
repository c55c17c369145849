// onnxruntime-web, WebAssembly: a model of one Conv. Its outputs are copied out of its memory, which a layer within a network does not pay
// for; so the model ends in a Slice of one value, and what remains – input copied in, call, Slice – is measured by a model without the Conv
// and taken off.

import * as ort from 'onnxruntime-web'
import { GraphBuilder, modelBytes, tensorOf } from '../../dist/api/graph.js'
import { peerVersion } from '../peers.mjs'
import { randomFloats } from './kerf.mjs'

/** @param {number} threads */
export async function open(threads) {
  ort.env.wasm.numThreads = threads
  ort.env.wasm.proxy = false
  ort.env.logLevel = 'error'
  return {
    version: `onnxruntime-web ${peerVersion('onnxruntime-web')}`,
    async load(layer) {
      const { inChannels, size } = layer
      const shape = [1, inChannels, size, size]
      const [whole, rest] = await Promise.all([sessionOf(modelOf(layer, true)), sessionOf(modelOf(layer, false))])
      const feeds = { x: new ort.Tensor('float32', randomFloats(inChannels * size * size), shape) }
      return {
        run: () => whole.run(feeds),
        overhead: () => rest.run(feeds),
        close: () => Promise.all([whole.release(), rest.release()]),
      }
    },
  }
}

const sessionOf = (bytes) =>
  ort.InferenceSession.create(bytes, { executionProviders: ['wasm'], graphOptimizationLevel: 'all' })

function modelOf({ inChannels, outChannels, size, kernel, stride, pad, groups }, withConv) {
  const b = new GraphBuilder('layer')
  let value = b.input('x', 'float32', [1, inChannels, size, size])
  if (withConv) {
    const shape = [outChannels, inChannels / groups, kernel, kernel]
    const w = b.constant('w', tensorOf('float32', shape, randomFloats(shape.reduce((p, d) => p * d, 1))))
    value = b.node('Conv', [value, w], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      group: groups,
    })
  }
  const one = [1, 1, 1, 1]
  const [starts, ends, axes] = [b.ints('starts', [0, 0, 0, 0]), b.ints('ends', one), b.ints('axes', [0, 1, 2, 3])]
  b.output(b.node('Slice', [value, starts, ends, axes]), { kind: 'tensor', elementType: 'float32', shape: one })
  return modelBytes(b.model())
}
