import { parentPort } from 'node:worker_threads'
import { loadNative } from '../native.node.ts'
import { spawnNodeWorker } from '../spawn.node.ts'
import { serveSession } from './serve-session.ts'

/* What a session's worker runs in Node: spawn.node.ts starts it. */

const serve = serveSession((reply, transfer) => parentPort?.postMessage(reply, transfer as ArrayBuffer[]), {
  spawn: spawnNodeWorker,
  loadNative,
})
parentPort?.on('message', serve)
