import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { criteria } from '../prune/index.ts'
import { kerf } from './in-process.ts'
import { run } from './main.ts'

const digits = fileURLToPath(new URL('../../examples/digits/', import.meta.url))
const model = join(digits, 'lenet5.onnx')
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-criteria-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const prune = (...more: string[]) =>
  kerf('prune', model, '-o', join(folder, 'small.onnx'), '--force', '--ratio', '0.5', '--no-check', ...more)
const data = ['--data', `mnist:${digits}`, '--images', '16']

describe('kerf criteria', () => {
  it('lists them all with what they look at, within 80 columns', async () => {
    let out = ''
    const io = { out: (text: string) => (out += text), err: () => {}, color: false, columns: 80 }
    expect(await run(['criteria'], io)).toBe(0)
    for (const { name } of criteria) expect(out).toMatch(new RegExp(`^${name} `, 'm'))
    expect(out).toMatch(/^taylor +images and labels +Molchanov/m)
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
    const listed = JSON.parse((await kerf('criteria', '--json')).out).criteria
    expect(listed.map((c: { name: string }) => c.name)).toEqual(criteria.map((c) => c.name))
    const { out: help } = await kerf('prune', '--help')
    for (const { name } of criteria) expect(help).toContain(name)
  })
})

describe('kerf prune --criterion', () => {
  it('looks at images, and at labels or outputs', async () => {
    const kept = async (...more: string[]) => {
      const { status, out, err } = await prune(...data, ...more, '--json')
      expect(status, err).toBe(0)
      return JSON.parse(out).after.params
    }
    // What stays differs, how much does not.
    const [labels, outputs] = [
      await kept('--criterion', 'fisher'),
      await kept('--criterion', 'fisher', '--loss', 'outputs'),
    ]
    expect(labels).toBe(outputs)
    expect(await kept('--criterion', 'mean-activation')).toBe(labels)
  })

  it('says which flag is missing, or has no use', async () => {
    const answer = async (...more: string[]) => {
      const { status, err } = await prune(...more)
      return `${status} ${err}`
    }
    expect(await answer('--criterion', 'apoz')).toMatch(/^2 .*apoz looks at images: say which, as in --data/)
    expect(await answer('--criterion', 'l1', ...data)).toMatch(/^2 kerf: --data tells how to train/)
    expect(await answer('--criterion', 'l1', '--images', '3')).toMatch(
      /^2 .*--images: the criterion l1 looks at weights/,
    )
    expect(await answer('--criterion', 'apoz', ...data, '--loss', 'labels')).toMatch(/^2 .*--loss: the criterion apoz/)
    expect(await answer('--criterion', 'taylor', ...data, '--loss', 'outputs')).toMatch(/^1 .*0 at the network's own/)
    expect(await answer('--criterion', 'lamp')).toMatch(/^1 .*--global/)
    expect(await answer('--criterion', 'apoz', '--data', `mnist:${digits}`, '--images', '1000000')).toMatch(
      /^1 .*--images asks for 1000000 images, the data have \d+/,
    )
  })
})
