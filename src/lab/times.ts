import type { Model } from '../graph/index.ts'
import type { Column } from '../report/index.ts'
import { type Feeds, timeInTurns } from '../runtime/index.ts'
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
  /** Likewise the fastest runs, which tell more of a layer where the machine is busy. */
  readonly fastestMs: readonly (readonly number[])[]
}

/**
 * Times networks in turns, so that a busy moment of the machine hits all alike.
 * @param models what is timed
 * @param feeds inputs of them all, or of each
 * @param seconds how long altogether
 */
export async function timesOf(
  models: readonly Model[],
  feeds: Feeds | readonly Feeds[],
  seconds: number,
  context: LabContext,
): Promise<Times> {
  const contenders: { readonly name: string; readonly model: number; readonly peer: Contender }[] = []
  try {
    for (const [i, model] of models.entries()) {
      const own = isEach(feeds) ? feeds[i]! : feeds
      contenders.push({ name: ownRuntime, model: i, peer: await opened(model, own, context) })
      for (const peer of (await context.peers?.(model, own)) ?? []) contenders.push({ name: peer.name, model: i, peer })
    }
    const times = await timeInTurns(
      contenders.map((c) => c.peer),
      seconds,
      { signal: context.signal, clock: context.clock },
    )
    const runtimes = [...new Set(contenders.map((c) => c.name))]
    const at = (key: 'medianMs' | 'fastestMs') =>
      models.map((_, i) =>
        runtimes.map(
          (name) => times[contenders.findIndex((c) => c.model === i && c.name === name)]?.[key] ?? Number.NaN,
        ),
      )
    return { runtimes, medianMs: at('medianMs'), fastestMs: at('fastestMs') }
  } finally {
    for (const { peer } of contenders) await peer.release()
  }
}

const isEach = (feeds: Feeds | readonly Feeds[]): feeds is readonly Feeds[] => Array.isArray(feeds)

async function opened(model: Model, feeds: Feeds, context: LabContext): Promise<Contender> {
  const session = await openMeasured(model, context)
  return {
    name: ownRuntime,
    version: 'kerf',
    step: async () => void (await session.run(feeds)),
    release: async () => session.dispose(),
  }
}

/** Columns of a network pruned in several ways: what is stored and executed, `more`, and the times. */
export const prunedColumns = (runtimes: readonly string[], ...more: readonly Column[]): Column[] => [
  { key: 'pruned', header: 'Pruned' },
  { key: 'stored', header: 'Stored', kind: 'count' },
  { key: 'nonZero', header: 'Not 0', kind: 'count' },
  { key: 'executed', header: 'MACs', kind: 'count' },
  { key: 'bytes', header: 'File B', kind: 'count' },
  ...more,
  ...runtimes.map((name): Column => ({ key: `${name} ms`, header: `${name} ms`, kind: 'ratio' })),
]
