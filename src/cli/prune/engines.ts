import { join } from 'node:path'
import type { Model } from '../../graph/index.ts'
import { writeModelFile } from '../../onnx/index.node.ts'
import { createSession } from '../../runtime/index.node.ts'
import { hostTensor, hostValues } from '../../runtime/index.ts'
import { type Feed, type OrtModule, type Outputs, openSession, withTemporaryFolder } from '../onnx-runtime.ts'

/** Whoever can run a network once. */
export interface Engine {
  /** @throws KerfError where it cannot: see `cannotRun` */
  run(model: Model, feeds: readonly Feed[]): Promise<Outputs>
}

/** What keeps a network from being run, though it can be cut. */
export const cannotRun: ReadonlySet<string> = new Set([
  ...['runtime-refused', 'unsupported', 'unsupported-input', 'unsupported-element-type', 'too-large', 'out-of-memory'],
])

/** Kerf's own runtime: always there, in memory alone. Sums are made as they are defined, so that both networks round alike. */
export const ownEngine: Engine = {
  async run(model, feeds) {
    const session = await createSession(model, { winograd: false, onNotice: () => {} })
    try {
      const tensors = feeds.map((f) => [f.name, hostTensor(f.elementType, f.shape, f.values)])
      const outputs = Object.entries(await session.run(Object.fromEntries(tensors)))
      return new Map(outputs.map(([name, t]) => [name, { shape: t.shape, values: hostValues(t) }]))
    } finally {
      session.dispose()
    }
  },
}

/** ONNX Runtime, which may need files: beyond 2 GB it takes nothing else. */
export const ortEngine = (ort: OrtModule): Engine => ({
  run: (model, feeds) =>
    withTemporaryFolder(async (folder) => {
      const path = join(folder, 'model.onnx')
      writeModelFile(model, path)
      const session = await openSession(ort, path, feeds, 1)
      try {
        return await session.run()
      } finally {
        await session.release()
      }
    }),
})
