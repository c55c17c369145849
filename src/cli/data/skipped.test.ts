import { expect, it } from 'vitest'
import { skippedText } from './skipped.ts'

const image = (i: number) => ({ name: `cat/${i}.jpg`, reason: 'unsupported format' })

it('names what could not be decoded: the first of them, then a count', () => {
  expect(skippedText([])).toBe('')
  expect(skippedText([image(1)])).toBe('1 could not be used and is left out:\n  cat/1.jpg: unsupported format\n')
  const lines = skippedText([1, 2, 3, 4, 5, 6, 7].map(image)).split('\n')
  expect(lines[0]).toBe('7 could not be used and are left out:')
  expect(lines.slice(5)).toEqual(['  cat/5.jpg: unsupported format', '  and 2 more', ''])
})
