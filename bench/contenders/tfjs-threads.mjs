// tfjs-backend-wasm starts its threads from blob: URLs, which Node's workers do not take. The code it starts knows Node, though; so here those
// URLs are turned back into the code they stand for. And it never uses more threads than half the logical cores; it is told of twice as many, so
// that it gets the threads that the others get. Nothing of what is measured is changed.

import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/**
 * To be called before the backend is loaded.
 * @param {number} threads that it shall be able to use
 */
export function allowThreads(threads) {
  const os = require('node:os')
  const [cpu] = os.cpus()
  os.cpus = () => Array(2 * threads).fill(cpu)
  const workerThreads = require('node:worker_threads')
  const script = require.resolve('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js')
  const sources = new Map()

  class ReadableBlob extends Blob {
    constructor(parts = [], options) {
      super(parts, options)
      this.source = parts.join('')
    }
  }
  globalThis.Blob = ReadableBlob
  const createObjectURL = URL.createObjectURL
  URL.createObjectURL = (blob) => {
    const url = createObjectURL(blob)
    sources.set(url, blob instanceof ReadableBlob ? blob.source : undefined)
    return url
  }
  workerThreads.Worker = class extends workerThreads.Worker {
    constructor(url, options) {
      const source = sources.get(String(url))
      super(source ?? url, source === undefined ? options : { ...options, eval: true })
    }

    /** The backend's own script goes to its workers as a Blob; they take its path as well. */
    postMessage(message, transfer) {
      super.postMessage(message?.urlOrBlob ? { ...message, urlOrBlob: script } : message, transfer)
    }
  }
}
