import { expect, it } from 'vitest'
import { parseJson } from './index.ts'

it('parses as JSON.parse does', () => {
  const text = '{"a": [1, {"b": "[[{\\"["}], "c": null}'
  expect(parseJson(text)).toEqual(JSON.parse(text))
  expect(parseJson('[1, 2]', (_, v) => (v === 1 ? 'one' : v))).toEqual(['one', 2])
  expect(() => parseJson('[1')).toThrow(SyntaxError)
})

it('refuses lists and objects in each other without end', () => {
  const nested = (depth: number) => `${'[{"a":'.repeat(depth)}1${'}]'.repeat(depth)}`
  expect(JSON.stringify(parseJson(nested(50)))).toBe(nested(50))
  expect(() => parseJson(nested(51))).toThrow('it is nested more than 100 levels deep')
  expect(() => parseJson(`[${'{},'.repeat(1000)}1]`)).not.toThrow()
})
