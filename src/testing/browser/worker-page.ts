// What the page under test runs in a worker: bundled for a browser by server.ts, with the library's own entry points and nothing of Node.

import { createSession, KerfError, readModel, type SessionOptions } from '../../api/index.ts'

export interface RunInPage {
  readonly threads: number
  readonly outputs: number[]
  /** That the page had during one run. */
  readonly frames: number
  readonly notices: string[]
}

/** A page has it, a worker's types do too; the project's types are a worker's. */
const nextFrame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve))

/** Opens `/model.onnx`, runs it once to be ready, and once more while frames are counted. */
async function runInPage(shape: readonly number[], options: SessionOptions): Promise<RunInPage> {
  const notices: string[] = []
  const model = await readModel(await fetch('/model.onnx'))
  await using session = await createSession(model, { ...options, onNotice: (text) => notices.push(text) })
  const data = Float32Array.from({ length: shape.reduce((p, d) => p * d, 1) }, (_, i) => Math.sin(i))
  const feeds = { input: { elementType: 'float32', shape, data } as const }
  await session.run(feeds)
  await nextFrame()
  let frames = 0
  let running = true
  const count = () => {
    if (!running) return
    frames += 1
    requestAnimationFrame(count)
  }
  requestAnimationFrame(count)
  const { logits } = await session.run(feeds)
  running = false
  return {
    threads: session.threads,
    outputs: Array.from(logits?.data ?? [], Number),
    frames,
    notices,
  }
}

/** What a page gets where it goes wrong. */
async function refusalInPage(shape: readonly number[], options: SessionOptions): Promise<unknown> {
  try {
    return await runInPage(shape, options)
  } catch (error) {
    return error instanceof KerfError ? { code: error.code, message: error.message } : String(error)
  }
}

/** Stops a run from the page while it works. */
async function abortInPage(shape: readonly number[], options: SessionOptions, afterMs: number): Promise<unknown> {
  const model = await readModel(await fetch('/model.onnx'))
  await using session = await createSession(model, options)
  const data = new Float32Array(shape.reduce((p, d) => p * d, 1))
  const feeds = { input: { elementType: 'float32', shape, data } as const }
  const controller = new AbortController()
  const told: string[] = []
  setTimeout(() => controller.abort('enough'), afterMs)
  const progress = ({ what }: { readonly what: string }) => void told.push(what)
  const task = { signal: controller.signal, progress }
  const error = await session.profile(feeds, 60, task).catch((e: KerfError) => e)
  const again = await session.run(feeds)
  const { code, details } = error as KerfError
  return { code, reason: details.reason, told: told.length, again: again.logits?.shape, mine: data.length }
}

Object.assign(globalThis, { runInPage, refusalInPage, abortInPage })
