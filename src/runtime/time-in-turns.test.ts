import { describe, expect, it } from 'vitest'
import { timeInTurns } from './time-in-turns.ts'

/** A clock of a page: it moves while steps are done, and a little when it is asked, and says so in ticks. */
function coarseClock(tickMs: number) {
  let ms = 0
  return {
    work: (forMs: number) => ({
      async step() {
        ms += forMs
      },
    }),
    clock: () => {
      ms += 0.0005
      return Math.floor(ms / tickMs) * tickMs
    },
  }
}

describe('timing in turns', () => {
  it.each([0.005, 0.1])('tells steps apart that are shorter than a tick of %f ms', async (tickMs) => {
    const { work, clock } = coarseClock(tickMs)
    const timings = await timeInTurns([work(0.02), work(0.03), work(2)], 0.01, { clock })
    expect(timings[0]!.medianMs).toBeCloseTo(0.02, 2)
    expect(timings[0]!.medianMs / timings[1]!.medianMs).toBeCloseTo(2 / 3, 1)
    expect(timings[2]!.medianMs).toBeCloseTo(2, 1)
    for (const t of timings) expect(t.runs).toBeGreaterThanOrEqual(5)
  })

  it('is not held up by a clock that stands still', async () => {
    const [timing] = await timeInTurns([{ step: async () => {} }], 0.001, { clock: () => 5 })
    expect(timing).toMatchObject({ medianMs: 0, fastestMs: 0 })
  })
})
