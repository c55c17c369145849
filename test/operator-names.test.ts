// The lint of scripts/operator-names.mjs: walks ask operators for facts, and name none.

import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { compositeList, factList } from '../src/ops/index.ts'

interface Script {
  namesIn(folder: string): ReadonlySet<string>
  comparisons(text: string, names: ReadonlySet<string>): { readonly line: number; readonly name: string }[]
}

const root = new URL('../', import.meta.url)
const { comparisons, namesIn } = (await import(new URL('scripts/operator-names.mjs', root).href)) as Script
const names = namesIn(fileURLToPath(new URL('src/ops', root)))

it('knows the names of all operators', () => {
  expect([...factList, ...compositeList].map((o) => o.name).filter((name) => !names.has(name))).toEqual([])
})

it.each([
  ["const isConv = (node: Node) => node.opType === 'Conv'", ['Conv']],
  ["if ('Relu' !== opType) return", ['Relu']],
  ["const kind = operator.name == 'Gemm'", ['Gemm']],
  ["switch (node.opType) {\n  case 'Add':\n  case 'Sum': break\n}", ['Add', 'Sum']],
  ["const sums = new Set(['Add', 'Sum'])\nnodes.filter((n) => sums.has(n.opType))", ['Add', 'Sum']],
  ["nodes.some(({ opType }) => ['Conv', 'Gemm'].includes(opType))", ['Conv', 'Gemm']],
  ['const rules = { Relu: same, Clip }\nconst rule = rules[node.opType]', ['Relu', 'Clip']],
  ["const rules = new Map([['Relu', same]])\nconst rule = rules.get(unit.node.opType)", ['Relu']],
])('finds a walk that names operators: %s', (text, expected) => {
  expect(comparisons(text, names).map((f) => f.name)).toEqual(expected)
})

it.each([
  "emit.node('Conv', [x, w])",
  "const title = label === 'Size'",
  "if (node.opType === 'Mystery') return",
  'const rule = lowerings[opName(node)]',
  'if (operator.epilogue) return',
])('leaves alone what names none: %s', (text) => {
  expect(comparisons(text, names)).toEqual([])
})
