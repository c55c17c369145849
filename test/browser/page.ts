// What the page under test runs: bundled for a browser by server.ts, with the library's own entry points and nothing of Node.

import { readModel } from '../../src/onnx/index.ts'
import { createSession, hostTensor, type Session } from '../../src/runtime/index.ts'

export interface PageRun {
  readonly logits: number[]
  readonly backend: string
  readonly threads: number
  readonly isolated: boolean
}

let session: Session | undefined

/** Loads `/model.onnx` and `/input.f32`, runs them twice and gives the second answer: the threads have then slept in between. */
async function runNetwork(threads: number | undefined, shape: readonly number[]): Promise<PageRun> {
  const load = async (path: string) => new Uint8Array(await (await fetch(path)).arrayBuffer())
  const model = readModel(await load('/model.onnx'))
  const pixels = new Float32Array((await load('/input.f32')).buffer)
  session = await createSession(model, { threads })
  const feeds = { input: hostTensor('float32', shape, pixels) }
  await session.run(feeds)
  await new Promise((resolve) => setTimeout(resolve, 50))
  const { logits } = await session.run(feeds)
  const { backend } = session
  return {
    logits: Array.from(logits?.data ?? [], Number),
    backend,
    threads: session.threads,
    isolated: globalThis.crossOriginIsolated,
  }
}

Object.assign(globalThis, { runNetwork, disposeSession: () => session?.dispose() })
