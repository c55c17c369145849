import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { encodeSafetensors, readSafetensors } from '../../formats/index.ts'
import { type Checkpoint, checkpointChunks, readCheckpoint } from './checkpoint.ts'
import { type FileOperations, nodeFiles } from './files.node.ts'
import { createRunFolder, openRunFolder } from './run-folder.node.ts'

let folder = ''
let path = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-run-'))
  path = join(folder, 'deep', 'run')
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
})

const checkpoint = (step: number): Checkpoint => ({
  state: { step, loader: { position: 3, random: [1, 2] }, best: 0.5 },
  sections: {
    weights: new Map([
      ['conv/1.weight', Float32Array.of(step, -0, Number.NaN, 1e-40)],
      ['bias', new Float32Array(0)],
    ]),
    optimiser: new Map<string, Float32Array | Float64Array>([['steps', Float64Array.of(step)]]),
    average: new Map(),
  },
})
const bytesOf = (c: Checkpoint) => new Uint8Array(Buffer.concat(checkpointChunks(c)))
const steps = () => readdirSync(join(path, 'checkpoints')).map((name) => Number(name.slice(5, 15)))

describe('a checkpoint', () => {
  it('is read as it was written, bit by bit', () => {
    const read = readCheckpoint(bytesOf(checkpoint(7)))
    expect(read).toEqual(checkpoint(7))
    expect(Object.is(read.sections.weights?.get('conv/1.weight')?.[1], -0)).toBe(true)
  })

  it('is refused when any byte of its content is another', () => {
    const whole = bytesOf(checkpoint(7))
    for (let at = 0; at < whole.length; at++) {
      const damaged = whole.slice()
      damaged[at] = damaged[at]! ^ 1
      expect(() => readCheckpoint(damaged), `byte ${at}`).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^(bad-safetensors|damaged-checkpoint)$/) }),
      )
    }
    expect(() => readCheckpoint(whole.slice(0, -1))).toThrow('the file is cut off')
    expect(() => readCheckpoint(encodeSafetensors(new Map()))).toThrow(
      'it is a safetensors file, but no checkpoint of Kerf',
    )
    const { metadata, tensors } = readSafetensors(whole)
    expect(() => readCheckpoint(encodeSafetensors(tensors, { ...metadata, crc32c: '1' }))).toThrow(
      'its checksum does not fit',
    )
  })

  it('refuses state that JSON cannot hold', () => {
    expect(() => checkpointChunks({ state: { step: 1, best: Number.NEGATIVE_INFINITY }, sections: {} })).toThrow(
      'The checkpoint\'s state has -Infinity as "best"',
    )
  })
})

describe('a run folder', () => {
  it('holds recipe, metrics, events, texts, models and the last two checkpoints', () => {
    const run = createRunFolder(path, { epochs: 2 }, { now: () => 5000 })
    expect(run.latestCheckpoint()).toBeUndefined()
    for (const step of [10, 20, 30]) {
      run.log({ step, epoch: step / 10, 'train/loss': Number.NaN })
      run.saveCheckpoint(checkpoint(step))
    }
    run.writeText('curves.svg', '<svg/>')
    run.writeModel('best', (file) => writeFileSync(file, 'model'))
    run.close()
    expect(steps()).toEqual([20, 30])
    expect(readFileSync(join(path, 'recipe.json'), 'utf8')).toBe('{\n  "epochs": 2\n}\n')
    expect(readFileSync(join(path, 'metrics.jsonl'), 'utf8').split('\n')[1]).toBe(
      '{"step":20,"epoch":2,"train/loss":"NaN"}',
    )
    const files = readdirSync(path).sort()
    expect(files).toEqual([
      'best.onnx',
      'checkpoints',
      'curves.svg',
      expect.stringMatching(/^events\.out\.tfevents\.5\..+\.\d+\.0$/),
      'metrics.jsonl',
      'recipe.json',
    ])
    expect(readFileSync(join(path, files[3]!)).toString('latin1')).toContain('train/loss')
  })

  it('is not used twice, unless forced: then only what a run writes is removed', () => {
    createRunFolder(path, {}).close()
    writeFileSync(join(path, 'notes.txt'), 'mine')
    expect(() => createRunFolder(path, {})).toThrow(
      `${path} holds a run already (checkpoints, metrics.jsonl, recipe.json). Go on with it by --resume`,
    )
    const run = createRunFolder(path, { seed: 1 }, { force: true })
    expect(run.recipe).toEqual({ seed: 1 })
    run.close()
    expect(readFileSync(join(path, 'notes.txt'), 'utf8')).toBe('mine')
    expect(() => openRunFolder(join(folder, 'none'))).toThrow('holds no run: there is no recipe.json')
    writeFileSync(join(path, 'recipe.json'), '{')
    expect(() => openRunFolder(path)).toThrow('recipe.json is not JSON')
  })

  it('goes on where it was killed: half lines, half files and later metrics are dropped', () => {
    const run = createRunFolder(path, { epochs: 2 })
    for (const step of [1, 2, 3]) run.log({ step, epoch: step, loss: 1 })
    run.saveCheckpoint(checkpoint(2))
    run.close()
    writeFileSync(join(path, 'metrics.jsonl'), '{"step":4,"ep', { flag: 'a' })
    writeFileSync(join(path, 'checkpoints', '.step-3.safetensors.writing-1234'), 'half')
    const again = openRunFolder(path)
    expect(again.metrics.map((m) => m.step)).toEqual([1, 2, 3])
    again.resumeAt(again.latestCheckpoint()!.state.step)
    again.log({ step: 3, epoch: 3, loss: 2 })
    again.close()
    const third = openRunFolder(path)
    expect(third.metrics).toEqual([
      { step: 1, epoch: 1, loss: 1 },
      { step: 2, epoch: 2, loss: 1 },
      { step: 3, epoch: 3, loss: 2 },
    ])
    expect(third.recipe).toEqual({ epochs: 2 })
    third.close()
    expect(readdirSync(join(path, 'checkpoints'))).toEqual(['step-0000000002.safetensors'])
    writeFileSync(join(path, 'metrics.jsonl'), 'nonsense\n')
    expect(() => openRunFolder(path)).toThrow('metrics.jsonl: Line 1 is not JSON')
    writeFileSync(join(path, 'metrics.jsonl'), '{"step":1,"epoch":1}\nnull\n')
    expect(() => openRunFolder(path)).toThrow('metrics.jsonl: Line 2 is no flat record')
    writeFileSync(join(path, 'metrics.jsonl'), '{"step":"one"}\n')
    expect(() => openRunFolder(path)).toThrow('metrics.jsonl: Line 1 is no line of metrics')
    writeFileSync(join(path, 'recipe.json'), `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)
    expect(() => openRunFolder(path)).toThrow('nested more than 100 levels deep')
    rmSync(join(path, 'recipe.json'))
    mkdirSync(join(path, 'recipe.json'))
    expect(() => openRunFolder(path)).toThrow('cannot be used: it is a folder')
  })

  it('falls back to the older checkpoint, and does not count damaged ones among the two it keeps', () => {
    const run = createRunFolder(path, {})
    for (const step of [1, 2]) run.saveCheckpoint(checkpoint(step))
    truncateSync(join(path, 'checkpoints', 'step-0000000002.safetensors'), 100)
    const found = run.latestCheckpoint()!
    expect(found.state.step).toBe(1)
    expect(found.skipped).toEqual([
      { path: expect.stringContaining('0000000002'), reason: expect.stringContaining('cut off') },
    ])
    run.saveCheckpoint(checkpoint(3))
    expect(steps()).toEqual([1, 3])
    for (const step of [1, 3]) truncateSync(join(path, 'checkpoints', `step-000000000${step}.safetensors`), 0)
    expect(() => run.latestCheckpoint()).toThrow('No checkpoint loads.')
    run.close()
  })

  it('saves weights that lie in memory shared between threads', () => {
    const shared = new Float32Array(new SharedArrayBuffer(64), 16, 3)
    shared.set([1, 2, 3])
    const run = createRunFolder(path, {})
    run.saveCheckpoint({ state: { step: 1 }, sections: { weights: new Map([['w', shared]]) } })
    expect([...run.latestCheckpoint()!.sections.weights!.get('w')!]).toEqual([1, 2, 3])
    run.close()
  })

  it('drops the checkpoints of an abandoned future', () => {
    const run = createRunFolder(path, {})
    for (const step of [5, 6, 2]) run.saveCheckpoint(checkpoint(step))
    expect(steps()).toEqual([2])
    run.close()
  })
})

/** A disk with so many bytes left, which are used up by halves of what is asked for: as a real one does it. */
function smallDisk(): FileOperations & { left: number } {
  const disk = {
    ...nodeFiles,
    left: Number.POSITIVE_INFINITY,
    write: (file: number, bytes: Uint8Array, offset: number, length: number) => {
      if (disk.left <= 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
      const count = nodeFiles.write(file, bytes, offset, Math.min(disk.left, Math.ceil(length / 2)))
      disk.left -= count
      return count
    },
  }
  return disk
}

describe('a full disk', () => {
  it('is a clear error; the last checkpoint and whole lines stay, and work goes on when there is room', () => {
    const files = smallDisk()
    const run = createRunFolder(path, {}, { files })
    run.log({ step: 1, epoch: 1, loss: 1 })
    run.saveCheckpoint(checkpoint(1))
    for (const left of [0, 1, 50, 400]) {
      files.left = left
      expect(() => run.saveCheckpoint(checkpoint(2))).toThrow(
        'step-0000000002.safetensors cannot be written: the disk is full. Make room, then go on with --resume.',
      )
      files.left = Math.min(left, 20)
      expect(() => run.log({ step: 2, epoch: 2, loss: 1 })).toThrow(
        'metrics.jsonl cannot be written: the disk is full.',
      )
      expect(() => run.writeText('curves.svg', 'x'.repeat(500))).toThrow('the disk is full')
      expect(readdirSync(join(path, 'checkpoints'))).toEqual(['step-0000000001.safetensors'])
      expect(readFileSync(join(path, 'metrics.jsonl'), 'utf8')).toBe('{"step":1,"epoch":1,"loss":1}\n')
      expect(existsSync(join(path, 'curves.svg'))).toBe(false)
      expect(run.latestCheckpoint()?.state.step).toBe(1)
    }
    files.left = Number.POSITIVE_INFINITY
    run.log({ step: 2, epoch: 2, loss: 0 })
    run.saveCheckpoint(checkpoint(2))
    expect(run.latestCheckpoint()?.state.step).toBe(2)
    run.close()
    const again = openRunFolder(path, { files })
    files.left = 0
    expect(() => again.resumeAt(1)).toThrow('metrics.jsonl cannot be written: the disk is full.')
    again.close()
    expect(openRunFolder(path).metrics.map((m) => m.loss)).toEqual([1, 0])
  })
})

const isRoot = process.getuid?.() === 0
it.skipIf(isRoot)(
  `a folder that cannot be written is an error with its path${isRoot ? ' (skipped: root may write everywhere)' : ''}`,
  () => {
    chmodSync(folder, 0o500)
    onTestFinished(() => chmodSync(folder, 0o700))
    expect(() => createRunFolder(path, {})).toThrow(`${path} cannot be written to: permission denied in ${folder}.`)
  },
)

it('a file where the folder should be is an error with its path', () => {
  writeFileSync(join(folder, 'deep'), '')
  expect(() => createRunFolder(path, {})).toThrow(
    `${path} cannot be a folder: ${join(folder, 'deep')} is a file. Choose another path.`,
  )
})
