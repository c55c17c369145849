import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KerfError } from '../../base/index.ts'
import { createLoader } from '../loader.ts'
import { imagesFromArrays } from '../sets/arrays.ts'
import { generatedImages } from '../sets/generated.ts'
import { splitSet, subset } from '../sets/subset.ts'
import type { Batch, ImageSet, Loader, LoaderOptions } from '../types.ts'
import { createWorkerLoader, type WorkerLoader, type WorkerLoaderOptions } from './worker-loader.node.ts'

let folder: string
let script: URL
const open: WorkerLoader[] = []
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-loader-'))
  const outfile = join(folder, 'loader-worker.mjs')
  await build({
    entryPoints: [fileURLToPath(new URL('./loader-worker.node.ts', import.meta.url))],
    ...{ bundle: true, platform: 'node', format: 'esm', outfile },
  })
  script = pathToFileURL(outfile)
})
afterAll(async () => {
  for (const loader of open) await loader.dispose()
  rmSync(folder, { recursive: true, force: true })
})

const options: LoaderOptions = {
  batchSize: 8,
  training: true,
  seed: 5,
  transforms: [
    { kind: 'crop', padding: 2 },
    { kind: 'flip', probability: 0.5 },
    { kind: 'normalise', mean: [0.2], deviation: [0.5] },
    { kind: 'mixup', alpha: 0.4 },
  ],
}

function started(set: ImageSet, more: Partial<WorkerLoaderOptions> = {}): WorkerLoader {
  const loader = createWorkerLoader(set, { ...options, script, ...more })
  if (!loader) throw new Error('no thread')
  open.push(loader)
  return loader
}

async function collect(loader: Loader, epoch = 0, firstBatch?: number): Promise<Batch[]> {
  const batches: Batch[] = []
  for await (const { images, targets, labels, count } of loader.epoch(epoch, firstBatch))
    batches.push({ images: images.slice(), targets: targets.slice(), labels: labels.slice(), count })
  return batches
}

/** Blocks this thread until so many batches are prepared. */
function sleepUntil({ prepared }: WorkerLoader, count: number): void {
  for (let seen = 0; seen < count; seen = Atomics.load(prepared, 0))
    if (Atomics.wait(prepared, 0, seen, 60_000) === 'timed-out') throw new Error(`${seen} batches after a minute`)
}

const { train } = generatedImages({ trainImages: 68, testImages: 1 })

describe('batches that another thread prepares', () => {
  it('are the same bits, of any epoch, from any batch on, two epochs at a time', async () => {
    const [here, there] = [createLoader(train, options), started(train)]
    expect(there).toMatchObject({ classes: 10, shape: [1, 16, 16], batchSize: 8, batches: 8 })
    const whole = await collect(here, 3)
    expect(await collect(there, 3)).toEqual(whole)
    expect(await collect(there, 3, 6)).toEqual(whole.slice(6))
    expect(await collect(there, 3, 8)).toEqual([])
    const [one, two] = await Promise.all([collect(there, 3), collect(there, 4)])
    expect(one).toEqual(whole)
    expect(two).toEqual(await collect(here, 4))
    // Reading from shared memory changes nothing here.
    expect(await collect(createLoader(train, options), 3)).toEqual(whole)
  })

  it('of parts of a set, and of an evaluation', async () => {
    const { rest: part, part: test } = splitSet(generatedImages({ trainImages: 50, testImages: 1 }).train, 0.3, 2)
    for (const [set, training] of [
      [part, true],
      [test, false],
      [subset(part, [9, 3, 3, 20, 1, 0, 7, 8, 30]), false],
    ] as const)
      expect(await collect(started(set, { training }))).toEqual(
        await collect(createLoader(set, { ...options, training })),
      )
  })

  it('are ready although this thread has not been idle: as many as asked for, and no more', async () => {
    const loader = started(train, { ahead: 3 })
    const whole = await collect(createLoader(train, options))
    const batches = loader.epoch(0)[Symbol.asyncIterator]()
    const first = await batches.next()
    expect(first.value.images.slice()).toEqual(whole[0]?.images)
    // From here this thread sleeps, as it does in kernels: no message can be brought to it.
    sleepUntil(loader, 4)
    const timer = { fired: false }
    setTimeout(() => {
      timer.fired = true
    })
    const rest: Float32Array[] = []
    for (let i = 1; i <= 3; i++) {
      const { value } = await batches.next()
      rest.push(value.images.slice())
      sleepUntil(loader, 4 + i)
    }
    // Only what was sent meanwhile has been received: the event loop has not had a turn.
    expect(timer.fired).toBe(false)
    expect(rest).toEqual(whole.slice(1, 4).map((b) => b.images))
    // Three more are ready, and one is used; the thread waits for its arrays.
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(Atomics.load(loader.prepared, 0)).toBe(7)
    await batches.return?.()
  })

  it('stop when the loop is left, and begin anew', async () => {
    const loader = started(train)
    for await (const _ of loader.epoch(0)) break
    expect(await collect(loader, 1)).toEqual(await collect(createLoader(train, options), 1))
  })
})

describe('where there is no other thread', () => {
  it('the loader says so: images that are no bytes, and programs without the script', () => {
    const floats = imagesFromArrays({
      images: new Float32Array(16 * 4),
      labels: Array.from({ length: 16 }, (_, i) => i % 2),
      ...{ channels: 1, height: 2, width: 2 },
    })
    expect(createWorkerLoader(floats, { batchSize: 8, training: true, script })).toBeUndefined()
    expect(createWorkerLoader(train, { ...options, script: new URL('file:///nowhere.mjs') })).toBeUndefined()
    // More than there is memory for while it is moved.
    expect(createWorkerLoader({ ...train, bytes: 1e18 }, { ...options, script })).toBeUndefined()
  })

  it('what is asked for wrongly is refused here', () => {
    expect(() => started(train, { batchSize: 0 })).toThrow('batchSize is 0; give a whole number of at least 1.')
    expect(() => started(train, { ahead: 0 })).toThrow('ahead is 0; give a whole number of at least 1.')
    expect(() => started(train).epoch(0, 9)).toThrow('firstBatch is 9; an epoch has the batches 0 to 7.')
  })

  it('a thread that ends is an error of whoever waits, and of whoever comes later', async () => {
    const broken = join(folder, 'broken.mjs')
    writeFileSync(broken, "throw new Error('no such thing')")
    const loader = started(train, { script: pathToFileURL(broken) })
    for (let i = 0; i < 2; i++) {
      const error = await collect(loader).catch((e: unknown) => e as KerfError)
      expect(error).toBeInstanceOf(KerfError)
      expect(error).toMatchObject({ code: 'worker-ended', message: expect.stringContaining('ended: no such thing.') })
    }
    const released = started(train)
    await released.dispose()
    await expect(collect(released)).rejects.toThrow('The thread that prepares batches ended: it was released.')
  })

  it('errors of preparing come with their code', async () => {
    const failing = join(folder, 'failing.mjs')
    const answers = `import { parentPort } from 'node:worker_threads'
      parentPort.on('message', ({ port, epoch }) => port.postMessage(
        epoch === 0 ? { kind: 'error', message: 'one is bad', code: 'bad-image', details: { name: 'x' } } : { kind: 'error', message: 'odd' }))`
    writeFileSync(failing, answers)
    const loader = started(train, { script: pathToFileURL(failing) })
    const error = await collect(loader, 0).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(KerfError)
    expect(error).toMatchObject({ code: 'bad-image', message: 'one is bad', details: { name: 'x' } })
    await expect(collect(loader, 1)).rejects.toThrow('odd')
  })
})
