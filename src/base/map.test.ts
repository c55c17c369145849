import { expect, it } from 'vitest'
import { LayeredMap } from './index.ts'

it('a map on another one is the two in one, and leaves that one alone', () => {
  const under = new Map([
    ['a', 1],
    ['b', 2],
  ])
  const map = new LayeredMap(under)
  map.set('b', 20).set('c', 30)
  const both = new Map([...under, ['b', 20], ['c', 30]])
  expect(Object.fromEntries(map)).toEqual(Object.fromEntries(both))
  expect([map.size, [...map.keys()].sort(), [...map.values()].sort()]).toEqual([3, ['a', 'b', 'c'], [1, 20, 30]])
  const seen: unknown[] = []
  map.forEach((value, key) => {
    seen.push([key, value])
  })
  expect(seen).toEqual([...map])
  expect(['a', 'b', 'c', 'd'].map((key) => [map.has(key), map.get(key)])).toEqual([
    [true, 1],
    [true, 20],
    [true, 30],
    [false, undefined],
  ])
  expect([...under]).toEqual([
    ['a', 1],
    ['b', 2],
  ])
  // What comes into the lower one later is seen.
  under.set('e', 5)
  expect([map.get('e'), new LayeredMap(map).get('e'), new LayeredMap().size]).toEqual([5, 5, 0])
})
