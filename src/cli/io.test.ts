import { expect, it } from 'vitest'
import { wantsColor } from './io.ts'

it.each([
  [false, {}, undefined],
  [true, {}, true],
  [false, { TERM: 'dumb' }, true],
  [false, { NO_COLOR: '1' }, true],
  [true, { NO_COLOR: '' }, true],
  [true, { FORCE_COLOR: '1' }, undefined],
  [true, { FORCE_COLOR: '' }, undefined],
  [true, { FORCE_COLOR: '3', NO_COLOR: '1', TERM: 'dumb' }, undefined],
  [false, { FORCE_COLOR: '0' }, true],
  [false, { FORCE_COLOR: 'false' }, true],
])('colours: %s with %j on a terminal: %s', (expected, env, isTerminal) => {
  expect(wantsColor(env, isTerminal)).toBe(expected)
})
