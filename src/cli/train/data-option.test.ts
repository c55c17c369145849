import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { dataOption } from './data-option.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-data-option-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('takes two parts, or three with validation in the middle', () => {
  expect(dataOption('images:a,b')).toEqual({ kind: 'images', train: 'a', test: 'b' })
  expect(dataOption('tar:a,b,c')).toEqual({ kind: 'tar', train: 'a', validation: 'b', test: 'c' })
})

it.each([
  [['train', 'test'], { test: 'test' }],
  [['train', 'val'], { test: 'val' }],
  [['train', 'val', 'test'], { validation: 'val', test: 'test' }],
  [['train', 'valid', 'test'], { validation: 'valid', test: 'test' }],
])('finds %j in a folder', (names, found) => {
  for (const name of names) mkdirSync(join(folder, name))
  const paths = Object.fromEntries(Object.entries(found).map(([part, name]) => [part, join(folder, name)]))
  expect(dataOption(folder)).toEqual({ kind: 'images', train: join(folder, 'train'), ...paths })
})

it('takes a part of the images for testing where there is only one folder of them', () => {
  expect(dataOption(folder)).toEqual({ kind: 'images', train: folder, testFraction: 0.1 })
})
