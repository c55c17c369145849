import fc from 'fast-check'
import { expect, it } from 'vitest'
import { layOut } from './arena.ts'

it('lets buffers share memory when they do not live at the same time', () => {
  const { offsets, bytes, sum } = layOut([
    { bytes: 640, first: 0, last: 1 },
    { bytes: 640, first: 1, last: 2 },
    { bytes: 640, first: 2, last: 3 },
  ])
  expect(offsets).toEqual([0, 640, 0])
  expect([bytes, sum]).toEqual([1280, 1920])
})

it('never lets living buffers overlap, and never takes more than their sum', () => {
  const lifetime = fc
    .tuple(fc.integer({ min: 0, max: 5000 }), fc.nat(20), fc.nat(6))
    .map(([bytes, first, length]) => ({ bytes, first, last: first + length }))
  fc.assert(
    fc.property(fc.array(lifetime, { maxLength: 30 }), (lifetimes) => {
      const { offsets, bytes, sum } = layOut(lifetimes)
      expect(bytes).toBeLessThanOrEqual(sum)
      lifetimes.forEach((a, i) => {
        const start = offsets[i]!
        expect(start % 64).toBe(0)
        expect(start + a.bytes).toBeLessThanOrEqual(bytes)
        lifetimes.forEach((b, j) => {
          if (i >= j || a.first > b.last || b.first > a.last || a.bytes === 0 || b.bytes === 0) return
          const other = offsets[j]!
          expect(start + a.bytes <= other || other + b.bytes <= start).toBe(true)
        })
      })
    }),
  )
})
