import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { tensorValues } from '../graph/index.ts'
import { readModelFile, writeModelFile } from '../onnx/index.node.ts'
import { tinyNet } from '../testing/tiny-images.ts'
import { kerf } from './in-process.ts'
import { run } from './main.ts'

let folder: string
const at = (name: string) => join(folder, name)
const data = [
  ...['--data', 'generated', '--set', 'data.classes=3', '--set', 'data.size=8', '--set', 'data.trainImages=192'],
  ...['--set', 'data.testImages=60', '--set', 'threads=1'],
]

/** Ctrl-C as soon as what was said on stderr is enough. */
async function kerfUntil(isEnough: (err: string) => boolean, ...argv: string[]) {
  let out = ''
  let err = ''
  let isStopped = false
  const io = {
    out: (text: string) => (out += text),
    err: (text: string) => {
      err += text
      if (!isStopped && isEnough(err)) {
        isStopped = true
        process.emit('SIGINT')
      }
      return err
    },
    color: false,
  }
  return { status: await run(argv, io), out, err }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-finetune-'))
  writeModelFile(tinyNet({ channels: 12 }), at('start.onnx'))
  const { status, err } = await kerf(
    'train',
    '--model',
    at('start.onnx'),
    ...data,
    '-e',
    '6',
    '-b',
    '16',
    '--lr',
    '0.1',
    '-o',
    at('run'),
  )
  expect(status, err).toBe(0)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('cuts, trains and says what it did to the accuracy', async () => {
  const { status, out, err } = await kerf(
    ...['prune', at('run/last.onnx'), '-o', at('small.onnx'), '--ratio', '0.5'],
    ...['--finetune', at('run'), '--epochs', '4', '--lr', '0.1', '--json'],
  )
  expect(status, err).toBe(0)
  const { before, after, check, finetune } = JSON.parse(out)
  const tested = (run: string) => JSON.parse(readFileSync(at(`${run}/test.json`), 'utf8'))
  expect(finetune.before.accuracy).toBe(tested('run').last.accuracy)
  expect(finetune.after.accuracy).toBe(tested('small-finetune/run-1').last.accuracy)
  expect(finetune.iterations).toHaveLength(1)
  const [step] = finetune.iterations
  expect(step.trained.loss).toBeLessThan(step.cut.loss)
  expect(step.trained.accuracy).toBeGreaterThan(step.cut.accuracy + 0.05)
  expect(finetune.after).toEqual(step.trained)
  expect(after.macs).toBeLessThan(0.4 * before.macs)
  // A cut that was not checked against the masked network is not trained.
  if (check !== null) expect(check.maxRelDiff).toBeLessThan(1e-4)
  // The recipe's transforms and batch size, its own model and folder.
  expect(JSON.parse(readFileSync(at('small-finetune/run-1/recipe.json'), 'utf8'))).toMatchObject({
    batchSize: 16,
    epochs: 4,
    learningRate: 0.1,
    model: { onnx: at('small-finetune/cut-1.onnx') },
  })
  const measured = JSON.parse((await kerf('eval', at('small.onnx'), '--recipe', at('run'), '--json')).out)
  expect(measured.accuracy).toBe(step.trained.accuracy)
})

it('in several steps, which together remove what was asked for', async () => {
  const { status, out, err } = await kerf(
    ...[
      'prune',
      at('run/last.onnx'),
      '-o',
      at('steps.onnx'),
      '--target-macs',
      '0.3',
      '--iterations',
      '2',
      '--finetune',
    ],
    ...data,
    ...['--epochs', '1', '--no-check'],
  )
  expect(status, err).toBe(0)
  for (const stage of ['before', 'cut 1', 'fine-tuned 1', 'cut 2', 'fine-tuned 2'])
    expect(out).toMatch(new RegExp(`^${stage} +[\\d.]+ % +[\\d.]+ +[\\d,]+ +[\\d,]+$`, 'm'))
  expect(err).toMatch(/^after cut 2 of 2: [\d.]+ %$/m)
  const part = Number(/^MACs executed +[\d,]+ +[\d,]+ +([\d.]+)$/m.exec(out)?.[1])
  expect(part).toBeGreaterThan(0.15)
  expect(part).toBeLessThanOrEqual(0.3)
})

it('goes on after every stop to the same bits: in a run, between a cut and its run, and at the end', async () => {
  const command = (output: string, ...more: string[]) => [
    ...['prune', at('run/last.onnx'), '-o', at(output), '--ratio', '0.6', '--iterations', '2', '--finetune'],
    ...data,
    ...['--epochs', '2', '--no-check', ...more],
  ]
  const whole = await kerf(...command('whole.onnx'))
  expect(whole.status, whole.err).toBe(0)
  const stops = [/^before: /m, /^epoch 1/m, /after cut 2 of 2/, /after cut 2 of 2.*^epoch 1/ms]
  let more: string[] = []
  for (const stop of stops) {
    const { status, out, err } = await kerfUntil((said) => stop.test(said), ...command('parts.onnx', ...more))
    expect({ status, out }, err).toEqual({ status: 130, out: '' })
    expect(err).toMatch(/Stopped.*; the pruned model was not written\. The same command with --resume goes on\.$/m)
    expect(existsSync(at('parts.onnx'))).toBe(false)
    if (existsSync(at('parts-finetune'))) more = ['--resume']
  }
  expect(more).toEqual(['--resume'])
  const { status, out, err } = await kerf(...command('parts.onnx', '--resume'))
  expect(status, err).toBe(0)
  expect(readFileSync(at('parts.onnx')).equals(readFileSync(at('whole.onnx')))).toBe(true)
  // Complete runs are not trained again, and the accuracies are those of the run that was never stopped.
  const accuracies = (text: string) => text.split('\n').filter((line) => /^(before|cut|fine-tuned)/.test(line))
  expect(accuracies(out)).toHaveLength(5)
  expect(accuracies(out)).toEqual(accuracies(whole.out))

  const refused = await kerf(...command('parts.onnx', '--resume', '--force', '--ratio', '0.5'))
  expect(refused).toMatchObject({
    status: 1,
    err: expect.stringContaining('cut-1.onnx is another cut than this command makes'),
  })
  const recipe = await kerf(...command('parts.onnx', '--resume', '--force', '--lr', '0.5'))
  expect(recipe).toMatchObject({ status: 1, err: expect.stringContaining('was started with another recipe:') })
})

it('keeps weights that were set to zero at zero', async () => {
  const { status, err } = await kerf(
    ...[
      'prune',
      at('run/last.onnx'),
      '-o',
      at('zeros.onnx'),
      '--ratio',
      '0.6',
      '--method',
      'weight',
      '--iterations',
      '2',
    ],
    ...['--finetune', ...data, '--epochs', '1'],
  )
  expect(status, err).toBe(0)
  const weight = tensorValues(readModelFile(at('zeros.onnx')).graph.initializers.get('conv2.weight')!)
  const zeros = weight.filter((w) => w === 0).length
  expect(zeros / weight.length).toBeCloseTo(0.6, 2)
})

it('ends with what it reached where a later cut finds nothing, and fails where the first does', async () => {
  const command = (output: string, ratio: string) => [
    ...['prune', at('run/last.onnx'), '-o', at(output), '--ratio', ratio, '--round-to', '4', '--iterations', '4'],
    ...['--finetune', ...data, '--epochs', '1', '--no-check', '--json'],
  ]
  const { status, out, err } = await kerf(...command('ended.onnx', '0.85'))
  expect(status, err).toBe(0)
  const { warnings, finetune, groups } = JSON.parse(out)
  // 12 channels to 8 and 4, of which the next 38 % leave no smaller multiple of 4.
  expect(groups.map((g: { kept: number; channels: number }) => [g.channels, g.kept])).toEqual([
    [12, 4],
    [12, 4],
  ])
  expect(finetune.iterations).toHaveLength(2)
  expect(warnings.at(-1)).toMatch(
    /^Cutting ended after 2 of 4 cuts\. Nothing would be removed: --round-to 4 keeps every width as it is/,
  )
  expect(existsSync(at('ended.onnx'))).toBe(true)
  const none = await kerf(...command('none-at-all.onnx', '0.3'))
  expect(none).toMatchObject({
    status: 1,
    err: expect.stringMatching(
      /Round to less\. Each of 4 cuts takes little: fewer --iterations take more at a time\.$/m,
    ),
  })
  expect(existsSync(at('none-at-all.onnx'))).toBe(false)
})

it.each([
  [
    'settings without --finetune',
    2,
    ['--epochs', '3', '--iterations', '2'],
    /^kerf: --iterations, --epochs tell how to train after the cut: give --finetune, too\./,
  ],
  ['no data', 2, ['--finetune'], /^kerf: Say what to fine-tune on: --finetune RECIPE, or --data mnist:FOLDER\./],
  ['nothing to be run', 2, ['--finetune', '--dry-run'], /^kerf: --dry-run writes and runs nothing/],
  ['a bad rate', 2, ['--finetune', '--lr', '0'], /Give a number greater than 0, as in 0\.01/],
  [
    'runs that are there',
    1,
    ['--finetune', ...data],
    /small-finetune, where the training runs go, exists\. Go on with it by --resume, remove it, or replace it with --force\./,
  ],
  [
    'nothing to go on with',
    1,
    ['--finetune', ...data, '--resume', '-o', 'none.onnx'],
    /none-finetune has no training runs to go on with\. Leave out --resume to start\./,
  ],
  [
    '--resume without --finetune',
    2,
    ['--resume'],
    /^kerf: --resume tells how to train after the cut: give --finetune, too\./,
  ],
] as const)('refuses: %s', async (_, status, more, message) => {
  rmSync(at('small.onnx'), { force: true })
  const result = await kerf('prune', at('run/last.onnx'), '-o', at('small.onnx'), '--ratio', '0.5', ...more)
  expect(result).toMatchObject({ status, out: '', err: expect.stringMatching(message) })
  expect(existsSync(at('small.onnx'))).toBe(false)
})
