import { Worker } from 'node:worker_threads'
import type { SpawnWorker } from './wasm/pool.ts'

/** A worker thread of Node. It does not keep the process alive. */
export const spawnNodeWorker: SpawnWorker = (source) => {
  const worker = new Worker(source, { eval: true })
  worker.unref()
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (listener) => worker.on('message', listener),
    onEnd: (listener) => {
      worker.on('error', (error) => listener(error.message))
      worker.on('exit', (code) => listener(`it exited with code ${code}`))
    },
    terminate: () => void worker.terminate(),
  }
}
