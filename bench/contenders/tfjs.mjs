// TensorFlow.js with its WebAssembly backend (XNNPACK): one conv2d or depthwiseConv2d, tensors resident in its memory.

import { createRequire } from 'node:module'
import { peerVersion } from '../peers.mjs'
import { randomFloats } from './kerf.mjs'
import { allowThreads } from './tfjs-threads.mjs'

const require = createRequire(import.meta.url)

/** @param {number} threads */
export async function open(threads) {
  if (threads > 1) allowThreads(threads)
  const tf = require('@tensorflow/tfjs-core')
  const { getThreadsCount, setThreadsCount } = require('@tensorflow/tfjs-backend-wasm')
  tf.env().set('WASM_HAS_SIMD_SUPPORT', true)
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', threads > 1)
  setThreadsCount(threads)
  await tf.setBackend('wasm')
  await tf.ready()
  if (threads > 1 && getThreadsCount() !== threads) throw new Error(`tfjs runs on ${getThreadsCount()} threads`)
  return {
    version: `tfjs-backend-wasm ${peerVersion('@tensorflow/tfjs-backend-wasm')}`,
    load({ inChannels, outChannels, size, kernel, stride, pad, groups }) {
      const x = tf.tensor4d(randomFloats(inChannels * size * size), [1, size, size, inChannels])
      const isDepthwise = groups > 1
      if (isDepthwise && groups !== inChannels) return undefined
      const shape = isDepthwise
        ? [kernel, kernel, inChannels, outChannels / inChannels]
        : [kernel, kernel, inChannels, outChannels]
      const w = tf.tensor4d(randomFloats(shape.reduce((p, d) => p * d, 1)), shape)
      // Explicit padding goes to another, slower kernel of theirs; "same" is the same amount of work.
      const padding = pad === 0 ? 'valid' : 'same'
      return {
        run() {
          const y = isDepthwise ? tf.depthwiseConv2d(x, w, stride, padding) : tf.conv2d(x, w, stride, padding)
          y.dispose()
        },
        close: () => tf.dispose([x, w]),
      }
    },
  }
}
