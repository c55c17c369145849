import type { Model } from '../../graph/index.ts'
import { hostTensor, hostValues, openSession, type RunningOptions } from '../../runtime/index.ts'
import type { Feed, Outputs } from './feeds.ts'

/** Whoever can run a network once. */
export interface Engine {
  /**
   * Runs a network once on `feeds`, one for each input; `signal` stops it.
   * @throws KerfError where it cannot (see `cannotRun`), `aborted`
   */
  run(model: Model, feeds: readonly Feed[], signal?: AbortSignal): Promise<Outputs>
}

/** What keeps a network from being run, though it can be cut. */
export const cannotRun: ReadonlySet<string> = new Set([
  ...['runtime-refused', 'unsupported', 'unsupported-input', 'unsupported-element-type', 'too-large', 'out-of-memory'],
])

/** Kerf's own runtime: always there, in memory alone. Sums are made as they are defined, so that both networks round alike. */
export const ownEngine = (running: RunningOptions = {}): Engine => ({
  async run(model, feeds, signal) {
    const session = await openSession(model, { onNotice: () => {}, ...running, signal }, { winograd: false })
    try {
      const tensors = feeds.map((f) => [f.name, hostTensor(f.elementType, f.shape, f.values)])
      const outputs = Object.entries(await session.run(Object.fromEntries(tensors), { signal }))
      return new Map(outputs.map(([name, t]) => [name, { shape: t.shape, values: hostValues(t) }]))
    } finally {
      await session.dispose()
    }
  },
})
