// What the page under test runs: bundled for a browser by server.ts, with the library's own entry points and nothing of Node.

import { createSession, imageToTensor, readModel, type Session, withImageMetadata } from '../../api/index.ts'

export interface PageRun {
  readonly logits: number[]
  readonly backend: string
  readonly threads: number
  readonly isolated: boolean
}

let session: Session | undefined

/** Loads `/model.onnx` and `/input.f32`, runs them twice and gives the second answer: the threads have then slept in between. */
async function runNetwork(threads: number | undefined, shape: readonly number[], workerUrl?: string): Promise<PageRun> {
  const load = async (path: string) => new Uint8Array(await (await fetch(path)).arrayBuffer())
  const model = await readModel(await fetch('/model.onnx'))
  const pixels = new Float32Array((await load('/input.f32')).buffer)
  session = await createSession(model, { threads, workerUrl })
  const feeds = { input: { elementType: 'float32', shape, data: pixels } as const }
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

/** What is used of the DOM, whose types do not go together with a worker's. */
declare const document: { createElement(name: 'canvas'): OffscreenCanvas & { toDataURL(): string } }
declare const Image: new () => { src: string; decode(): Promise<void>; naturalWidth: number; naturalHeight: number }

/** The same picture in everything that a browser can draw, as `/model.onnx` takes it: 4 × 2 pixels, red on the left, blue on the right. */
async function tensorsOfImages(): Promise<Record<string, { shape: readonly number[]; data: number[] }>> {
  const given = await readModel(await (await fetch('/model.onnx')).blob())
  const model = withImageMetadata(given, {
    preprocessing: {
      ...{ resize: [2, 2], fit: 'cover', border: 0, channels: 3, order: 'rgb', layout: 'NCHW' },
      ...{ scale: 1 / 255, mean: [0, 0, 0.5], std: [1, 1, 0.5] },
    },
  })
  const canvas = Object.assign(document.createElement('canvas'), { width: 4, height: 2 })
  const context = canvas.getContext('2d')!
  context.fillStyle = '#ff0000'
  context.fillRect(0, 0, 2, 2)
  context.fillStyle = '#0000ff'
  context.fillRect(2, 0, 2, 2)
  const element = new Image()
  element.src = canvas.toDataURL()
  await element.decode()
  const offscreen = new OffscreenCanvas(4, 2)
  offscreen.getContext('2d')?.drawImage(canvas, 0, 0)
  const frame = new VideoFrame(canvas, { timestamp: 0 })
  const images = {
    canvas,
    offscreen,
    element,
    frame,
    bitmap: await createImageBitmap(canvas),
    data: context.getImageData(0, 0, 4, 2),
  }
  const all = Object.entries(images).map(([name, image]) => {
    const { shape, data } = imageToTensor(image, model)
    return [name, { shape, data: Array.from(data, Number) }] as const
  })
  frame.close()
  return Object.fromEntries(all)
}

Object.assign(globalThis, { runNetwork, tensorsOfImages, disposeSession: () => session?.dispose() })
