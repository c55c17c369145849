import { expect, it, vi } from 'vitest'
import { OneAtATime } from './one-at-a-time.ts'

/** Work that goes on until it is stopped. @param seen notes what happens */
const endless = (seen: string[]) => async (signal: AbortSignal) => {
  seen.push('begun')
  try {
    return await new Promise<string>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason))
    })
  } finally {
    seen.push('ended')
  }
}

it('stops what goes on, and begins when that has ended', async () => {
  const work = new OneAtATime()
  const seen: string[] = []
  const first = work.run(endless(seen))
  await vi.waitFor(() => expect(seen).toEqual(['begun']))
  const skipped = work.run(endless(seen))
  const last = work.run(async () => {
    seen.push('last')
    return 'done'
  })
  expect(await Promise.all([first, skipped, last])).toEqual([undefined, undefined, 'done'])
  expect(seen).toEqual(['begun', 'ended', 'last'])
})

it('tells what went wrong, and goes on', async () => {
  const work = new OneAtATime()
  await expect(work.run(() => Promise.reject(new Error('wrong')))).rejects.toThrow('wrong')
  expect(await work.run(async () => 1)).toBe(1)
  const seen: string[] = []
  const stopped = work.run(endless(seen))
  await vi.waitFor(() => expect(seen).toEqual(['begun']))
  work.stop()
  expect(await stopped).toBeUndefined()
})
