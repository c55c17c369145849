import type { PruneResult, Recovered } from 'kerf/prune'
import { recoverCut } from 'kerf/workflow'
import { usualThreads } from '../threads.ts'
import { picturesFor } from './picture-set.ts'
import type { RecoveryState } from './prune-types.ts'
import { threadedRuntime } from './threaded-runtime.ts'

/**
 * Recovery on pictures without labels. Loaded when it is asked for.
 * @param shape of the network's input
 * @throws KerfError as `recoverCut`; Error where none of the files is a picture
 */
export async function recoverPruned(
  cut: PruneResult,
  shape: readonly number[] | undefined,
  files: readonly Blob[],
  progress: (state: RecoveryState) => void,
): Promise<Recovered> {
  const { images, transforms } = await picturesFor(cut.model, shape, files, (done) =>
    progress({ what: 'reading pictures', done, total: files.length }),
  )
  const running = { runtime: threadedRuntime, threads: usualThreads() }
  return recoverCut(
    cut,
    { ...running, images, transforms },
    {
      progress: ({ what, done, total }) => progress({ what, done, total }),
    },
  )
}
