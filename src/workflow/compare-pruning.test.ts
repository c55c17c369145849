import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openData } from '../data/index.node.ts'
import { subset } from '../data/index.ts'
import { readModelFile } from '../onnx/index.node.ts'
import { type Criterion, pruneModel } from '../prune/index.ts'
import { cellsIn } from './cells.node.ts'
import {
  comparePruning,
  type PruningComparison,
  type PruningComparisonOptions,
  parseComparisonRecipe,
} from './index.ts'
import { runComparison } from './run-comparison.node.ts'

const digits = (file: string) => new URL(`../../examples/digits/${file}`, import.meta.url).pathname
const model = readModelFile(digits('lenet5.onnx'))
const { train, test } = await openData({ kind: 'mnist', path: digits('') })
const first = (set: typeof train, count: number) =>
  subset(
    set,
    Array.from({ length: count }, (_, i) => i),
  )

const options: PruningComparisonOptions = {
  criteria: ['random', 'l2'],
  budgets: [0.5],
  seeds: [1, 2],
  data: { train: first(train, 128), test: first(test, 100) },
  images: 40,
  batchSize: 32,
  fineTuning: { epochs: [1, 2], learningRate: 0.01 },
  scratch: { epochs: [2], learningRate: 0.05 },
  recovery: false,
}

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-compare-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Without what a clock said. */
const untimed = ({ methods, ...rest }: PruningComparison) => ({
  ...rest,
  methods: methods.map((m) => ({ ...m, scoringMs: undefined })),
})

it('every method has the same budget, and rows beside the criteria', async () => {
  const found = await comparePruning(model, options)
  expect(found.methods.map((m) => [m.method, m.budget, m.trained.map((t) => t.epochs)])).toEqual([
    ['random', 0.5, [1, 2]],
    ['l2', 0.5, [1, 2]],
    ['scratch', 0.5, [2]],
    ['unpruned', 1, [1, 2]],
  ])
  expect(found).toMatchObject({ images: 40, testImages: 100 })
  const [random, l2, scratch, unpruned] = found.methods as [
    PruningComparison['methods'][number],
    ...PruningComparison['methods'],
  ]
  for (const { macs, params } of [l2!, scratch!]) expect([macs, params]).toEqual([random.macs, random.params])
  expect(random.macs.mean).toBeLessThanOrEqual(0.5 * found.given.macs)
  expect(random.macs.mean).toBeGreaterThan(0.4 * found.given.macs)
  // Weights alone decide for l2, chance does for random; fine-tuning sees images in another order.
  expect(l2!.cut!.deviation).toBe(0)
  expect(random.cut!.deviation).toBeGreaterThan(0)
  expect(random.trained[1]!.accuracy).toMatchObject({ count: 2 })
  expect(unpruned!.cut!.mean).toBe(found.given.cut)
  expect(scratch!.cut).toBeUndefined()
  expect(unpruned!.trained[1]!.accuracy.mean).toBeGreaterThan(0.9)
  // It is the network that pruneModel gives.
  const cut = await pruneModel(model, { criterion: 'l2', target: { of: 'macs', part: 0.5 } })
  expect(l2!.params.mean).toBe(cut.after.params)
})

it('is the same when it was stopped and goes on, and makes nothing twice', async () => {
  const whole = await comparePruning(model, options)
  const stop = new AbortController()
  const stopped = comparePruning(
    model,
    { ...options, cells: cellsIn(folder) },
    { signal: stop.signal, progress: ({ done }) => done > 5.5 && stop.abort() },
  )
  await expect(stopped).rejects.toMatchObject({ code: 'aborted', message: 'The comparison was stopped.' })
  const there = readdirSync(folder)
  expect(there).toContain('settings.json')
  expect(there.length).toBeGreaterThan(5)
  const again = await comparePruning(model, {
    ...options,
    cells: cellsIn(folder),
  })
  expect(untimed(again)).toEqual(untimed(whole))
  const bytes = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')])
  expect(await comparePruning(model, { ...options, cells: cellsIn(folder) })).toEqual(again)
  expect(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')])).toEqual(bytes)
})

it('takes no cells of other work, nor damaged ones', async () => {
  const small = {
    ...options,
    criteria: ['l2'],
    seeds: [1],
    scratch: undefined,
    fineTuning: { epochs: [1], learningRate: 0.01 },
  }
  await comparePruning(model, { ...small, cells: cellsIn(folder) })
  const other = comparePruning(model, { ...small, batchSize: 16, cells: cellsIn(folder) })
  await expect(other).rejects.toMatchObject({
    code: 'other-cells',
    message: expect.stringContaining(`${folder} keeps parts of other work`),
  })
  writeFileSync(join(folder, 'given.json'), '{')
  await expect(comparePruning(model, { ...small, cells: cellsIn(folder) })).rejects.toMatchObject({
    code: 'bad-cell',
    message: expect.stringContaining('Remove it, so that it is made anew.'),
  })
})

it('correlates with the oracle where there is one, and repairs cuts before training', async () => {
  /** Ranks by channel number, forwards or backwards. */
  const ranking = (name: string, sign: number): Criterion => ({
    ...{ name, needs: 'weights', formula: '', source: '' },
    score: ({ groups }) => new Map(groups.map((g) => [g, Array.from({ length: g.channels }, (_, i) => sign * i)])),
  })
  const criteria = [ranking('oracle', 1), ranking('forwards', 1), ranking('backwards', -1)]
  const { methods } = await comparePruning(model, {
    ...options,
    ...{ criteria, seeds: [1], scratch: undefined, recovery: 'auto', fineTuning: { epochs: [1], learningRate: 0.01 } },
  })
  expect(methods.map((m) => m.oracleCorrelation && Math.round(1e9 * m.oracleCorrelation.mean) / 1e9)).toEqual([
    1,
    1,
    -1,
    undefined,
  ])
  expect(methods.map((m) => m.recovered !== undefined)).toEqual([true, true, true, false])
  const without = await comparePruning(model, {
    ...{ ...options, criteria, seeds: [1], scratch: undefined, recovery: false },
    fineTuning: { epochs: [1], learningRate: 0.01 },
  })
  for (const [i, method] of methods.slice(0, 3).entries()) {
    expect(method.recovered!.mean).toBeGreaterThan(method.cut!.mean)
    expect(without.methods[i]!.recovered).toBeUndefined()
    expect(without.methods[i]!.cut).toEqual(method.cut)
  }
})

it('a recipe may ask for cuts alone, on some of the test images', async () => {
  const recipe = (recovery: unknown) =>
    parseComparisonRecipe({
      ...{
        model: digits('lenet5.onnx'),
        data: { kind: 'mnist', path: digits('') },
        output: join(folder, `${recovery}`),
      },
      ...{ criteria: ['l2'], seeds: [1], images: 40, testImages: 50, threads: 1, recovery },
    })
  const found = await runComparison(recipe(false))
  expect(found).toMatchObject({ testImages: 50, methods: [{ method: 'l2', trained: [] }] })
  expect(found.methods).toHaveLength(1)
  expect(found.methods[0]!.recovered).toBeUndefined()
  const repaired = await runComparison(recipe(['mean-replacement']))
  expect(repaired.methods[0]!.recovered).toBeDefined()
  expect(() => recipe(['nonsense'])).toThrow(expect.objectContaining({ code: 'bad-recipe' }))
})
