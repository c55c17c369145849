import { expect } from 'vitest'
import type { Progress, Task } from '../base/index.ts'

/**
 * Does work, and aborts it when it has told so often how far it is.
 * @returns what it told until then; fails where it was not stopped
 */
export async function abortedAfter(times: number, work: (task: Task) => Promise<unknown>): Promise<Progress[]> {
  const controller = new AbortController()
  const told: Progress[] = []
  const progress = (p: Progress) => {
    told.push(p)
    if (told.length === times) controller.abort()
  }
  await expect(work({ signal: controller.signal, progress })).rejects.toMatchObject({ code: 'aborted' })
  return told
}

/** Does work that a timer aborts: that comes only where the work lets others have their turn. Fails where it was not stopped. */
export async function abortedByTimer(ms: number, work: (task: Task) => Promise<unknown>): Promise<void> {
  const controller = new AbortController()
  setTimeout(() => controller.abort(), ms)
  await expect(work({ signal: controller.signal })).rejects.toMatchObject({ code: 'aborted' })
}
