// ONNX Runtime on a whole network: `?runtime=web` (WebAssembly) or `node` (native).

import { readFileSync } from 'node:fs'
import { openOrt } from './ort.mjs'

const runtime = new URL(import.meta.url).searchParams.get('runtime') ?? ''

/** @param {number} threads */
export async function open(threads) {
  const { Tensor, version, sessionOf } = await openOrt(runtime, threads)
  return {
    version,
    async load({ path, input, shape, values }) {
      const session = await sessionOf(readFileSync(path))
      const feeds = { [input]: new Tensor('float32', Float32Array.from(values), shape) }
      return {
        run: () => session.run(feeds),
        outputs: async () => Object.values(await session.run(feeds)).map((t) => Array.from(t.data)),
        close: () => session.release(),
      }
    },
  }
}
