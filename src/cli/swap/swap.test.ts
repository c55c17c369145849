// kerf swap, as somebody uses it who wants cheaper layers that do nearly the same.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readModelFile } from '../../onnx/index.node.ts'
import { kerf } from '../in-process.ts'

const digits = fileURLToPath(new URL('../../../examples/digits/', import.meta.url))
const lenet = join(digits, 'lenet5.onnx')
let folder: string
const at = (name: string) => join(folder, name)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-swap-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const swap = async (output: string, ...argv: string[]) => {
  const { status, out, err } = await kerf('swap', lenet, '-o', at(output), ...argv)
  expect(status, err).toBe(0)
  return out
}

describe('kerf swap', () => {
  it('says of every layer what was lost and what it costs', async () => {
    const out = await swap('tucker.onnx', '--to', 'tucker', '--rank', '4,8', '--layers', 'conv[23]')
    expect(out).toMatch(/^Swapped +2 layers for Tucker-2 convolutions$/m)
    expect(out).toMatch(/^Statistics +what they were/m)
    expect(out).toMatch(/^conv2 +4, 8 +0\.\d+ +0\.\d+$/m)
    expect(out).toMatch(/^conv2 +240 k → 97\.5 k +2\.40 k → 952 +5\.18 k → [\d.]+ k$/m)
    expect(out).toContain('kerf train --model')
    const { graph } = readModelFile(at('tucker.onnx'))
    expect(graph.nodes.map((n) => n.name)).toEqual(expect.arrayContaining(['conv2_squeeze', 'conv2_core', 'conv2']))
  })

  it('gives a network better weights on images, and a recipe for the rest', async () => {
    const args = ['--to', 'low-rank', '--target-macs', '0.5', '--data', `mnist:${digits}`, '--images', '128']
    const json = JSON.parse(await swap('half.onnx', ...args, '--write-recipe', at('distil.json'), '--json'))
    expect(json.totals.macs.b).toBeLessThanOrEqual(0.5 * json.totals.macs.a)
    expect(json.swapped[0]).toMatchObject({
      ...{ node: 'conv2', weightError: expect.any(Number), facts: { rank: expect.any(String) } },
      cost: { before: { macs: 240_000 }, after: { macs: expect.any(Number) } },
      outputError: { before: expect.any(Number), after: expect.any(Number) },
    })
    expect(json.images).toBe(128)
    expect(json.recovery[0].outputError.after).toBeLessThan(0.6 * json.recovery[0].outputError.before)
    const recipe = JSON.parse(readFileSync(at('distil.json'), 'utf8'))
    expect(recipe).toMatchObject({ learningRate: 0.01, distillation: { teacher: lenet } })
  })

  it('measures times where that is asked for', async () => {
    const out = await swap('timed.onnx', '--to', 'separable', '--rank', '1', '--layers', 'conv3', '--time')
    expect(out).toMatch(/^Time +[\d.e-]+ → [\d.e-]+ ms a run: [\d.]+ times as fast/m)
    expect(out).toMatch(/^conv3 .*[\d.e-]+ → [\d.e-]+$/m)
  })

  it('says why layers stay, and which cost more', async () => {
    const out = await swap('more.onnx', '--to', 'separable', '--rank', '6', '--layers', 'conv[14]')
    expect(out).toMatch(/^conv4 +it is 1×1: there is nothing to separate$/m)
    expect(out).toContain('conv1 costs more MACs than before, and was swapped since a name or a rank asks for it.')
  })

  it.each<[string, 1 | 2, RegExp, string[]]>([
    [
      'a rank beyond what there is',
      1,
      /conv1: its rank is 6 at most, 7 was asked for/,
      ['separable', '--rank', '7', '--layers', 'conv1*'],
    ],
    ['a rank that is none', 2, /--rank cannot be "x"\. Give a whole number from 1 on\./, ['separable', '--rank', 'x']],
    ['one rank of two', 2, /--rank cannot be "3"\. Give 2 numbers/, ['tucker', '--rank', '3']],
    [
      'a flag of another kind',
      2,
      /--keep-weights is for --to adder\. --to tucker has: --rank\./,
      ['tucker', '--keep-weights'],
    ],
    [
      'a flag that adder has not',
      2,
      /--rank is for --to separable, low-rank.* --to adder has: --keep-weights\./,
      ['adder', '--rank', '2'],
    ],
    ['an energy above 1', 2, /at most 1, as in 0\.95/, ['separable', '--energy', '1.5']],
    ['two targets', 2, /cannot be used with/, ['separable', '--energy', '0.5', '--target-macs', '0.5']],
    ['a rank and a target', 1, /give one of the two/, ['separable', '--energy', '0.5', '--rank', '2']],
    [
      'MACs out of reach',
      1,
      /out of reach: swapped as far as it goes, the network has [\d,]+ of 416,520/,
      ['separable', '--target-macs', '1000'],
    ],
    ['a target for what has one form', 1, /adder makes one thing of a layer/, ['adder', '--energy', '0.5']],
    ['1×1 layers', 1, /conv4": it is 1×1: there is nothing to separate/, ['low-rank', '--layers', 'conv4']],
    ['times in a dry run', 2, /--dry-run does not/, ['low-rank', '--faster', '2', '--dry-run']],
  ])('refuses %s, and writes nothing', async (_, status, message, argv) => {
    const before = readdirSync(folder).sort()
    const result = await kerf('swap', lenet, '-o', at('x.onnx'), '--to', ...argv)
    expect(result).toMatchObject({ status, out: '', err: expect.stringMatching(message) })
    expect(readdirSync(folder).sort()).toEqual(before)
  })

  it('refuses to swap twice', async () => {
    await swap('once.onnx', '--to', 'low-rank-space', '--rank', '2')
    const twice = await kerf('swap', at('once.onnx'), '-o', at('twice.onnx'), '--to', 'low-rank-space', '--rank', '2')
    expect(twice).toMatchObject({ status: 1, err: expect.stringContaining('factors of a layer already') })
    expect(existsSync(at('twice.onnx'))).toBe(false)
  })
})
