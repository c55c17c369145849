import { totalmem } from 'node:os'
import { afterEach, expect, it } from 'vitest'
import { askMemory, asOutOfMemory, MemoryBudget, memoryLimit, setMemoryLimit } from './index.ts'

afterEach(() => setMemoryLimit())

const message = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    const { code, message } = error as Error & { code: string }
    return `${code}: ${message}`
  }
  return 'nothing'
}

it('lets half of the machine be taken, or what is said', () => {
  expect(memoryLimit()).toBeGreaterThan(0)
  expect(memoryLimit()).toBeLessThanOrEqual(totalmem() / 2)
  setMemoryLimit(1000)
  expect(memoryLimit()).toBe(1000)
  expect(message(() => setMemoryLimit(0))).toBe('bad-options: The memory limit must be at least 1 byte, received 0.')
  expect(message(() => setMemoryLimit(Number.NaN))).toMatch(/^bad-options/)
  expect(memoryLimit()).toBe(1000)
})

it('refuses what is more than the limit, and what no number can count', () => {
  setMemoryLimit(100)
  askMemory(100, 'A tensor')
  expect(message(() => askMemory(101, 'A tensor'))).toBe(
    'out-of-memory: A tensor takes 101 bytes; the limit is 100 bytes. Use less, or raise the limit: --max-memory, setMemoryLimit().',
  )
  for (const bytes of [Number.NaN, Number.POSITIVE_INFINITY])
    expect(message(() => askMemory(bytes, 'It'))).toMatch(/^out/)
})

it('counts what one owner holds', () => {
  setMemoryLimit(2 ** 30)
  const budget = new MemoryBudget(3 * 2 ** 20)
  budget.take(2 ** 20, 'A')
  budget.take(2 ** 20, 'B')
  expect(message(() => budget.ask(2 ** 21, 'C', 'Use another'))).toBe(
    'out-of-memory: C takes 2 MiB beside the 2 MiB that are held; the limit is 3 MiB. Use another, or raise the limit: --max-memory, setMemoryLimit().',
  )
  budget.give(2 ** 20)
  budget.ask(2 ** 21, 'C')
  expect(budget.left).toBe(2 ** 21)
  // The process's limit is the most.
  expect(new MemoryBudget(2 ** 40).limit).toBe(2 ** 30)
})

it('knows what engines say when they give no memory, and leaves other errors alone', () => {
  const said = (make: () => unknown) => {
    try {
      make()
    } catch (error) {
      return asOutOfMemory(error, 'A tensor')
    }
    return undefined
  }
  for (const make of [() => new Float64Array(2 ** 53), () => new Array(-1), () => 'a'.repeat(2 ** 30)])
    expect(said(make)).toMatchObject({
      code: 'out-of-memory',
      message: expect.stringMatching(/^A tensor does not fit/),
    })
  const deep = (): number => 1 + deep()
  expect(said(deep)).toBeInstanceOf(RangeError)
})
