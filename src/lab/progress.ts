import type { LabContext } from './experiment.ts'

/**
 * Says how much is done, and lets everything else have its turn (a progress bar, an interruption).
 * @param done 0 to 1
 * @throws what the signal gives as its reason, when it is aborted
 */
export async function progress({ signal, onProgress }: LabContext, done: number): Promise<void> {
  onProgress?.(done)
  await new Promise<void>((resolve) => setTimeout(resolve))
  signal?.throwIfAborted()
}
