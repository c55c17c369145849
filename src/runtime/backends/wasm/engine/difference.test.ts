import { expect, it } from 'vitest'
import { difference } from '../../../../../scripts/difference.ts'
import { seededRandom } from '../../../../base/index.ts'
import { withDifference } from './difference.ts'

const random = seededRandom(7)
const bytes = (count: number): number[] => Array.from({ length: count }, () => Math.floor(256 * random.uniform()))
const base = bytes(3000)

it.each<[string, number[], number]>([
  ['the same', base, 8],
  ['something in the middle is new', [...base.slice(0, 1000), ...bytes(300), ...base.slice(1400)], 320],
  ['the ends are new', [...bytes(200), ...base, ...bytes(5)], 220],
  ['stretches have changed places', [...base.slice(2000), ...base.slice(500, 2000), ...base.slice(0, 500)], 20],
  ['it repeats', [...base, ...base], 12],
  ['nothing is the same', bytes(100), 110],
  ['it is empty', [], 1],
])('a file is put together again: %s', (_, file, most) => {
  const from = Uint8Array.from(base)
  const less = difference(from, Uint8Array.from(file))
  expect(less.length).toBeLessThanOrEqual(most)
  expect([...withDifference(from, less)]).toEqual(file)
})
