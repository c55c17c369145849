import { execFileSync } from 'node:child_process'
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ElementType, seededRandom } from '../base/index.ts'
import { GraphBuilder, tensorOf } from '../graph/index.ts'
import { writeModelFile } from '../onnx/index.node.ts'
import { compareOutputs } from '../workflow/index.ts'
import { kerf, stoppedKerf } from './in-process.ts'
import { agreementText } from './prune/agreement-text.ts'

/* Found by trying to break the commands from outside: each case once lost a file, told a falsehood or blamed Kerf. */

let folder: string
const at = (name: string) => join(folder, name)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-refusals-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

interface ModelOptions {
  readonly change?: (weights: Float32Array) => void
  readonly inputType?: ElementType
  readonly external?: boolean
}

/** x [1, 3, 8, 8] → Conv a (8) → Relu → Conv b (4). */
function writeModel(name: string, { change, inputType = 'float32', external }: ModelOptions = {}): string {
  const random = seededRandom(1)
  const weights = (count: number) => Float32Array.from({ length: count }, () => random.normal())
  const b = new GraphBuilder('small')
  let x = b.input('x', inputType, [1, 3, 8, 8])
  if (inputType !== 'float32') x = b.node('Cast', [x], { to: 1 })
  const first = weights(8 * 27)
  change?.(first)
  const a = b.node('Conv', [x, b.constant('wa', tensorOf('float32', [8, 3, 3, 3], first))], {}, { name: 'a' })
  const w = b.constant('wb', tensorOf('float32', [4, 8, 3, 3], weights(4 * 72)))
  b.output(b.node('Conv', [b.node('Relu', [a]), w], {}, { name: 'b' }))
  writeModelFile(b.model(), at(name), { externalData: external ? 'always' : 'auto' })
  return at(name)
}

async function fails(status: 1 | 2, message: RegExp, ...argv: string[]): Promise<void> {
  const result = await kerf(...argv)
  expect(result).toMatchObject({ status, out: '', err: expect.stringMatching(message) })
  expect(result.err).not.toContain('fault of Kerf')
  if (status === 1) expect(result.err.trimEnd()).not.toContain('\n')
}

describe('an output that would destroy something', () => {
  it('is no report in place of the weights that a model keeps in a file of their own', async () => {
    const model = writeModel('m.onnx', { external: true })
    const weights = readFileSync(at('m.onnx.data'))
    const other = writeModel('other.onnx')
    for (const command of [
      ['profile', model],
      ['compare', other, model],
    ])
      await fails(1, /m\.onnx\.data is the input/, ...command, '-o', at('m.onnx.data'), '--format', 'csv', '--force')
    expect(readFileSync(at('m.onnx.data'))).toEqual(weights)
  })

  it('is no report in place of a hard link to the model', async () => {
    const model = writeModel('m.onnx')
    linkSync(model, at('same.onnx'))
    await fails(1, /is the input, or belongs to it/, 'profile', model, '-o', at('same.onnx'), '--force')
    expect(statSync(at('same.onnx')).ino).toBe(statSync(model).ino)
  })

  it.skipIf(process.platform === 'win32')('is no model in place of a device or a pipe', async () => {
    execFileSync('mkfifo', [at('pipe')])
    await fails(1, /device or a pipe/, 'prune', writeModel('m.onnx'), '-r', '.5', '-o', at('pipe'), '--force')
    expect(statSync(at('pipe')).isFIFO()).toBe(true)
  })
})

describe('an output that cannot be written', () => {
  it.each(['profile', 'prune'])('%s names it as the user did, and the reason', async (command) => {
    const args = [command, writeModel('m.onnx'), ...(command === 'prune' ? ['-r', '.5'] : [])]
    await fails(2, /name of the output file is empty/, ...args, '-o', '')
    await fails(1, /m\.onnx is a file, not a folder/, ...args, '-o', at('m.onnx/x'))
    await fails(1, /x{300}.* too long/, ...args, '-o', at('x'.repeat(300)))
    const longest = at('x'.repeat(250))
    expect((await kerf(...args, '-o', longest)).status).toBe(0)
    expect(existsSync(longest)).toBe(true)
  })

  it.skipIf(!existsSync('/dev/full'))('a full disk', async () => {
    await fails(1, /\/dev\/full: the disk is full/, 'profile', writeModel('m.onnx'), '-o', '/dev/full')
  })
})

describe('kerf prune', () => {
  it('does not accept an empty pattern, a seed that is no exact number, a limit that limits nothing', async () => {
    const args = ['prune', writeModel('m.onnx'), '-r', '.5', '--dry-run']
    await fails(2, /Give the name of a layer or a pattern/, ...args, '--keep', '')
    await fails(2, /Give a whole number/, ...args, '--seed', '99999999999999999999')
    await fails(
      2,
      /--max-ratio limits what --global, --allocate cost or --allocate outputs takes/,
      ...args,
      '--max-ratio',
      '.3',
    )
  })

  it('does not rank by weights that are no numbers', async () => {
    const args = ['-r', '.5', '--dry-run']
    for (const [i, value] of [Number.NaN, Number.POSITIVE_INFINITY].entries()) {
      const model = writeModel(`${i}.onnx`, {
        change: (w) => {
          w[40] = value
        },
      })
      await fails(1, /"wa" of a holds NaN or infinite values.*--criterion random/, 'prune', model, ...args)
      expect((await kerf('prune', model, ...args, '-c', 'random')).status).toBe(0)
    }
  })

  it('says what to do when the network cannot be run for the check, and writes nothing', async () => {
    const model = writeModel('m.onnx')
    const args = ['-r', '.5', '-o', at('out.onnx')]
    await fails(1, /too many to run.*--input.*--no-check/, 'prune', model, ...args, '-i', '1,3,100000,100000')
    expect(existsSync(at('out.onnx'))).toBe(false)
    // Of another size than the file fixes.
    expect((await kerf('prune', model, ...args, '-i', '1,3,9,9')).status).toBe(0)
  })

  it('does not call a network proven whose outputs are all NaN', async () => {
    const model = writeModel('nan.onnx', { change: (w) => w.fill(Number.NaN) })
    const { status, out } = await kerf('prune', model, '-r', '.5', '-c', 'random', '-o', at('out.onnx'))
    expect(status).toBe(0)
    expect(out).toMatch(/not checked: on random input no output of the network holds a finite number/)
    expect(out).not.toContain('Masked = cut')
  })

  it('checks networks of half precision, by the numbers and not by their bits', async () => {
    const b = new GraphBuilder('half')
    const random = seededRandom(2)
    const weight = (name: string, shape: readonly number[]) =>
      b.constant(
        name,
        tensorOf(
          'float16',
          shape,
          Array.from({ length: shape.reduce((p, d) => p * d, 1) }, () => random.normal()),
        ),
      )
    const a = b.node('Conv', [b.input('x', 'float16', [1, 3, 8, 8]), weight('wa', [8, 3, 3, 3])], {}, { name: 'a' })
    b.output(b.node('Conv', [b.node('Relu', [a]), weight('wb', [4, 8, 3, 3])], {}, { name: 'b' }))
    writeModelFile(b.model(), at('half.onnx'))
    const { status, out } = await kerf('prune', at('half.onnx'), '-r', '.5', '-o', at('out.onnx'), '--json')
    expect(status).toBe(0)
    const { check } = JSON.parse(out)
    expect(check.maxRelDiff).toBeLessThan(1e-2)
    // As bits, equal numbers of ±0 alone would differ by 32768.
    expect(check.maxAbsDiff).toBeLessThan(1)
    const full = await kerf('prune', at('half.onnx'), '-r', '.5', '-o', at('out2.onnx'))
    expect(full.out).toContain('(allowed: 0.01)')
  })

  it('says how large a difference is in short numbers', () => {
    const text = (maxAbsDiff: number, maxRelDiff: number) => agreementText({ maxAbsDiff, maxRelDiff })
    expect(text(0, 0)).toBe('largest difference 0, 0 of the largest output')
    expect(text(1.234, 8.87e-8)).toBe('largest difference 1.23, 8.87e-8 of the largest output')
  })

  it('compares what is finite, and takes infinity for equal to itself', () => {
    const outputs = (...values: number[]) =>
      new Map([['y', { shape: [values.length], values: new Float64Array(values) }]])
    const compare = (a: number[], b: number[]) => compareOutputs(outputs(...a), outputs(...b), new Map())
    expect(compare([1, Infinity], [1, Infinity])).toEqual({ maxAbsDiff: 0, maxRelDiff: 0 })
    expect(compare([2, Infinity], [1, Infinity])).toEqual({ maxAbsDiff: 1, maxRelDiff: 0.5 })
    expect(compare([NaN, 1], [NaN, 1])).toEqual({ maxAbsDiff: 0, maxRelDiff: 0 })
    expect(compare([NaN], [1])?.maxAbsDiff).toBe(Infinity)
    expect(compare([NaN, Infinity], [NaN, Infinity])).toBeUndefined()
    expect(compare([], [])).toBeUndefined()
  })
})

describe('kerf demo', () => {
  it('leaves no result behind when the network cannot be run, or it is stopped', async () => {
    const model = writeModel('m.onnx')
    mkdirSync(at('here'))
    const before = process.cwd()
    process.chdir(at('here'))
    try {
      expect(await kerf('demo', model, '-i', '1,3,9,9')).toMatchObject({
        status: 1,
        err: expect.stringContaining('kerf: Input "x" is [1,3,8,8], received [1,3,9,9].'),
      })
      expect(readdirSync(at('here/out'))).toEqual([])
      expect(await stoppedKerf('demo', model)).toMatchObject({
        status: 130,
        err: expect.stringContaining('kerf: The demo was stopped.'),
      })
      expect(readdirSync(at('here/out'))).toEqual([])
      rmSync(at('here/out'), { recursive: true })
      writeFileSync(at('here/out'), 'mine')
      expect(await kerf('demo', model)).toMatchObject({
        status: 1,
        err: expect.stringMatching(/kerf: out is a file, not a folder/),
      })
    } finally {
      process.chdir(before)
    }
  })
})
