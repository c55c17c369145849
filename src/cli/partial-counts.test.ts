import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { editGraph, GraphBuilder, tensorOf } from '../graph/index.ts'
import { writeModelFile } from '../onnx/index.node.ts'
import { kerf } from './in-process.ts'

/*
 * A network with an operator that Kerf does not know: x [1, 2, 4, 4] → Conv, 8 filters 1×1 → Conv, 6 filters 1×1 → com.example.Mystery
 * with 12 weights, whose output's shape the file gives → Conv, 3 filters 1×1.
 *
 *   MACs 16·2·8 + 16·8·6 + 16·6·3 = 1,312 and what Mystery computes; parameters 16 + 48 + 12 + 18 = 94
 *   with 4 of the first 8 filters gone: MACs 128 + 384 + 288 = 800, parameters 8 + 24 + 12 + 18 = 62
 */
let folder: string
const at = (name: string) => join(folder, name)
const values = (shape: readonly number[]) =>
  tensorOf(
    'float32',
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i + 1)),
  )

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-partial-'))
  const b = new GraphBuilder('partial')
  const x = b.input('x', 'float32', [1, 2, 4, 4])
  const first = b.node('Conv', [x, b.constant('w1', values([8, 2, 1, 1]))], {}, { name: 'first' })
  const second = b.node('Conv', [first, b.constant('w2', values([6, 8, 1, 1]))], {}, { name: 'second' })
  const odd = b.node(
    'Mystery',
    [second, b.constant('w', values([12]))],
    {},
    { name: 'odd', domain: 'com.example', outputs: ['o'] },
  )
  b.output(b.node('Conv', [odd, b.constant('w3', values([3, 6, 1, 1]))], {}, { name: 'last' }))
  const type = { kind: 'tensor', elementType: 'float32', shape: [1, 6, 4, 4] } as const
  writeModelFile(editGraph(b.model()).declare({ name: 'o', type }).model(), at('m.onnx'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const prune = (...more: string[]) => kerf('prune', at('m.onnx'), '--no-check', '-o', at('cut.onnx'), ...more)

describe('with an operator that Kerf does not know', () => {
  it('profile marks totals and counts the rest, in every format', async () => {
    const { out } = await kerf('profile', at('m.onnx'))
    expect(out).toMatch(/^MACs +at least 1,312/m)
    expect(out).toMatch(/^Parameters +94$/m)
    expect(out).toMatch(/^Not counted +1 node \(com\.example\.Mystery\)$/m)
    expect(out).toMatch(/^Total of 4 layers.* ≥ 1,312 /m)
    const json = JSON.parse((await kerf('profile', at('m.onnx'), '--json')).out)
    expect(json.totals).toMatchObject({ macs: 1312, params: 94, partial: expect.arrayContaining(['macs', 'bytes']) })
    expect(json.totals.partial).not.toContain('params')
    const csv = (await kerf('profile', at('m.onnx'), '--format', 'csv')).out.split('\r\n')
    expect(csv[0]).toMatch(/,notCounted$/)
    expect(csv[3]).toMatch(/^odd,.*,Kerf does not know this operator$/)
    for (const format of ['md', 'html']) {
      const text = (await kerf('profile', at('m.onnx'), '--format', format)).out
      expect(text).toContain('at least 1,312')
      expect(text).toMatch(/≥ 1,312/)
    }
  })

  it('compare marks sums and ratios, the headline too', async () => {
    await prune('--ratio', '0.5')
    const { out } = await kerf('compare', at('m.onnx'), at('cut.onnx'))
    expect(out).toMatch(/^Comparison: B has 0\.6098 times the MACs of A, of what is counted$/m)
    expect(out).toMatch(/^MACs +≥ 1,312 +≥ 800 +0\.6098 \* +-512 \*$/m)
    expect(out).toMatch(/^Parameters +94 +62 +0\.6596 +-32$/m)
    const { totals } = JSON.parse((await kerf('compare', at('m.onnx'), at('cut.onnx'), '--json')).out)
    expect(totals.macs).toEqual({ a: 1312, b: 800, ratio: 800 / 1312, partial: ['a', 'b'] })
    expect(totals.params).toEqual({ a: 94, b: 62, ratio: 62 / 94 })
    const csv = (await kerf('compare', at('m.onnx'), at('cut.onnx'), '--format', 'csv')).out.split('\r\n')
    expect(csv[0]).toMatch(/,notCountedA,notCountedB$/)
    for (const format of ['md', 'html'])
      expect((await kerf('compare', at('m.onnx'), at('cut.onnx'), '--format', format)).out).toMatch(/0\.6098 (\\)?\*/)
  })

  it('prune says what it could not count', async () => {
    const { out } = await prune('--ratio', '0.5')
    expect(out).toMatch(/^MACs executed +≥ 1,312 +≥ 800 +0\.6098 \*$/m)
    expect(out).toContain('Kerf does not know this operator')
    const json = JSON.parse((await prune('--ratio', '0.5', '--force', '--json')).out)
    expect(json.before.partial).toContain('macs')
    expect(json.after.partial).toContain('macs')
    expect(json.unsupported).toEqual([
      { name: 'odd', op: 'Mystery', domain: 'com.example', why: 'Kerf does not know this operator' },
    ])
  })

  it('prune aims at no part of the MACs, but at one of the parameters', async () => {
    expect(await prune('--target-macs', '0.7')).toMatchObject({
      status: 1,
      err: expect.stringMatching(
        /not all are counted: com\.example\.Mystery "odd" \(Kerf does not know this operator\)\. Give a ratio .* --ratio 0\.5/,
      ),
    })
    expect(await prune('--target-params', '0.7')).toMatchObject({ status: 0 })
  })

  it('swap marks its totals', async () => {
    const { out } = await kerf('swap', at('m.onnx'), '--to', 'adder', '--dry-run')
    expect(out).toMatch(/^MACs +≥ 1,312 /m)
    const json = JSON.parse((await kerf('swap', at('m.onnx'), '--to', 'adder', '--dry-run', '--json')).out)
    expect(json.totals.macs.partial).toEqual(['a', 'b'])
    expect(json.unsupported).toHaveLength(1)
  })

  it('profile --explain-params lists what is no parameter', async () => {
    const b = new GraphBuilder('input')
    const x = b.input('x', 'float32', [1, 2, 4, 4])
    const centred = b.node('Sub', [x, b.constant('mean', values([2, 1, 1]))], {}, { name: 'centre' })
    b.output(b.node('Conv', [centred, b.constant('w', values([3, 2, 1, 1]))]))
    writeModelFile(b.model(), at('input.onnx'))
    const { out } = await kerf('profile', at('input.onnx'), '--explain-params')
    expect(out).toMatch(/^Parameters +6$/m)
    expect(out).toMatch(/^Constants that are no parameters: 2 values$/m)
    expect(out).toMatch(/^mean +2×1×1 +Sub centre +it prepares the input: no layer stands before it$/m)
    await kerf('profile', at('input.onnx'), '--explain-params', '-o', at('input.md'))
    expect(readFileSync(at('input.md'), 'utf8')).toContain('it prepares the input')
    expect((await kerf('profile', at('m.onnx'), '--explain-params')).out).toContain('stand is one (docs/cost.md says')
    const { leftOut } = JSON.parse((await kerf('profile', at('input.onnx'), '--json')).out)
    expect(leftOut).toMatchObject([{ name: 'mean', shape: [2, 1, 1], layer: 'centre', op: 'Sub' }])
  })
})
