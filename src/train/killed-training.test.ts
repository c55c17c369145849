import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { seededRandom } from '../base/index.ts'
import { writeModelFile } from '../onnx/index.node.ts'
import { tinyNet } from '../testing/tiny-images.ts'
import { openRunFolder } from './run-folder/run-folder.node.ts'

let folder: string
let command: string
const at = (name: string) => join(folder, name)

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-killed-training-'))
  // The command reads its version from the package two folders up.
  command = at('dist/cli/main.js')
  writeFileSync(at('package.json'), '{ "version": "0.0.0", "type": "module" }')
  writeModelFile(tinyNet({ dropout: true }), at('tiny.onnx'))
  await build({
    entryPoints: [fileURLToPath(new URL('../cli/main.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['sharp', 'onnxruntime-node'],
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url)",
    },
    outfile: command,
  })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const recipe = (output: string) => ({
  model: { onnx: at('tiny.onnx') },
  data: { kind: 'generated', classes: 3, trainImages: 320, testImages: 32, size: 8 },
  transforms: [{ kind: 'crop', padding: 1 }, { kind: 'mixup' }],
  output: at(output),
  epochs: 5,
  batchSize: 8,
  checkpointEveryEpochs: 0.2,
  threads: 1,
})

interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly out: string
  readonly err: string
}

/** Trains in a process of its own, which `interrupt` may end once it has saved something. */
function trainProcess(
  args: readonly string[],
  interrupt?: { signal: NodeJS.Signals; delayMs: number },
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [command, 'train', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, err] = ['', '']
    let timer: NodeJS.Timeout | undefined
    child.stdout.on('data', (chunk) => {
      out += chunk
    })
    child.stderr.on('data', (chunk) => {
      err += chunk
      // The line before the first step.
      if (interrupt && !timer && /parameters, 1 thread/.test(err))
        timer = setTimeout(() => child.kill(interrupt.signal), interrupt.delayMs)
    })
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, out, err }))
  })
}

const timeless = (name: string) =>
  readFileSync(at(`${name}/metrics.jsonl`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => ({ ...JSON.parse(line), imagesPerSecond: 0 }))

it('a training killed at random moments goes on to the same bits; Ctrl-C saves, and says how to go on', async () => {
  for (const name of ['whole', 'killed']) writeFileSync(at(`${name}.json`), JSON.stringify(recipe(name)))
  const whole = trainProcess([at('whole.json')])
  const random = seededRandom(7)
  let args = [at('killed.json')]
  for (const signal of ['SIGKILL', 'SIGKILL', 'SIGINT', 'SIGKILL'] as const) {
    const ended = await trainProcess(args, { signal, delayMs: random.below(150) })
    if (signal === 'SIGKILL') expect(ended.signal === 'SIGKILL' || ended.code === 0, ended.err).toBe(true)
    else {
      expect(ended.code).toBe(130)
      expect(ended.err).toMatch(
        /kerf: Stopped after step \d+, saved in .*step-\d+\.safetensors\. Go on with: kerf train .*killed --resume\n$/,
      )
    }
    if (!existsSync(at('killed/recipe.json'))) continue
    const run = openRunFolder(at('killed'))
    const found = run.latestCheckpoint()
    run.close()
    // A training that goes on says "going on after step" first.
    if (signal === 'SIGINT') expect(found?.state.step).toBe(Number(/Stopped after step (\d+)/.exec(ended.err)?.[1]))
    args = [at('killed'), '--resume']
  }
  expect(await trainProcess(args)).toMatchObject({ code: 0, signal: null })
  expect((await whole).code).toBe(0)
  expect(timeless('killed')).toEqual(timeless('whole'))
  for (const file of ['last.onnx', 'best.onnx'])
    expect(readFileSync(at(`killed/${file}`)).equals(readFileSync(at(`whole/${file}`)))).toBe(true)
})
