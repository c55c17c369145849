import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { experiments } from '../lab/index.ts'
import { kerf, stoppedKerf } from './in-process.ts'
import type { Io } from './io.ts'
import { run } from './main.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-lab-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

it('lists the experiments', async () => {
  const { status, out } = await kerf('lab')
  expect(status).toBe(0)
  expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120)
  for (const { name, duration } of experiments) expect(out).toMatch(new RegExp(`^${name} +${duration}`, 'm'))
  expect(JSON.parse((await kerf('lab', '--json')).out)).toHaveLength(experiments.length)
})

it('runs one: tables, plot, verdict, files', async () => {
  const { status, out, err } = await kerf('lab', 'operations', '-o', join(folder, 'new'))
  expect(status).toBe(0)
  expect(out).toContain('ResNet-32')
  expect(out).toContain('█')
  expect(out).toContain('The claim holds.')
  expect(err).toContain('operations.md')
  expect(readdirSync(join(folder, 'new')).sort()).toEqual(['operations.json', 'operations.md', 'operations.svg'])
  expect(JSON.parse(readFileSync(join(folder, 'new', 'operations.json'), 'utf8'))).toMatchObject({
    holds: true,
    seed: 0,
  })
  expect(readFileSync(join(folder, 'new', 'operations.md'), 'utf8')).toContain('(operations.svg)')
})

it('takes images from a training recipe', async () => {
  const path = join(folder, 'recipe.json')
  const data = { kind: 'generated', size: 16, trainImages: 1400, testImages: 450 }
  writeFileSync(path, JSON.stringify({ model: { net: 'resnet20' }, data, output: 'out', epochs: 1, batchSize: 8 }))
  const { out } = await kerf('lab', 'design-space', '--recipe', path, '--json')
  expect(JSON.parse(out)).toMatchObject({ name: 'design-space', data: expect.stringContaining(`images of ${path}`) })
})

it('prints JSON', async () => {
  const { out } = await kerf('lab', 'operations', '--seed', '5', '--json')
  expect(JSON.parse(out)).toMatchObject({ name: 'operations', seed: 5, holds: true })
})

it('compares criteria as a recipe says, and goes on where it was', async () => {
  const recipe = {
    model: fileURLToPath(new URL('../../examples/digits/lenet5.onnx', import.meta.url)),
    data: { kind: 'generated', size: 28, trainImages: 64, testImages: 32 },
    ...{ output: join(folder, 'cells'), criteria: ['l2'], seeds: [1], images: 16, batchSize: 16, threads: 1 },
    ...{ fineTuning: { epochs: [1], learningRate: 0.01 }, scratch: { epochs: [1], learningRate: 0.05 } },
  }
  const path = join(folder, 'recipe.json')
  writeFileSync(path, JSON.stringify(recipe))
  const run = () => kerf('lab', 'filter-pruning', '--recipe', path, '--json')
  const first = JSON.parse((await run()).out) as { tables: { rows: unknown[] }[] }
  expect(first.tables[0]?.rows).toHaveLength(3)
  const cells = readdirSync(join(folder, 'cells'))
  expect(cells).toEqual(expect.arrayContaining(['settings.json', 'l2-0.5-seed1.json', 'scratch-0.5-seed1.json']))
  rmSync(join(folder, 'cells', 'scratch-0.5-seed1.json'))
  const again = JSON.parse((await run()).out) as typeof first
  expect(again.tables).toEqual(first.tables)
  writeFileSync(path, JSON.stringify({ ...recipe, budgets: [2], sedes: [1] }))
  const { status, err } = await run()
  expect(status).toBe(1)
  expect(err).toContain("The comparison's recipe has 2 problems")
  expect(err).toContain('budgets[0]: received 2; expected a number less than 1')
  expect(err).toContain('Did you mean seeds?')
})

it.each([
  [2, "argument 'name'. Allowed choices are similarity, ", ['lab', 'speeed']],
  [2, 'Did you mean "speed"?', ['lab', 'speeed']],
  [2, 'Give --all or the name "operations", not both.', ['lab', 'operations', '--all']],
  [2, 'Say which experiment is to be run, or --all; kerf lab lists them.', ['lab', '-o', 'x']],
  [2, 'Give a whole number from 0 to 2147483647.', ['lab', 'operations', '--seed', '1.5']],
  [2, 'Give a whole number from 1 to 256.', ['lab', 'operations', '--threads', '0']],
  [2, '--recipe is for two experiments: kerf lab filter-pruning', ['lab', 'speed', '--recipe', 'r.json']],
  [2, 'The name of the folder is empty. Give one, as in -o out.', ['lab', 'operations', '-o', '']],
])('refuses wrong usage: %i %s', async (status, message, argv) => {
  const result = await kerf(...argv)
  expect(result).toMatchObject({ status, out: '', err: expect.stringContaining(message) })
})

it('stops on Ctrl-C, and writes nothing of what was under way', async () => {
  const before = process.listenerCount('SIGINT')
  expect(await stoppedKerf('lab', 'variance', '-o', join(folder, 'new'))).toMatchObject({
    status: 130,
    out: '',
    err: expect.stringContaining('Stopped. Nothing was written for the experiment under way.'),
  })
  expect(existsSync(join(folder, 'new'))).toBe(false)
  expect(process.listenerCount('SIGINT')).toBe(before)
})

it('keeps what finished when --all is stopped, the page included', async () => {
  const page = join(folder, 'page')
  let out = ''
  let err = ''
  const io: Io = {
    // The verdict on the first experiment is printed before the second begins.
    out: (text) => {
      const wasOver = out.includes('The claim')
      out += text
      if (!wasOver && out.includes('The claim')) process.emit('SIGTERM')
    },
    err: (text) => {
      err += text
    },
    color: false,
  }
  const status = await run(['lab', '--all', '-o', join(folder, 'new'), '--report', page], io)
  expect(status, err).toBe(143)
  const said =
    /Stopped in "(.*)", of which nothing was written\. (\d) of (\d+) experiments are finished and kept\./.exec(err)
  expect(Number(said?.[3])).toBe(experiments.length)
  const finished = experiments.slice(0, Number(said?.[2]))
  expect(experiments[finished.length]?.name).toBe(said?.[1])
  const html = readFileSync(join(page, 'index.html'), 'utf8')
  for (const { name, title } of finished) {
    expect(existsSync(join(folder, 'new', `${name}.json`))).toBe(true)
    expect(html).toContain(title)
  }
  expect(finished.length).toBeGreaterThan(0)
})

it('does no work whose result could not be written', async () => {
  const path = join(folder, 'operations.md')
  writeFileSync(path, 'mine')
  const refused = await kerf('lab', 'operations', '-o', folder)
  expect(refused).toMatchObject({ status: 1, out: '', err: expect.stringContaining('operations.md exists') })
  expect(readFileSync(path, 'utf8')).toBe('mine')
  expect(readdirSync(folder)).toEqual(['operations.md'])
  expect((await kerf('lab', 'operations', '-o', folder, '--force')).status).toBe(0)
  expect(readFileSync(path, 'utf8')).toContain('# Additions')
  const file = await kerf('lab', 'operations', '--report', path)
  expect(file).toMatchObject({
    status: 1,
    out: '',
    err: expect.stringContaining('is a file, not a folder. Choose another name, or move it away.'),
  })
})

it('writes one page about all that were run', async () => {
  const { status, err } = await kerf('lab', 'operations', '-t', '1', '--data', "it's", '--report', join(folder, 'page'))
  expect(status).toBe(0)
  expect(err).toContain('index.html')
  expect(existsSync(join(folder, 'page', 'index.html'))).toBe(true)
  expect(readFileSync(join(folder, 'page', 'index.html'), 'utf8')).toContain('<math')
  // The whole command, as a shell takes it.
  expect(readFileSync(join(folder, 'page', 'index.html'), 'utf8').replaceAll('&#39;', "'")).toContain(
    `<dd>kerf lab operations --seed 0 --threads 1 --data 'it'\\''s' --report ${join(folder, 'page')}</dd>`,
  )
})

it('says which file of the data is missing', async () => {
  const { status, out, err } = await kerf('lab', 'similarity', '--data', folder)
  expect(status).toBe(1)
  expect(out).toBe('')
  expect(err).toContain('train-images-idx3-ubyte')
})
