import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GraphBuilder, tensorOf } from '../graph/index.ts'
import { writeModelFile } from '../onnx/index.node.ts'
import { findBrowser } from './bench/chrome.ts'
import { modelsReport, shortened } from './bench/models-report.ts'
import { kerf } from './in-process.ts'

let folder: string
const at = (name: string) => join(folder, name)

/** A 3×3 layer of so many channels on 8×8 pixels. */
function write(name: string, channels: number): void {
  const b = new GraphBuilder(name)
  const w = b.constant('w', tensorOf('float32', [channels, 3, 3, 3], new Float32Array(27 * channels).fill(0.1)))
  b.output(b.node('Conv', [b.input('x', 'float32', ['N', 3, 8, 8]), w], { pads: [1, 1, 1, 1] }))
  writeModelFile(b.model(), at(name))
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-bench-'))
  write('before.onnx', 8)
  write('after.onnx', 4)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('kerf bench', () => {
  it('measures several models in turns', async () => {
    const { status, out } = await kerf(
      'bench',
      at('before.onnx'),
      at('after.onnx'),
      '--seconds',
      '0.05',
      '-t',
      '1',
      '--json',
    )
    expect(status).toBe(0)
    const { models, machine } = JSON.parse(out)
    expect(models.map((m: { model: string }) => m.model)).toEqual([at('before.onnx'), at('after.onnx')])
    // 3·9 products for each of 64 pixels and each channel.
    expect(models.map((m: { totals: { macs: number } }) => m.totals.macs)).toEqual([13824, 6912])
    expect(models[0].ratio).toBe(1)
    expect(models[1].ratio).toBe(models[1].medianMs / models[0].medianMs)
    for (const { quartilesMs, medianMs, runs } of models) {
      expect(runs).toBeGreaterThanOrEqual(5)
      expect(quartilesMs[0]).toBeLessThanOrEqual(medianMs)
      expect(quartilesMs[1]).toBeGreaterThanOrEqual(medianMs)
    }
    expect(machine.threads).toBe(1)
  })

  it('says what only one model takes', async () => {
    const { status, err } = await kerf('bench', at('before.onnx'), at('after.onnx'), '--layers')
    expect([status, err]).toEqual([2, expect.stringContaining('--layers is for one model')])
    const other = await kerf('bench', at('before.onnx'), '--browser', '--against', 'ort-web')
    expect([other.status, other.err]).toEqual([
      2,
      expect.stringContaining('--against is for one model, without --browser'),
    ])
  })

  it('says how to come by a browser', () => {
    expect(() => findBrowser({ CHROME_PATH: at('none') })).toThrow(
      `CHROME_PATH names "${at('none')}", which is not there.`,
    )
    expect(findBrowser({ CHROME_PATH: at('before.onnx') })).toBe(at('before.onnx'))
  })
})

describe('the table of several models', () => {
  const timing = (medianMs: number) => ({
    medianMs,
    fastestMs: medianMs,
    quartilesMs: [0.9 * medianMs, 1.1 * medianMs] as const,
    runs: 9,
  })
  const model = (name: string, medianMs: number, first: number) => ({
    ...{ model: name, inputs: [{ name: 'x', shape: [1, 3, 8, 8] }], unsupported: [], ratio: medianMs / first },
    totals: { macs: 1e6, partial: [] } as never,
    ...timing(medianMs),
  })
  const notesOf = (...ms: [number, number]) =>
    modelsReport({
      machine: { cpu: 'a', cores: 2, node: 'v20', threads: 1 },
      models: [model('nets/a.onnx', ms[0], ms[0]), model('nets/b.onnx', ms[1], ms[0])],
      notices: [],
    }).tables[0]?.notes?.at(-1)

  it('says who is faster, and not where the spread is larger', () => {
    expect(notesOf(10, 5)).toBe('b.onnx is 2.00 times as fast as a.onnx.')
    expect(notesOf(10, 25)).toBe('b.onnx is 2.50 times as slow as a.onnx.')
    expect(notesOf(10, 11)).toBe('b.onnx and a.onnx: the difference is within the spread of the runs.')
  })

  it('drops folders that all paths begin with', () => {
    expect(shortened(['/m/a/x.onnx', '/m/b/x.onnx'])).toEqual(['a/x.onnx', 'b/x.onnx'])
    expect(shortened(['x.onnx', 'x.onnx'])).toEqual(['x.onnx', 'x.onnx'])
    expect(shortened(['only/x.onnx'])).toEqual(['x.onnx'])
  })
})
