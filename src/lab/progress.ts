import { checkAborted } from '../base/index.ts'
import type { LabContext } from './experiment.ts'

/**
 * Says how much is done, and lets everything else have its turn (a progress bar, an interruption).
 * @param done 0 to 1
 * @throws KerfError `aborted`
 */
export async function progress({ signal, progress }: LabContext, done: number): Promise<void> {
  // The name of the experiment comes from `runExperiment`.
  progress?.({ what: '', done, total: 1 })
  await new Promise<void>((resolve) => setTimeout(resolve))
  checkAborted(signal, 'The experiment')
}
