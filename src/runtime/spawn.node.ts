import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Transferable, Worker } from 'node:worker_threads'
import { type SpawnWorker, type WorkerHandle, workersBlocked } from './backends/wasm/engine/pool.ts'
import type { StartSessionWorker } from './worker/worker-session.ts'

/** A worker thread of Node. Once it has answered it does not keep the process alive. */
export const spawnNodeWorker: SpawnWorker = (source) => {
  const worker = new Worker(source, { eval: true })
  // Not before: the process may be waiting for nothing else. And listening for messages refers to the worker anew.
  return handleOf(worker, () => worker.unref())
}

/** Beside this file where the package is built; programs that are bundled into one file do not have it. */
const ownScript = new URL('./session-worker.node.js', import.meta.url)

/** A worker thread of Node for a session. The process waits for it only while it works. */
export const startNodeWorker: StartSessionWorker = (script = ownScript) => {
  const url = new URL(script)
  if (url.protocol === 'file:' && !existsSync(fileURLToPath(url)))
    throw workersBlocked(`there is no file ${fileURLToPath(url)}`)
  const worker = new Worker(url)
  return {
    ...handleOf(worker, () => {}),
    keepAlive: (needed) => (needed ? worker.ref() : worker.unref()),
  }
}

function handleOf(worker: Worker, onAnswer: () => void): WorkerHandle {
  return {
    post: (message, transfer) => worker.postMessage(message, transfer as Transferable[]),
    onMessage: (listener) =>
      worker.on('message', (message) => {
        onAnswer()
        listener(message)
      }),
    onEnd: (listener) => {
      worker.on('error', (error) => listener(error.message))
      worker.on('exit', (code) => listener(`it exited with code ${code}`))
    },
    terminate: () => worker.terminate(),
  }
}
