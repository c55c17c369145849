import { describe, expect, it, vi } from 'vitest'
import { atOnce, inTurns, isAborted, KerfError, type Progress, type Rounds, stoppable, turns } from './index.ts'

/** Spins: a loop that waits for nothing. */
function spin(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

describe('turns', () => {
  it('let timers come, not more often than told', async () => {
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    const turn = turns(undefined, 'It', 20)
    await turn()
    const before = ticks
    await turn()
    expect(ticks).toBe(before)
    for (let i = 0; i < 3; i++) {
      spin(25)
      await turn()
    }
    clearInterval(timer)
    expect(ticks).toBeGreaterThanOrEqual(before + 3)
  })

  it('come between many short works, each with turns of its own', async () => {
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    for (let i = 0; i < 40; i++) {
      const turn = turns(undefined, 'It', 20)
      spin(5)
      await turn()
    }
    clearInterval(timer)
    expect(ticks).toBeGreaterThanOrEqual(5)
  })

  it('end the work when the signal says so, and say what was stopped and why', async () => {
    const controller = new AbortController()
    const turn = turns(controller.signal, 'The test')
    await turn()
    controller.abort('enough')
    const error = await turn().catch((e: unknown) => e)
    expect(isAborted(error)).toBe(true)
    expect(error).toMatchObject({ code: 'aborted', message: 'The test was stopped.', details: { reason: 'enough' } })
  })
})

it('work made of other work is said to be stopped itself, and fails as its parts do', async () => {
  const stopped = (async () => turns(AbortSignal.abort('why'), 'A part')())().catch((e: unknown) => e)
  const whole = stoppable('The whole', async () => Promise.reject(await stopped))
  await expect(whole).rejects.toMatchObject({ message: 'The whole was stopped.', details: { reason: 'why' } })
  const other = new KerfError('other', 'Something else.')
  await expect(stoppable('The whole', () => Promise.reject(other))).rejects.toBe(other)
  expect(await stoppable('The whole', async () => 3)).toBe(3)
})

describe('rounds', () => {
  function* rounds(done: number[]): Rounds<string> {
    for (let i = 1; i <= 4; i++) {
      done.push(i)
      yield { done: i, total: 4 }
    }
    return 'made'
  }

  it('are done at once, or in turns to the same result', async () => {
    const [once, inTurn]: [number[], number[]] = [[], []]
    expect(atOnce(rounds(once))).toBe('made')
    const seen: Progress[] = []
    const made = inTurns(rounds(inTurn), 'counting', { turn: turns(undefined, 'It'), progress: (p) => seen.push(p) })
    expect(await made).toBe('made')
    expect(inTurn).toEqual(once)
    expect(seen).toEqual([1, 2, 3, 4].map((done) => ({ what: 'counting', done, total: 4 })))
  })

  it('stop in between', async () => {
    const controller = new AbortController()
    const done: number[] = []
    const progress = vi.fn(({ done }: Progress) => done === 2 && controller.abort())
    const pace = { turn: turns(controller.signal, 'It'), progress: (p: Progress) => void progress(p) }
    await expect(inTurns(rounds(done), 'counting', pace)).rejects.toMatchObject({ code: 'aborted' })
    expect(done).toEqual([1, 2])
  })
})
