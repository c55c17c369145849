// kerf quantize --to int8 on the network and images that the repository ships.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readModelFile } from '../onnx/index.node.ts'
import { kerf } from './in-process.ts'

const digits = fileURLToPath(new URL('../../examples/digits', import.meta.url))
const model = join(digits, 'lenet5.onnx')
const data = ['--data', `mnist:${digits}`, '--images', '64', '--evaluate', '300']

let folder: string
const at = (name: string) => join(folder, name)
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-int8-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('kerf quantize --to int8', () => {
  it('writes a network of whole numbers that is as good, and says what it did', async () => {
    const { status, out, err } = await kerf('quantize', model, '-o', at('q.onnx'), '--to', 'int8', ...data)
    expect({ status, err }).toEqual({ status: 0, err: '' })
    expect(out).toMatch(/^Codes +8 bits, ranges by mse from 64 images$/m)
    expect(out).toMatch(/^conv3 +Conv +48,000 /m)
    expect(out).toMatch(/^Wrote .*q\.onnx \(7\d\.\d kB\)$/m)
    const { graph, metadata } = readModelFile(at('q.onnx'))
    expect(graph.nodes.map((n) => n.opType)).not.toContain('BatchNormalization')
    expect(metadata).toEqual(readModelFile(model).metadata)
  })

  it('loses at most half a point at 8 bits', async () => {
    const told = await kerf('quantize', model, '-o', at('eight.onnx'), '--to', 'int8', '--json', ...data)
    const { accuracy, layers } = JSON.parse(told.out)
    expect(accuracy.images).toBe(300)
    expect(accuracy.before - accuracy.after).toBeLessThanOrEqual(1)
    expect(layers).toHaveLength(5)
  })

  it('keeps layers by name and by what they change, and says so', async () => {
    const flags = ['--bits', '4', '--keep', 'fc', '--keep-worst', '1', '--equalise', '--bias-correction']
    const { out } = await kerf('quantize', model, '-o', at('four.onnx'), '--to', 'int8', ...flags, ...data)
    expect(out).toContain('channels equalised across layers, means of channels corrected')
    expect(out).toMatch(/^fc +it was asked to stay$/m)
    expect(out).toMatch(/its codes alone change the output most$/m)
    expect(out).toMatch(/^Layer +Op .* Alone +Drift$/m)
  })

  it.each([
    [['--to', 'adder', '--equalise', '--bits', '6'], '--equalise is for ordinary networks (--to int8).'],
    [['--to', 'adder'], 'Codes of adder layers have 2 to 8 bits: say how many, as in --bits 6.'],
    [['--to', 'adder', '--bits', '6'], 'The model has no adder layer'],
    [['--to', 'int8', '--keep', '*'], 'No layer can be quantised. "conv1": it was asked to stay.'],
  ])('refuses %j', async (flags, message) => {
    const before = readdirSync(folder)
    const { status, out, err } = await kerf('quantize', model, '-o', at('no.onnx'), ...flags, ...data)
    expect([status > 0, out]).toEqual([true, ''])
    expect(err).toContain(message)
    expect(readdirSync(folder)).toEqual(before)
  })
})
