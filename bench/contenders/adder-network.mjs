// One variant of ResNet-20 (`&variant=`: a key of the paths that are loaded) in Kerf or ONNX Runtime (`?runtime=kerf`, `web`, `node`), as a user
// calls it: inputs copied in, outputs copied out.

import { readFileSync } from 'node:fs'
import { readModelFile } from '../../dist/api/files.node.js'
import { createSession, hostTensor } from '../../dist/api/runtime.node.js'
import { openOrt } from './ort.mjs'

const parameters = new URL(import.meta.url).searchParams
const runtime = parameters.get('runtime') ?? ''
const variant = parameters.get('variant') ?? ''

/** Numbers that are the same in every process. */
const values = (shape) =>
  Float32Array.from({ length: shape.reduce((p, d) => p * d, 1) }, (_, i) => Math.sin(0.37 * i) * Math.cos(0.011 * i))

/** @param {number} threads */
export async function open(threads) {
  if (runtime === 'kerf')
    return {
      version: 'kerf',
      async load({ paths, shape }) {
        const session = await createSession(readModelFile(paths[variant]), { threads })
        const feeds = { input: hostTensor('float32', shape, values(shape)) }
        return { run: () => session.run(feeds), close: () => session.dispose() }
      },
    }
  const { Tensor, version, sessionOf } = await openOrt(runtime, threads)
  return {
    version,
    async load({ paths, shape }) {
      const session = await sessionOf(readFileSync(paths[variant]))
      const feeds = { input: new Tensor('float32', values(shape), shape) }
      return { run: () => session.run(feeds), close: () => session.release() }
    },
  }
}
