import { Worker } from 'node:worker_threads'
import type { SpawnWorker } from './backends/wasm/engine/pool.ts'

/** A worker thread of Node. Once it has answered it does not keep the process alive. */
export const spawnNodeWorker: SpawnWorker = (source) => {
  const worker = new Worker(source, { eval: true })
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (listener) =>
      worker.on('message', (message) => {
        // Not before: the process may be waiting for nothing else. And listening for messages refers to the worker anew.
        worker.unref()
        listener(message)
      }),
    onEnd: (listener) => {
      worker.on('error', (error) => listener(error.message))
      worker.on('exit', (code) => listener(`it exited with code ${code}`))
    },
    terminate: () => worker.terminate(),
  }
}
