// A cast to never, or through unknown, switches TypeScript off. Where nothing better is to be had, the line above says why it is right.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const src = fileURLToPath(new URL('../src', import.meta.url))

/** Numbers of the lines that cast so, without a comment above. */
function unexplained(text: string): number[] {
  const lines = text.split('\n').map((line) => line.trim())
  const isComment = (line = '') => /^(\/\/|\/\*|\*)/.test(line)
  return lines.flatMap((line, i) =>
    /\bas (never|unknown as)\b/.test(line) && !isComment(line) && !isComment(lines[i - 1]) ? [i + 1] : [],
  )
}

it.each([
  ['const f = g as never', [1]],
  ['// The array is of that type.\ncopy.set(data as never)', []],
  ['a()\nreturn exports as unknown as Kernels', [2]],
  ['/** Undefined where it was never known, as never before. */\nconst a = b as unknown', []],
])('finds casts without a reason: %s', (text, lines) => {
  expect(unexplained(text)).toEqual(lines)
})

it('every such cast has its reason', () => {
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
  )
  const found = files.flatMap((name) => unexplained(readFileSync(join(src, name), 'utf8')).map((n) => `${name}:${n}`))
  expect(found).toEqual([])
  expect(files.length).toBeGreaterThan(500)
})
