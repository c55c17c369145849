// One variant of ResNet-20 (`&variant=`: a key of the paths that are loaded) in Kerf or ONNX Runtime (`?runtime=kerf`, `web`, `node`), as a user
// calls it: inputs copied in, outputs copied out.

import { readFileSync } from 'node:fs'
import { readModelFile } from '../../dist/api/files.node.js'
import { createSession, hostTensor } from '../../dist/api/runtime.node.js'

const parameters = new URL(import.meta.url).searchParams
const runtime = parameters.get('runtime') ?? ''
const variant = parameters.get('variant') ?? ''

/** Numbers that are the same in every process. */
const values = (shape) =>
  Float32Array.from({ length: shape.reduce((p, d) => p * d, 1) }, (_, i) => Math.sin(0.37 * i) * Math.cos(0.011 * i))

/** @param {number} threads */
export async function open(threads) {
  if (runtime === 'kerf')
    return {
      version: 'kerf',
      async load({ paths, shape }) {
        const session = await createSession(readModelFile(paths[variant]), { threads })
        const feeds = { input: hostTensor('float32', shape, values(shape)) }
        return { run: () => session.run(feeds), close: () => session.dispose() }
      },
    }
  const ort = await import(`onnxruntime-${runtime}`)
  if (runtime === 'web') {
    ort.env.wasm.numThreads = threads
    ort.env.wasm.proxy = false
  }
  ort.env.logLevel = 'error'
  return {
    version: `onnxruntime-${runtime} ${ort.env.versions[runtime]}`,
    async load({ paths, shape }) {
      const session = await ort.InferenceSession.create(readFileSync(paths[variant]), {
        executionProviders: [runtime === 'web' ? 'wasm' : 'cpu'],
        graphOptimizationLevel: 'all',
        intraOpNumThreads: threads,
      })
      const feeds = { input: new ort.Tensor('float32', values(shape), shape) }
      return { run: () => session.run(feeds), close: () => session.release() }
    },
  }
}
