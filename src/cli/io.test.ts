import { expect, it } from 'vitest'
import { printable, wantsColor } from './io.ts'

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

it('prints styles, lines and tabs, and nothing else that a terminal obeys', () => {
  expect(printable('\u001b[1mbold\u001b[22m\ta\r\n')).toBe('\u001b[1mbold\u001b[22m\ta\r\n')
  expect(printable('\u001b[2J\u001b]0;title\u0007\u009b8m')).toBe('\ufffd[2J\ufffd]0;title\ufffd\ufffd8m')
})
