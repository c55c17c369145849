import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type Composite, callOf, type Operator } from '../src/graph/index.ts'
import { compositeList, operatorList } from '../src/ops/index.ts'

type Table = (operators: readonly Operator[], reader: typeof callOf, composites: readonly Composite[]) => string

const root = new URL('../', import.meta.url)
// A script without types.
const { operatorTable } = (await import(new URL('scripts/operator-table.mjs', root).href)) as { operatorTable: Table }

const table = operatorTable(operatorList, callOf, compositeList)

/** The row of an operator, cell by cell. */
function rowOf(name: string): Record<string, string> {
  const lines = table.split('\n')
  const cells = (line: string | undefined) =>
    line
      ?.split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((c) => c.trim()) ?? []
  const header = cells(lines.find((line) => line.startsWith('| Operator ')))
  const row = cells(lines.find((line) => line.startsWith(`| ${name} `)))
  return Object.fromEntries(header.map((h, i) => [h, row[i] ?? 'no such row']))
}

describe('docs/operators.md', () => {
  it('is what `npm run docs` writes', () => {
    const written = readFileSync(fileURLToPath(new URL('docs/operators.md', root)), 'utf8')
    expect(written, 'out of date: run `npm run docs`').toBe(table)
  })

  it('lists every operator once', () => {
    const rows = table.match(/^\| [A-Z]\w+ \|/gm) ?? []
    expect(rows.filter((row) => row !== '| Operator |')).toHaveLength(operatorList.length)
  })

  it('finds out from the objects what operators do with channels', () => {
    expect(rowOf('Conv')).toMatchObject({
      Counted: 'MACs, additions, multiplications',
      Parameters: '1, 2',
      Channels: 'makes filters, passes',
    })
    expect(rowOf('Relu')).toMatchObject({
      Counted: 'others',
      Parameters: '',
      Value: 'yes',
      Channels: 'passes',
      Refused: '',
    })
    expect(rowOf('Gemm')).toMatchObject({ Channels: 'makes neurons' })
    expect(rowOf('Shape')).toMatchObject({ Counted: 'view', Channels: 'ends' })
    expect(rowOf('LRN')).toMatchObject({ Channels: 'stays', Refused: 'LRN normalises over channels' })
  })

  it('says whether gradients pass', () => {
    expect(rowOf('Conv')).toMatchObject({ Gradients: 'exact' })
    expect(rowOf('AdderConv')).toMatchObject({ Gradients: 'surrogate' })
    expect(rowOf('Floor')).toMatchObject({ Gradients: 'zero' })
    expect(rowOf('NonZero')).toMatchObject({ Gradients: '' })
  })

  it('leaves no operator without an answer', () => {
    expect(table).not.toMatch(/\| depends \|/)
  })
})
