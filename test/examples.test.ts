import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
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

describe('examples/own-operator.mjs', () => {
  it('counts, prunes and runs a network with an operator that Kerf does not have', async () => {
    const printed: string[] = []
    const log = vi.spyOn(console, 'log').mockImplementation((line) => void printed.push(line))
    await ran(fileURLToPath(new URL('../examples/own-operator.mjs', import.meta.url)))
    log.mockRestore()
    const [whole, cut] = printed.map((line) => /^(.*): (\d+) MACs, shifted by (.*), y\[0\] (.*)$/.exec(line)!.slice(1))
    expect(whole!.slice(0, 3)).toEqual(['whole', '5376', '-1 0 1 -1 0 1 -1 0 1 -1 0 1'])
    expect(cut!.slice(0, 2)).toEqual(['cut', '2688'])
    // Six channels stay, with the moves that were theirs.
    expect(cut![2]!.split(' ')).toHaveLength(6)
    expect(Number.isFinite(Number(cut![3]))).toBe(true)
  })
})

/** Runs a program that imports Kerf, against the sources. */
async function ran(path: string): Promise<void> {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const folder = mkdtempSync(join(tmpdir(), 'kerf-example-'))
  const outfile = join(folder, 'example.mjs')
  const alias = { kerf: `${root}src/api/index.ts`, 'kerf/graph': `${root}src/api/graph.ts` }
  await build({ entryPoints: [path], alias, bundle: true, format: 'esm', platform: 'node', outfile, logLevel: 'error' })
  await import(pathToFileURL(outfile).href)
  rmSync(folder, { recursive: true })
}
