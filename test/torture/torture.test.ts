// Commands that are killed, stopped and put on a full disk, again and again: nothing half-written ever stands under a final name, and in the end there are
// the bits of a run that nothing disturbed, and nothing else. `npm run torture` does the same with many more moments.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Plugin } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Random, seededRandom, seedFrom } from '../../src/base/index.ts'
import { decodeJsonLines, readSafetensors } from '../../src/formats/index.ts'
import { readModelFile, writeModelFile } from '../../src/onnx/index.node.ts'
import { bundleCommand, type Ended, nodeProcess, type ProcessOptions } from '../../src/testing/command.ts'
import { cifarArchive, idxFile, serveFiles } from '../../src/testing/published-data.ts'
import { tinyNet } from '../../src/testing/tiny-images.ts'

/** Of each kind, for each command. */
const moments = Number(process.env.KERF_TORTURE_MOMENTS ?? 1)
const seed = Number(process.env.KERF_TORTURE_SEED ?? 1)

let folder: string
let command: string
let server: Server

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex')
const zeros = (count: number) => new Uint8Array(count)

/** Small sets in place of the published ones: what the server has, and what takes the place of their checksums in the command. */
async function smallSets(): Promise<{ readonly files: Readonly<Record<string, Buffer>>; readonly plugin: Plugin }> {
  const random = seededRandom(3)
  const noise = (count: number) => Uint8Array.from({ length: count }, () => random.below(256))
  const [files, mnist]: [Record<string, Buffer>, object[]] = [{}, []]
  for (const [part, count] of [
    ['train', 200],
    ['t10k', 60],
  ] as const)
    for (const [name, sizes, content] of [
      [`${part}-images-idx3-ubyte`, [count, 28, 28], noise(count * 784)],
      [`${part}-labels-idx1-ubyte`, [count], zeros(count)],
    ] as const) {
      const unpacked = idxFile(sizes, content)
      const packed = gzipSync(unpacked)
      files[`${name}.gz`] = packed
      mnist.push({ name, md5: md5(packed), contentMd5: md5(unpacked), sizes })
    }
  const batch = () => Buffer.concat(Array.from({ length: 10 }, (_, label) => Buffer.from([label, ...noise(3072)])))
  const batches = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`).concat('test_batch.bin')
  const archive = await cifarArchive(Object.fromEntries(batches.map((name) => [name, batch()])))
  files['cifar.tar.gz'] = archive
  const cifar = { archive: 'cifar.tar.gz', md5: md5(archive), imagesPerBatch: 10 }
  const contents = `export const officialMnist = ${JSON.stringify({ files: mnist })}
    export const officialFashionMnist = officialMnist
    export const officialCifar = ${JSON.stringify(cifar)}`
  const plugin: Plugin = {
    name: 'small sets',
    setup: (building) => building.onLoad({ filter: /fetch.official\.ts$/ }, () => ({ contents })),
  }
  return { files, plugin }
}

/** In pieces, so that there is a time for something to happen. */
async function drip(response: ServerResponse, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length && !response.destroyed; at += 16384) {
    response.write(bytes.subarray(at, at + 16384))
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  response.end()
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-torture-'))
  // For a user who may not write into it.
  chmodSync(folder, 0o755)
  const { files, plugin } = await smallSets()
  command = await bundleCommand(folder, [plugin])
  server = createServer(serveFiles(files, drip))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  writeModelFile(tinyNet({ dropout: true, channels: 12 }), join(folder, 'start.onnx'))
  writeModelFile(tinyNet({ adder: true }), join(folder, 'adder.onnx'))
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Subject {
  readonly name: string
  /** Arguments, in a folder that may hold what an earlier call has left. */
  args(cwd: string): readonly string[]
  /** Files that it replaces, which belong together: the first without the others is none. */
  readonly replaces?: readonly string[]
}

const generated = (train: number, test: number) => [
  ...['--data', 'generated', '--set', 'data.classes=3', '--set', 'data.size=8'],
  ...['--set', `data.trainImages=${train}`, '--set', `data.testImages=${test}`],
]
const ifThere = (path: string, ...args: string[]) => (existsSync(path) ? args : [])
const training = ['-b', '8', '-t', '1', '--set', 'checkpointEveryEpochs=0.2']
const fetching = (set: string) => [
  ...['data', set, '-o', 'set'],
  ...['--mirror', `http://127.0.0.1:${(server.address() as AddressInfo).port}`],
]

const subjects: readonly Subject[] = [
  {
    name: 'kerf train',
    args: (cwd) => [
      ...['train', '--model', '../start.onnx', ...generated(128, 32), ...training, '-e', '2', '-o', 'run'],
      ...['--random-crop', '1', '--mixup', '0.2', ...ifThere(join(cwd, 'run/recipe.json'), '--resume')],
    ],
  },
  {
    name: 'kerf prune --finetune',
    args: (cwd) => [
      ...['prune', '../start.onnx', '-o', 'small.onnx', '--ratio', '0.6', '--iterations', '2', '--force'],
      ...['--finetune', ...generated(64, 32), ...training, '-e', '1'],
      ...ifThere(join(cwd, 'small-finetune/cut-1.onnx'), '--resume'),
    ],
    replaces: ['small.onnx'],
  },
  {
    name: 'kerf slim',
    args: (cwd) => [
      ...[
        'slim',
        '../start.onnx',
        '-o',
        'small.onnx',
        '--target-macs',
        '0.5',
        '--rounds',
        '2',
        '--max-drop',
        '60%',
        '-t',
        '1',
      ],
      ...[...generated(48, 12), '-e', '1', '--force', ...ifThere(join(cwd, 'small-slim/slim.json'), '--resume')],
    ],
    replaces: ['small.onnx'],
  },
  {
    name: 'kerf prune --external-data always',
    args: () => [
      'prune',
      '../start.onnx',
      '-o',
      'small.onnx',
      '--ratio',
      '0.5',
      '--external-data',
      'always',
      '--force',
    ],
    replaces: ['small.onnx', 'small.onnx.data'],
  },
  {
    name: 'kerf quantize',
    args: () => [
      ...[
        'quantize',
        '../adder.onnx',
        '-o',
        'codes.onnx',
        '--bits',
        '6',
        ...generated(64, 64),
        '--evaluate',
        '0',
        '-t',
        '1',
        '--force',
      ],
    ],
    replaces: ['codes.onnx'],
  },
  { name: 'kerf data mnist', args: () => fetching('mnist') },
  { name: 'kerf data cifar10', args: () => fetching('cifar10') },
]

const isRoot = process.getuid?.() === 0
/** Whether this user may mount a small disk. */
const mounts = ((): boolean => {
  if (process.platform !== 'linux' || !isRoot) return false
  const place = mkdtempSync(join(tmpdir(), 'kerf-mount-'))
  try {
    return mount('-t', 'tmpfs', 'none', place) && spawnSync('umount', [place]).status === 0
  } finally {
    rmdirSync(place)
  }
})()

function mount(...args: string[]): boolean {
  return spawnSync('mount', args).status === 0
}

const before = 'what was there before'

/** A folder to work in. */
function workplace(subject: Subject): string {
  const cwd = mkdtempSync(join(folder, 'at-'))
  for (const path of subject.replaces ?? []) writeFileSync(join(cwd, path), before)
  return cwd
}

/** Its folder for temporary files is within ours. */
const called = (
  subject: Subject,
  cwd: string,
  { args = [], env, ...options }: { args?: string[] } & ProcessOptions = {},
) => nodeProcess([...args, command, ...subject.args(cwd)], { cwd, env: { TMPDIR: folder, ...env }, ...options })

/** A call that is interrupted at an operation on files, or only counts them. */
const watched = (subject: Subject, cwd: string, what: object) =>
  called(subject, cwd, {
    args: ['--import', new URL('interrupt.mjs', import.meta.url).href],
    env: { KERF_INTERRUPT: JSON.stringify(what) },
  })

const filesIn = (cwd: string): string[] =>
  readdirSync(cwd, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(cwd, join(entry.parentPath ?? entry.path, entry.name)))
    .sort()

const isTemporary = (path: string) => path.split('/').some((part) => part.startsWith('.'))
/** Of TensorBoard: a file for each start. */
const isEvents = (path: string) => /^events\.out\./.test(basename(path))

/** A checkpoint behind which there is a later one: a training that was stopped has saved others. */
const isSuperseded = (path: string, i: number, paths: readonly string[]) =>
  path.endsWith('.safetensors') && paths[i + 1]?.endsWith('.safetensors') && dirname(path) === dirname(paths[i + 1]!)

/** What a folder holds, without times. */
const contentsOf = (cwd: string): Record<string, unknown> =>
  Object.fromEntries(
    filesIn(cwd)
      .filter((path, i, paths) => !isEvents(path) && !isSuperseded(path, i, paths))
      .map((path) => {
        const bytes = readFileSync(join(cwd, path))
        return [path, path.endsWith('.jsonl') ? metricsOf(bytes) : isTimed(path) ? untimed(bytes) : md5(bytes)]
      }),
  )

/** What `kerf slim` keeps of what it has measured and made. */
const isTimed = (path: string) => /-slim\/(time|round)-.*\.json$/.test(path)
/** Of a time alone that there is one. */
const untimed = (bytes: Buffer) => {
  const kept = JSON.parse(bytes.toString(), (key, value) => (key === 'timeMs' ? 0 : value))
  return Array.isArray(kept) ? kept.length : kept
}

const metricsOf = (bytes: Buffer) => decodeJsonLines(bytes.toString()).map((line) => ({ ...line, imagesPerSecond: 0 }))

/** What undisturbed calls make and take. */
interface Whole {
  readonly contents: Readonly<Record<string, unknown>>
  readonly operations: number
  readonly timeMs: number
  readonly bytes: number
}

async function undisturbed(subject: Subject): Promise<Whole> {
  const [cwd, count] = [workplace(subject), join(folder, 'count')]
  const start = Date.now()
  succeeded(await watched(subject, cwd, { count }))
  const timeMs = Date.now() - start
  const contents = contentsOf(cwd)
  expect(Object.keys(contents).filter(isTemporary)).toEqual([])
  const bytes = filesIn(cwd).reduce((sum, path) => sum + statSync(join(cwd, path)).size, 0)
  rmSync(cwd, { recursive: true })
  return { contents, timeMs, bytes, operations: Number(readFileSync(count, 'utf8')) }
}

function succeeded({ code, signal, err }: Ended): void {
  expect({ code, signal }, err).toEqual({ code: 0, signal: null })
}

/** Files under their final names are whole, though not all may be there. */
function checkWhole({ replaces = [] }: Subject, cwd: string, whole: Whole): void {
  const isNew = (path: string) =>
    existsSync(join(cwd, path)) && md5(readFileSync(join(cwd, path))) === whole.contents[path]
  if (replaces[0] && existsSync(join(cwd, replaces[0]))) expect(new Set(replaces.map(isNew)).size).toBe(1)
  for (const path of filesIn(cwd).filter((path) => !isTemporary(path) && !isEvents(path))) {
    const bytes = readFileSync(join(cwd, path))
    if (md5(bytes) === whole.contents[path]) continue
    if (replaces.includes(path)) expect(bytes.toString()).toBe(before)
    else if (path.endsWith('.onnx')) readModelFile(join(cwd, path))
    else if (path.endsWith('.json')) JSON.parse(bytes.toString())
    else if (path.endsWith('.safetensors')) readSafetensors(bytes)
    else if (path.endsWith('.svg')) expect(bytes.toString()).toMatch(/<\/svg>\n?$/)
    // A log: the next call leaves half a line out.
    else if (path.endsWith('.jsonl')) metricsOf(bytes)
    else expect.fail(`${path} is not what it has to be`)
  }
}

/** One message, which is not a fault of Kerf, and nothing left but what came of a download, from which it goes on. */
function checkFailed({ code, err }: Ended, message: RegExp, added: readonly string[]): void {
  expect(code, err).toBe(1)
  expect(err.trimEnd().split('\n').at(-1)).toMatch(message)
  expect(err).not.toMatch(/Unexpected|\n +at /)
  expect(added.filter((path) => isTemporary(path) && !path.endsWith('.part'))).toEqual([])
}

const full = /^kerf: .*\bis full/

/** Interrupts a call. @returns whether the call had not ended before */
type Interruption = (subject: Subject, cwd: string, whole: Whole, random: Random) => Promise<boolean>

const atTime =
  (signal: NodeJS.Signals, check: (ended: Ended) => void): Interruption =>
  async (subject, cwd, { timeMs }, random) => {
    const ended = await called(subject, cwd, { interrupt: { signal, delayMs: random.uniform() * timeMs } })
    if (ended.code === 0) return false
    // Before the command listens to it, a signal ends the process.
    if (ended.signal === null) check(ended)
    else expect(ended.signal).toBe(signal)
    return true
  }

const interruptions: Readonly<Record<string, Interruption>> = {
  'killed at a time': atTime('SIGKILL', ({ err }) => expect.fail(err)),
  'killed within an operation': async (subject, cwd, { operations }, random) => {
    const ended = await watched(subject, cwd, { how: 'kill', at: 1 + random.below(operations) })
    if (ended.code === 0) return false
    expect(ended.signal, ended.err).toBe('SIGKILL')
    return true
  },
  stopped: atTime('SIGTERM', ({ code, err }) => {
    expect(code, err).toBe(143)
    expect(err.trimEnd().split('\n').at(-1)).toMatch(/^kerf: .*[Ss]topped/)
  }),
  'on a full disk': async (subject, cwd, { operations }, random) => {
    const there = new Set(filesIn(cwd))
    const ended = await watched(subject, cwd, { how: 'full', at: 1 + random.below(operations) })
    if (ended.code === 0) return false
    checkFailed(
      ended,
      full,
      filesIn(cwd).filter((path) => !there.has(path)),
    )
    return true
  },
}

describe.each(subjects)('$name', (subject) => {
  let whole: Whole
  beforeAll(async () => {
    whole = await undisturbed(subject)
  })

  it(
    `comes to the same bits after having been ${Object.keys(interruptions).join(', ')}`,
    async () => {
      const random = seededRandom(seedFrom(seed, subject.name))
      const left = Object.keys(interruptions).flatMap((name) => Array<string>(moments).fill(name))
      while (left.length > 0) {
        const cwd = workplace(subject)
        const done: string[] = []
        // At most four in a row.
        while (left.length > 0 && done.length < 4) {
          const at = random.below(left.length)
          const name = left[at]!
          done.push(name)
          if (!(await interruptions[name]!(subject, cwd, whole, random))) break
          left.splice(at, 1)
          checkWhole(subject, cwd, whole)
        }
        succeeded(await called(subject, cwd))
        expect(contentsOf(cwd), `seed ${seed}: ${done.join(', then ')}`).toEqual(whole.contents)
        // In the folder for temporary files; ONNX Runtime keeps a file of its own there.
        expect(readdirSync(folder).filter((name) => name !== '.ses' && isTemporary(name))).toEqual([])
        rmSync(cwd, { recursive: true })
      }
    },
    120_000 * moments,
  )

  it.skipIf(!mounts)(
    `says that a disk is full, and goes on when there is room${mounts ? '' : ' (skipped: this user may not mount disks)'}`,
    async () => {
      const cwd = mkdtempSync(join(folder, 'disk-'))
      expect(
        mount(
          '-t',
          'tmpfs',
          '-o',
          `size=${Math.max(4096 * (subject.replaces?.length ?? 1), whole.bytes >> 1)}`,
          'none',
          cwd,
        ),
      ).toBe(true)
      try {
        for (const path of subject.replaces ?? []) writeFileSync(join(cwd, path), before)
        checkFailed(await called(subject, cwd), full, filesIn(cwd))
        checkWhole(subject, cwd, whole)
        expect(mount('-o', 'remount,size=64m', cwd)).toBe(true)
        succeeded(await called(subject, cwd))
        expect(contentsOf(cwd)).toEqual(whole.contents)
      } finally {
        spawnSync('umount', [cwd])
      }
    },
  )

  it('says that it may not write into a folder, and leaves it as it is', async () => {
    const cwd = workplace(subject)
    const there = contentsOf(cwd)
    chmodSync(cwd, 0o555)
    // Root may write everywhere; nobody may not.
    const ended = await called(subject, cwd, isRoot ? { uid: 65534 } : {})
    checkFailed(ended, /^kerf: .*permission denied/, [])
    expect(contentsOf(cwd)).toEqual(there)
  })
})

it('Ctrl-C in a training says what is saved, and how to go on', async () => {
  const [train] = subjects as [Subject]
  const cwd = workplace(train)
  // The line before the first step.
  const interrupt = { signal: 'SIGINT', delayMs: 0, when: /parameters, 1 thread/ } as const
  const { code, err } = await called(train, cwd, { interrupt })
  expect(code, err).toBe(130)
  const said =
    /^kerf: Stopped after step (\d+), saved in (run\/checkpoints\/step-0*\1\.safetensors)\. Go on with: kerf train run --resume\n$/m.exec(
      err,
    )
  expect(existsSync(join(cwd, said?.[2] ?? err))).toBe(true)
})
