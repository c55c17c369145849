// ONNX Runtime on one convolution: `?runtime=web` (WebAssembly) or `node` (native), `&type=f32` (Conv) or `int8` (QLinearConv, bytes in and
// out). Outputs are copied out of its memory, which a layer within a network does not pay for; so the model ends in a Slice of one value, and what
// remains – input copied in, call, Slice – is measured by a model without the convolution and taken off.

import { GraphBuilder, modelBytes, tensorOf } from '../../dist/api/graph.js'
import { randomFloats } from './kerf.mjs'
import { openOrt } from './ort.mjs'

const parameters = new URL(import.meta.url).searchParams
const runtime = parameters.get('runtime') ?? ''
const isInteger = parameters.get('type') === 'int8'
const elementType = isInteger ? 'uint8' : 'float32'
const randomBytes = (count) => Uint8Array.from({ length: count }, () => Math.floor(Math.random() * 256))
const randomValues = (count) => (isInteger ? randomBytes(count) : randomFloats(count))
const elements = (shape) => shape.reduce((p, d) => p * d, 1)

/** @param {number} threads */
export async function open(threads) {
  const { Tensor, version, sessionOf } = await openOrt(runtime, threads)
  return {
    version,
    async load(layer) {
      const shape = [1, layer.inChannels, layer.size, layer.size]
      const [whole, rest] = await Promise.all([sessionOf(modelOf(layer, true)), sessionOf(modelOf(layer, false))])
      const feeds = { x: new Tensor(elementType, randomValues(elements(shape)), shape) }
      return {
        run: () => whole.run(feeds),
        overhead: () => rest.run(feeds),
        close: () => Promise.all([whole.release(), rest.release()]),
      }
    },
  }
}

function modelOf({ inChannels, outChannels, size, kernel, stride, pad, groups }, withConv) {
  const b = new GraphBuilder('layer')
  let value = b.input('x', elementType, [1, inChannels, size, size])
  if (withConv) {
    const shape = [outChannels, inChannels / groups, kernel, kernel]
    const w = b.constant('w', tensorOf(elementType, shape, randomValues(elements(shape))))
    const attributes = {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      group: groups,
    }
    if (isInteger) {
      const scale = (name, v) => b.constant(name, tensorOf('float32', [], Float32Array.of(v)))
      const zero = (name) => b.constant(name, tensorOf('uint8', [], Uint8Array.of(128)))
      const inputs = [value, scale('xs', 0.1), zero('xz'), w, scale('ws', 0.1), zero('wz'), scale('ys', 1), zero('yz')]
      value = b.node('QLinearConv', inputs, attributes)
    } else value = b.node('Conv', [value, w], attributes)
  }
  const one = [1, 1, 1, 1]
  const [starts, ends, axes] = [b.ints('starts', [0, 0, 0, 0]), b.ints('ends', one), b.ints('axes', [0, 1, 2, 3])]
  b.output(b.node('Slice', [value, starts, ends, axes]), { kind: 'tensor', elementType, shape: one })
  return modelBytes(b.model())
}
