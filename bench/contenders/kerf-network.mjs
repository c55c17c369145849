// Kerf on a whole network, as a user calls it: inputs copied in, outputs copied out.

import { readFileSync } from 'node:fs'
import { readModelFile } from '../../dist/api/files.node.js'
import { createSession, hostTensor, hostValues, measureLimit } from '../../dist/api/runtime.node.js'

/** @param {number} threads */
export async function open(threads) {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return {
    version: `kerf ${version}`,
    limit: () => measureLimit(threads),
    async load({ path, input, shape, values }) {
      const session = await createSession(readModelFile(path), { threads, inputShapes: new Map([[input, shape]]) })
      const feeds = { [input]: hostTensor('float32', shape, values) }
      return {
        run: () => session.run(feeds),
        outputs: async () => Object.values(await session.run(feeds)).map((t) => [...hostValues(t)]),
        close: () => session.dispose(),
      }
    },
  }
}
