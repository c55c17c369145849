import { describe, expect, it } from 'vitest'
import { callScope, sharedScope } from './call-scope.ts'

const soon = () => new Promise<void>((resolve) => setTimeout(resolve, 0))

describe('what a call has, in Node', () => {
  const scope = callScope<number>(Math.min)

  it('is its own behind all that it awaits, and that of nobody else', async () => {
    const call = (value: number) =>
      scope.run(value, async () => {
        const seen: unknown[] = []
        for (let n = 0; n < 3; n++) {
          seen.push(scope.current())
          await (n % 2 ? soon() : undefined)
        }
        return seen
      })
    const calls = [call(5), call(3), soon().then(() => scope.current()), call(7)]
    expect(scope.current()).toBeUndefined()
    expect(await Promise.all(calls)).toEqual([[5, 5, 5], [3, 3, 3], undefined, [7, 7, 7]])
  })

  it('is joined to that of the call around it', () => {
    expect(scope.run(3, () => [scope.run(5, () => scope.current()), scope.current()])).toEqual([3, 3])
    expect(scope.run(5, () => [scope.run(3, () => scope.current()), scope.current()])).toEqual([3, 5])
  })
})

describe('what a call has where nobody tells calls apart', () => {
  it('is that of all calls that run, until each has ended, in whatever way', async () => {
    const scope = sharedScope<number>(Math.min)
    let end = () => {}
    const first = scope.run(
      5,
      () =>
        new Promise<void>((resolve) => {
          end = resolve
        }),
    )
    expect(scope.current()).toBe(5)
    expect(scope.run(3, () => scope.current())).toBe(3)
    const failing = scope.run(2, async () => {
      await soon()
      throw new Error('as it should be')
    })
    expect(scope.current()).toBe(2)
    await expect(failing).rejects.toThrow('as it should be')
    expect(() =>
      scope.run(1, () => {
        throw new Error('at once')
      }),
    ).toThrow('at once')
    expect(scope.current()).toBe(5)
    end()
    await first
    expect(scope.current()).toBeUndefined()
  })
})
