import { readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import { accessesOf, type ChannelRule, type Operator } from '../graph/index.ts'
import { channelRules } from './channels.ts'
import * as composites from './composites.ts'
import { convReference, convTraining } from './conv/conv.ts'
import { listed } from './facts.ts'
import {
  type AttributesOf,
  type ConvAttributes,
  type OpName,
  operatorFacts,
  operatorList,
  operators,
  opName,
  prunableOperators,
  runnableOperators,
} from './index.ts'
import { type ChannelsOf, defineOperator, type TrainingOf } from './operator.ts'
import { references, trainings } from './operators.ts'

const folder = new URL('.', import.meta.url)

/** Files that define no operator. */
const others = 'channels composites facts index list operator operators references stand-ins training'.split(' ')

const isTable = (value: unknown): value is object => typeof value === 'object' && value !== null

const isOperator = (value: unknown) =>
  isTable(value) && ['domain', 'forward', 'run', 'tie', 'backward', 'unrolled'].some((key) => key in value)

/** What a module exports for one of the lists: operators and what goes with them, and those in the tables of families. */
async function exportsOf(path: string): Promise<[string, unknown][]> {
  const module: Record<string, unknown> = await import(new URL(path, folder).href)
  return Object.entries(module)
    .filter(([, value]) => isTable(value))
    .flatMap(([name, value]): [string, unknown][] =>
      isOperator(value) ? [[name, value]] : Object.entries(value as object).filter(([, one]) => isOperator(one)),
    )
}

it('lists everything that a file defines', async () => {
  const all = new Set<unknown>(
    [listed, composites, channelRules, ...references, ...trainings].flatMap((list) => Object.values<unknown>(list)),
  )
  const files = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return entry.name === 'shared' ? [] : [`${entry.name}/${entry.name}.ts`]
    return entry.name.endsWith('.test.ts') || others.includes(entry.name.slice(0, -3)) ? [] : [entry.name]
  })
  const unlisted: string[] = []
  for (const path of files) {
    const found = await exportsOf(path)
    if (found.length === 0) unlisted.push(`${path} defines none`)
    for (const [name, value] of found) if (!all.has(value)) unlisted.push(`${path}: ${name}`)
  }
  expect(unlisted).toEqual([])
  expect(files.length).toBeGreaterThan(80)
})

it('has sets for those who count, run, prune and train', () => {
  for (const list of [...references, ...trainings])
    expect(Object.keys(list).filter((name) => !(name in listed))).toEqual([])
  const { conv } = listed
  expect(operatorFacts.get('', 'Conv')).toBe(conv)
  expect(runnableOperators.get('', 'Conv')).toEqual({ ...conv, ...convReference })
  const channels = channelRules.conv
  expect(prunableOperators.get('', 'Conv')).toEqual({ ...conv, ...convReference, channels })
  expect(operators.get('', 'Conv')).toEqual({ ...conv, ...convReference, ...convTraining, channels })
})

it('has one operator of each name', () => {
  expect(new Set(operatorList.map((o) => opName({ domain: o.domain, opType: o.name }))).size).toBe(operatorList.length)
  for (const o of operatorList) expect(operators.get(o.domain, o.name)).toBe(o)
})

// From here on tsc is the test: it fails where a line that should not compile does.

it('knows the names and the attributes of all operators as types', () => {
  const names: OpName[] = ['Conv', 'ai.kerf:AdderConv', 'com.microsoft:Gelu']
  // @ts-expect-error there is no such operator
  names.push('Convolution')
  // @ts-expect-error of another domain
  names.push('AdderConv')
  const attributes: ConvAttributes = { groups: 1, window: {} as ConvAttributes['window'] }
  const own: AttributesOf<'Conv'> = attributes
  // @ts-expect-error what Transpose reads
  const other: AttributesOf<'Transpose'> = attributes
  expect([own, other]).toHaveLength(2)
})

it('takes rules for an operator’s own attributes only', () => {
  const forConv: ChannelRule<ConvAttributes> = { tie: () => {} }
  const base = { name: 'Shift', domain: 'test', inputs: [], infer: () => [], cost: 'none' } as const
  const shift = defineOperator({ ...base, attributes: (a) => ({ by: a.int('by', 0) }) })
  const by: (o: ReturnType<typeof shift.attributes>) => number = (o) => o.by
  const name: 'Shift' = shift.name
  // Walks take any.
  const any: Operator = shift
  // @ts-expect-error what Conv does, for Transpose's attributes
  const other: TrainingOf<typeof listed.transpose> = convTraining
  // @ts-expect-error a rule that wants what Shift does not have
  const channels: ChannelsOf<typeof shift> = forConv
  expect([by, name, any, other, channels]).toHaveLength(5)
})

it('moves nothing that can be counted where a shape is not known', () => {
  const asking = operatorList.filter((o) => typeof o.accesses === 'function')
  expect(asking.length).toBeGreaterThan(10)
  for (const operator of asking) {
    const node = {
      name: 'n',
      opType: operator.name,
      domain: operator.domain,
      inputs: ['x'],
      outputs: ['y'],
      attributes: new Map(),
    }
    const open = { elementType: 'float32', shape: undefined } as const
    const call = { node, attributes: {}, opset: 17, inputs: [open], outputs: [open] }
    expect(accessesOf(operator, call), operator.name).toBeUndefined()
  }
})
