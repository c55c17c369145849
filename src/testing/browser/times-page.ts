// What the page under test measures and slims: bundled for a browser by server.ts, with the library's own entry points and nothing of Node.

import { imagesFromArrays } from '../../api/data.ts'
import { readModel } from '../../api/index.ts'
import type { TimeTable } from '../../api/prune.ts'
import { kerfTiming, measureTimes, type OrtInterface, ortTiming, slim } from '../../api/workflow.ts'

export interface MeasuredInPage {
  readonly table: TimeTable
  /** Of the network that slim gave, and the one that it was given. */
  readonly macs: readonly [given: number, final: number]
  readonly target: { readonly of: string; readonly before: number; readonly limit: number; readonly reached: number }
  readonly stages: readonly string[]
  readonly told: readonly string[]
}

/** Where `--runtime` of the command would be: Kerf, or onnxruntime-web as `/ort.mjs` has it. */
async function timingOf(runtime: 'kerf' | 'ort-web') {
  if (runtime === 'kerf') return kerfTiming()
  const path = '/ort.mjs'
  const module = (await import(path)) as OrtInterface & { readonly env: { wasm: { wasmPaths?: string } } }
  module.env.wasm.wasmPaths = '/'
  return ortTiming({ name: 'ort-web', module })
}

/** Times the layers of `/model.onnx`, and makes it 1.5 times as fast on the images of `/images.f32`. */
async function measureAndSlim(runtime: 'kerf' | 'ort-web', seconds: number): Promise<MeasuredInPage> {
  const load = async (path: string) => new Uint8Array(await (await fetch(path)).arrayBuffer())
  const model = readModel(await load('/model.onnx'))
  const timing = await timingOf(runtime)
  const table = await measureTimes(model, { timing, seconds })
  const images = imagesFromArrays({
    ...{ channels: 1, height: 28, width: 28 },
    images: new Float32Array((await load('/images.f32')).buffer),
  })
  const stages: string[] = []
  const told = new Set<string>()
  const { given, final, target } = await slim(
    model,
    {
      ...{ images, faster: 1.5, timing, rounds: 1, epochs: 0, maxDrop: 0.99 },
      onStage: ({ kind }) => stages.push(kind),
    },
    { progress: ({ what }) => told.add(what) },
  )
  return { table, macs: [given.totals.macs, final.totals.macs], target, stages, told: [...told] }
}

Object.assign(globalThis, { measureAndSlim })
