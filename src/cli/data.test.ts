import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { describeShared, sharedPath } from '../testing/shared.ts'
import { kerf } from './in-process.ts'
import { progressText } from './progress-bar.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-cli-data-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('kerf data', () => {
  it.each<[number, RegExp, string[]]>([
    [2, /missing required argument 'set'/, []],
    [2, /'mnst' is invalid for argument 'set'. Allowed choices are mnist, fashion-mnist, cifar10/, ['mnst']],
    [2, /--from takes a local copy and --mirror downloads/, ['mnist', '--from', 'a', '--mirror', 'http://b']],
    [2, /The name of the folder is empty/, ['mnist', '-o', '']],
    [1, /^kerf: .*has no train-images-idx3-ubyte, nor .*\n$/, ['mnist', '--from', '.', '-o', 'FOLDER']],
    [
      1,
      /^kerf: \. has neither cifar-10-binary\.tar\.gz nor the six batches/,
      ['cifar10', '--from', '.', '-o', 'FOLDER'],
    ],
    [
      1,
      /^kerf: train-images-idx3-ubyte\.gz could not be fetched\. not-an-address\/train-images-idx3-ubyte\.gz: it is no address of http or https/,
      ['mnist', '--mirror', 'not-an-address', '-o', 'FOLDER'],
    ],
  ])(
    'ends with %d: %s',
    async (status, message, argv) => {
      const result = await kerf('data', ...argv.map((a) => (a === 'FOLDER' ? folder : a)))
      expect(result).toMatchObject({ status, out: '', err: expect.stringMatching(message) })
      expect(readdirSync(folder)).toEqual([])
    },
    20_000,
  )

  it('has help with examples', async () => {
    expect(await kerf('data', '--help')).toMatchObject({
      status: 0,
      out: expect.stringContaining('Examples:\n  kerf data mnist'),
    })
  })

  it('says how far a transfer is', () => {
    expect(progressText({ what: 'f.gz', done: 4_200_000, total: 10_000_000, unit: 'bytes', from: 200_000 }, 2)).toBe(
      'f.gz  42 %  4.20 MB of 10.0 MB  2.00 MB/s  3 s left',
    )
    expect(progressText({ what: 'f.gz', done: 5000, unit: 'bytes' }, 0)).toBe('f.gz  5.00 kB')
  })
})

describeShared('kerf data with a local copy', () => {
  it('takes MNIST, says how it was verified, and leaves it there the next time', async () => {
    const from = sharedPath('data/mnist')
    const first = await kerf('data', 'mnist', '--from', from, '-o', folder)
    expect(first).toMatchObject({ status: 0, err: '' })
    expect(first.out).toMatch(
      /train-images-idx3-ubyte\.gz {2}9\.63 MB, copied; verified: the checksum of the published content/,
    )
    const { out } = await kerf('data', 'mnist', '--from', from, '-o', folder, '--json')
    const { files } = JSON.parse(out)
    expect(files).toHaveLength(4)
    for (const file of files) expect(file).toMatchObject({ state: 'there', verified: 'content' })
    writeFileSync(join(folder, 't10k-labels-idx1-ubyte.gz'), 'mine')
    expect(await kerf('data', 'mnist', '--from', from, '-o', folder)).toMatchObject({
      status: 1,
      err: expect.stringMatching(/t10k-labels-idx1-ubyte\.gz exists and is something else/),
    })
  })
})
