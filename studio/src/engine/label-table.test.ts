import fc from 'fast-check'
import { expect, it } from 'vitest'
import { labelTable } from './label-table.ts'

it.each([
  ['without names of columns', 'a.png,cat\nb.png,dog'],
  ['with them, in another order', 'label,size,file\r\ncat,3,a.png\r\ndog,4,b.png\r\n'],
  ['with semicolons', 'Filename;Class\na.png;cat\nb.png;dog\n'],
  ['with tabs, a mark at the start and an empty line', '\uFEFFa.png\tcat\n\nb.png\tdog'],
  ['with quotes', '"a.png","cat"\n"b.png",dog'],
])('reads a table %s', (_, text) => {
  const table = labelTable(text, 'labels.csv')
  expect(table.count).toBe(2)
  expect(['a.png', 'b.png', 'c.png'].map((path) => table.labelOf(path))).toEqual(['cat', 'dog', undefined])
})

it('finds pictures in folders, and those that have lost them', () => {
  const table = labelTable('train/1.png,one\n./train/2.png,two\nother\\2.png,three', 'labels.csv')
  expect(table.labelOf('set/train/1.png')).toBe('one')
  expect(table.labelOf('train/2.png')).toBe('two')
  expect(table.labelOf('other/2.png')).toBe('three')
  expect(table.labelOf('1.png')).toBe('one')
  // Two files are called so, with two labels.
  expect(table.labelOf('2.png')).toBeUndefined()
  // A folder that the table does not name is another one.
  expect(table.labelOf('else/1.png')).toBeUndefined()
})

it('keeps whatever stands in cells', () => {
  const cell = fc.string({ minLength: 1 }).filter((text) => text.trim() !== '')
  fc.assert(
    fc.property(fc.array(cell, { minLength: 1 }), (labels) => {
      const text = labels.map((label, i) => `"${i}.png","${label.replaceAll('"', '""')}"`).join('\r\n')
      const table = labelTable(text, 'labels.csv')
      expect(labels.map((_, i) => table.labelOf(`${i}.png`))).toEqual(labels.map((label) => label.trim()))
    }),
  )
})

it('says what is wrong', () => {
  expect(() => labelTable('a.png\nb.png', 'labels.csv')).toThrow('labels.csv is no table of labels')
  expect(() => labelTable('', 'labels.csv')).toThrow('labels.csv is no table of labels')
  expect(() => labelTable('a.png,cat\na.png,dog', 'labels.csv')).toThrow('gives a.png two labels: cat and dog')
})
