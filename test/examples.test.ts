import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { openData } from '../src/data/index.node.ts'
import { createLoader } from '../src/data/index.ts'
import { readModelFile } from '../src/onnx/index.node.ts'
import { pruneModel } from '../src/prune/index.ts'
import { evaluate } from '../src/train/index.node.ts'

const folder = fileURLToPath(new URL('../examples/digits/', import.meta.url))

describe('examples/digits', () => {
  it('the network knows the digits beside it, and forgets them when half of its filters are gone', async () => {
    const { test } = await openData({ kind: 'mnist', path: folder })
    const digits = createLoader(test, { batchSize: 100, training: false })
    const model = readModelFile(`${folder}lenet5.onnx`)
    const whole = await evaluate(model, digits)
    expect(whole.images).toBe(2000)
    expect(whole.accuracy).toBeGreaterThan(0.985)
    // Without fine-tuning.
    const cut = (await pruneModel(model, { methods: ['filter'], scope: { ratio: 0.5 } })).model
    expect((await evaluate(cut, digits)).accuracy).toBeLessThan(0.9)
  })
})

/** What a program prints, line by line. */
async function printedBy(name: string): Promise<string[]> {
  const printed: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((text: string) => void printed.push(...text.split('\n')))
  await import(new URL(`../examples/${name}.mjs`, import.meta.url).href)
  log.mockRestore()
  return printed
}

it('examples/own-operator.mjs counts, prunes and runs a network with an operator that Kerf does not have', async () => {
  const printed = await printedBy('own-operator')
  const [whole, cut] = printed.map((line) => /^(.*): (\d+) MACs, shifted by (.*), y\[0\] (.*)$/.exec(line)!.slice(1))
  expect(whole!.slice(0, 3)).toEqual(['whole', '5376', '-1 0 1 -1 0 1 -1 0 1 -1 0 1'])
  expect(cut!.slice(0, 2)).toEqual(['cut', '2688'])
  // Six channels stay, with the moves that were theirs.
  expect(cut![2]!.split(' ')).toHaveLength(6)
  expect(Number.isFinite(Number(cut![3]))).toBe(true)
})

it('examples/own-criterion.mjs ranks by what images make of channels, better than by weights', async () => {
  const accuracies = (await printedBy('own-criterion')).map((line) => /^(\w+): ([\d.]+) % /.exec(line)!.slice(1))
  expect(accuracies.map(([name]) => name)).toEqual(['random', 'l2', 'variance'])
  const [random, l2, variance] = accuracies.map(([, accuracy]) => Number(accuracy)) as [number, number, number]
  expect(l2).toBeGreaterThan(random)
  expect(variance).toBeGreaterThan(l2 + 20)
})

it('examples/own-rewrite.mjs puts smaller kernels in the place of large ones', async () => {
  const printed = await printedBy('own-rewrite')
  expect(printed.slice(0, 3)).toEqual([
    expect.stringMatching(/^conv1: \d\d % of ‖W‖² left$/),
    expect.stringMatching(/^conv2: \d\d % of ‖W‖² left$/),
    'conv4 stays: its kernel is 1×1, which has no middle of 3×3',
  ])
  // 25 terms become 9 in two layers.
  const others = 120 * 16 * 25 + 84 * 120 + 10 * 84
  const macs = (terms: number) => terms * (28 * 28 * 6 + 10 * 10 * 16 * 6) + others
  expect(printed[3]).toBe(`MACs ${macs(25)} → ${macs(9)}`)
  const [given, drawn, measured] = printed[4]!.match(/[\d.]+(?= %)/g)!.map(Number) as [number, number, number]
  expect(given).toBeGreaterThan(98)
  expect(measured).toBeGreaterThan(drawn + 20)
})

it('examples/own-experiment.mjs puts a claim to the test, and a wrong one beside it', async () => {
  const printed = (await printedBy('own-experiment')).join('\n')
  // 1/16 + 1/9
  expect(printed).toMatch(/ 16 +0\.1736\n/)
  expect(printed).toContain('The claim holds.')
  expect(printed).toMatch(/1\/C_out \+ 1\/k² +0\.\d+ +0\.\d+ +holds\n/)
  expect(printed).toMatch(/Control: 1\/k² alone +0\.111 +0\.174 +fails, as it should/)
})
