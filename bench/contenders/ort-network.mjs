// ONNX Runtime on a whole network: `?runtime=web` (WebAssembly) or `node` (native).

import { readFileSync } from 'node:fs'

const runtime = new URL(import.meta.url).searchParams.get('runtime') ?? ''

/** @param {number} threads */
export async function open(threads) {
  const ort = await import(`onnxruntime-${runtime}`)
  if (runtime === 'web') {
    ort.env.wasm.numThreads = threads
    ort.env.wasm.proxy = false
  }
  ort.env.logLevel = 'error'
  const options = {
    executionProviders: [runtime === 'web' ? 'wasm' : 'cpu'],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
  }
  return {
    version: `onnxruntime-${runtime} ${ort.env.versions[runtime]}`,
    async load({ path, input, shape, values }) {
      const session = await ort.InferenceSession.create(readFileSync(path), options)
      const feeds = { [input]: new ort.Tensor('float32', Float32Array.from(values), shape) }
      return {
        run: () => session.run(feeds),
        outputs: async () => Object.values(await session.run(feeds)).map((t) => Array.from(t.data)),
        close: () => session.release(),
      }
    },
  }
}
