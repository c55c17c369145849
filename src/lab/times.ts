import type { Model } from '../graph/index.ts'
import { type HostTensor, timeInTurns } from '../runtime/index.ts'
import type { Contender, LabContext } from './experiment.ts'
import { openMeasured } from './running.ts'

/** Kerf's own runtime, in tables of times. */
export const ownRuntime = 'Kerf'

/** How long networks take in each runtime that is there. */
export interface Times {
  /** `Kerf`, and the others that are installed. */
  readonly runtimes: readonly string[]
  /** Of each network, in order, the median of each runtime. */
  readonly medianMs: readonly (readonly number[])[]
}

/**
 * Times networks in turns, so that a busy moment of the machine hits all alike.
 * @param models with the same inputs, which `feeds` are for
 * @param seconds how long altogether
 */
export async function timesOf(
  models: readonly Model[],
  feeds: Readonly<Record<string, HostTensor>>,
  seconds: number,
  context: LabContext,
): Promise<Times> {
  const contenders: { readonly name: string; readonly model: number; readonly peer: Contender }[] = []
  try {
    for (const [i, model] of models.entries()) {
      const own = await opened(model, feeds, context)
      contenders.push({ name: ownRuntime, model: i, peer: own })
      for (const peer of (await context.peers?.(model, feeds)) ?? [])
        contenders.push({ name: peer.name, model: i, peer })
    }
    const times = await timeInTurns(
      contenders.map((c) => c.peer),
      seconds,
      { signal: context.signal },
    )
    const runtimes = [...new Set(contenders.map((c) => c.name))]
    const at = (model: number, name: string) =>
      times[contenders.findIndex((c) => c.model === model && c.name === name)]?.medianMs ?? Number.NaN
    return { runtimes, medianMs: models.map((_, i) => runtimes.map((name) => at(i, name))) }
  } finally {
    for (const { peer } of contenders) await peer.release()
  }
}

async function opened(
  model: Model,
  feeds: Readonly<Record<string, HostTensor>>,
  context: LabContext,
): Promise<Contender> {
  const session = await openMeasured(model, context)
  return {
    name: ownRuntime,
    version: 'kerf',
    step: async () => void (await session.run(feeds)),
    release: async () => session.dispose(),
  }
}
