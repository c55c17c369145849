import { expect, it } from 'vitest'
import { indentedLines, KerfError, withoutControls } from './index.ts'

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

it('leaves out the greater part of long names in messages, and of long lists', () => {
  const long = 'n'.repeat(1_000_000)
  const { message } = new KerfError('wrong', `Conv "${long}": no input "x". Give one.`)
  expect(message).toMatch(/^Conv "n{149} … n{149}": no input "x"\. Give one\.$/)
  const names = Array.from({ length: 10_000 }, (_, i) => `"name ${i}"`).join(', ')
  const list = new KerfError('wrong', `No such name. There are: ${names}. Give one of them.`).message
  expect(list.length).toBeLessThan(10_010)
  expect(list).toMatch(/^No such name\. There are: "name 0", .* … .*"name 9999"\. Give one of them\.$/)
  const short = `A "${'n'.repeat(200)}".`
  expect(new KerfError('wrong', short).message).toBe(short)
})
