// Styles of the built page: it has those of Mantine's parts that it uses, and no others.

import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { built } from './harness.ts'

/** How Mantine calls its classes. */
const classes = (text: string): ReadonlySet<string> => new Set(text.match(/\bm_[0-9a-f]{5,8}\b/g))

const assets = (ending: string) =>
  readdirSync(join(built, 'assets'))
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(join(built, 'assets', name), 'utf8'))
    .join('\n')

it('has a style for every class of Mantine’s that its scripts name', () => {
  const all = classes(readFileSync(createRequire(import.meta.url).resolve('@mantine/core/styles.css'), 'utf8'))
  const used = [...classes(assets('.js'))].filter((name) => all.has(name))
  expect(used.length).toBeGreaterThan(100)
  const styled = classes(assets('.css'))
  expect(used.filter((name) => !styled.has(name))).toEqual([])
  expect(styled.size).toBeLessThan(0.7 * all.size)
})
