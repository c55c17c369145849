import type { PruneResult, Recovered } from 'kerf/prune'
import { recoverCut } from 'kerf/workflow'
import { usualThreads } from '../threads.ts'
import type { Pictures } from './picture-set.ts'
import type { RecoveryState } from './prune-types.ts'
import { threadedRuntime } from './threaded-runtime.ts'

/**
 * Recovery on pictures without labels. Loaded when it is asked for.
 * @throws KerfError as `recoverCut`
 */
export function recoverPruned(
  cut: PruneResult,
  { images, transforms }: Pictures,
  progress: (state: RecoveryState) => void,
): Promise<Recovered> {
  const running = { runtime: threadedRuntime, threads: usualThreads() }
  return recoverCut(
    cut,
    { ...running, images, transforms },
    { progress: ({ what, done, total }) => progress({ what, done, total }) },
  )
}
