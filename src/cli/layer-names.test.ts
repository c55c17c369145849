// One way of naming layers: what kerf profile calls one, the tables of kerf prune and kerf swap call it, too.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { elementCount, seededRandom } from '../base/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../graph/index.ts'
import { writeModelFile } from '../onnx/index.node.ts'
import { kerf } from './in-process.ts'

/** Named as PyTorch's exporter does it: paths of modules, with the operator behind. */
function exported(): Model {
  const random = seededRandom(1)
  const b = new GraphBuilder('exported')
  const weight = (name: string, ...shape: number[]) =>
    b.constant(name, tensorOf('float32', shape, Float32Array.from({ length: elementCount(shape)! }, random.normal)))
  const conv = (x: string, path: string, out: number, channels: number) =>
    b.node('Conv', [x, weight(`${path}.weight`, out, channels, 1, 1)], {}, { name: `/net/${path}/Conv` })
  const stem = conv(b.input('x', 'float32', [1, 3, 8, 8]), 'features/features.0/features.0.0', 8, 3)
  const body = conv(stem, 'features/features.1/conv/conv.0', 8, 8)
  b.output(conv(body, 'head', 5, 8))
  return b.model()
}

let folder: string
const at = (name: string) => join(folder, name)
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-names-'))
  writeModelFile(exported(), at('m.onnx'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const short = ['features.0.0', 'features.1/conv.0', 'head']
const note = 'Names are short: the beginning "net/", repeated parts and the operator are left out (--full-names shows'

it('is short, with what all names begin with said once', async () => {
  const prune = ['prune', at('m.onnx'), '--ratio', '0.5', '--dry-run', '--explain']
  const swap = ['swap', at('m.onnx'), '--to', 'adder', '--dry-run']
  const texts = await Promise.all(
    [['profile', at('m.onnx')], prune, swap].map(async (argv) => (await kerf(...argv)).out),
  )
  for (const text of texts) {
    for (const name of short) expect(text).toMatch(new RegExp(`^${name} `, 'm'))
    // Values in reasons are called as the file has them.
    expect(text).not.toMatch(/^\/net\//m)
    expect(text.replaceAll(/\s+/g, ' ').split(note)).toHaveLength(2)
  }
})

it('is whole where that is asked for, and for scripts', async () => {
  const whole = '/net/features/features.1/conv/conv.0/Conv'
  const prune = ['prune', at('m.onnx'), '--ratio', '0.5', '--dry-run', '--explain']
  for (const argv of [prune, ['swap', at('m.onnx'), '--to', 'adder', '--dry-run']]) {
    const { out } = await kerf(...argv, '--full-names')
    expect(out).toContain(whole)
    expect(out).not.toContain('Names are short')
    expect((await kerf(...argv, '--json')).out).toContain(whole)
  }
})
