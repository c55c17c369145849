/**
 * ONNX Runtime as contenders use it.
 * @param {string} runtime `web` (WebAssembly) or `node` (native)
 * @param {number} threads
 */
export async function openOrt(runtime, threads) {
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
    Tensor: ort.Tensor,
    version: `onnxruntime-${runtime} ${ort.env.versions[runtime]}`,
    sessionOf: (bytes) => ort.InferenceSession.create(bytes, options),
  }
}
