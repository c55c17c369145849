import { expect, it } from 'vitest'
import { indentedLines, withoutControls } from './index.ts'

it('lists lines, of very many the first ones', () => {
  expect(indentedLines([])).toBe('')
  expect(indentedLines(['a', 'b'], 2)).toBe('\n  a\n  b')
  expect(indentedLines(['a', 'b', 'c', 'd'], 2)).toBe('\n  a\n  b\n  and 2 more')
  expect(indentedLines(['a', 'b'], 1, '    ')).toBe('\n    a\n    and 1 more')
})

it('lets no control characters through but those that are asked for', () => {
  expect(withoutControls('a\u0000\u001b[2J\nb\u009b')).toBe('a\ufffd\ufffd[2J\ufffdb\ufffd')
  expect(withoutControls('a\nb\r', '\n')).toBe('a\nb\ufffd')
})
