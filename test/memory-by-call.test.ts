// A limit of memory that a call has of its own (`maxMemory`): refused before it is taken, beside calls that have another or none.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { memoryLimit } from '../src/base/index.ts'
import { GraphBuilder, type Model } from '../src/graph/index.ts'
import { nets } from '../src/nets/index.ts'
import { modelBytes, readModel } from '../src/onnx/index.node.ts'
import { pruneModel, recover } from '../src/prune/index.node.ts'
import { rewriteModel } from '../src/rewrite/index.node.ts'
import { createSession, hostTensor, type Session } from '../src/runtime/index.node.ts'
import { nodeWorkerFile } from '../src/testing/session-worker.ts'
import { tinyLoader, tinyNet, tinyShape } from '../src/testing/tiny-images.ts'
import { createTrainer, evaluate } from '../src/train/index.node.ts'
import { parameterGroups } from '../src/train/index.ts'

const refused = expect.objectContaining({
  code: 'out-of-memory',
  message: expect.stringMatching(/; the limit is .*, or raise the limit: the option maxMemory\.$/),
})
const small = { maxMemory: 1000 }
const lenet = nets.lenet5_bn()

let workerFile: Awaited<ReturnType<typeof nodeWorkerFile>>
beforeAll(async () => {
  workerFile = await nodeWorkerFile()
})
afterAll(() => workerFile.remove())

/** The numbers from 0 to n, which it is fed. */
function counting(): Model {
  const b = new GraphBuilder('counting')
  const [start, step] = [0, 1].map((v) => b.node('Squeeze', [b.ints(`c${v}`, [v])]))
  b.output(b.node('Range', [start!, b.input('n', 'int64', []), step!], {}, { outputs: ['y'] }))
  return b.model()
}

const count = async (session: Session, n: number) =>
  (await session.run({ n: hostTensor('int64', [], [n]) })).y!.data.length

it('is of one call alone, whatever runs beside it', async () => {
  const before = memoryLimit()
  const scope = { ratio: 0.5 }
  const calls = [small, {}, { maxMemory: 2 ** 30 }, small, {}].map((own) => pruneModel(lenet, { scope, ...own }))
  const outcomes = await Promise.allSettled(calls)
  expect(outcomes.map((o) => (o.status === 'fulfilled' ? 'done' : o.reason))).toEqual([
    ...[refused, 'done', 'done', refused, 'done'],
  ])
  expect(memoryLimit()).toBe(before)
})

it.each([false, true])('is that of the runs of a session, too (in a worker: %s)', async (worker) => {
  const options = { worker, workerUrl: workerFile.url, onNotice() {} }
  await using all = await createSession(counting(), options)
  await using own = await createSession(counting(), { ...options, maxMemory: 100_000 })
  const outcomes = await Promise.allSettled([count(own, 1e6), count(all, 1e6), count(own, 1000)])
  expect(outcomes.map((o) => (o.status === 'fulfilled' ? o.value : o.reason))).toEqual([refused, 1e6, 1000])
})

it('is asked by everything that takes it', async () => {
  const blob = new Blob([modelBytes(lenet) as Uint8Array<ArrayBuffer>])
  const images = { shape: [1, 8, 8], batchSize: 8, batches: tinyLoader(16, 8).epoch(0) }
  const optimiser = { kind: 'sgd', groups: parameterGroups() } as const
  const cut = await pruneModel(tinyNet(), { scope: { ratio: 0.5 } })
  const calls = [
    async () => readModel(blob, small),
    () => createSession(lenet, { inputShapes: new Map([['input', [1, 1, 28, 28]]]), ...small }),
    () => createTrainer(tinyNet(), { batchSize: 8, shape: tinyShape, classes: 3, optimiser, ...small }),
    () => evaluate(tinyNet(), tinyLoader(16, 8), small),
    () => recover(cut, { images, ...small }),
    () => rewriteModel(lenet, 'low-rank', small),
  ]
  for (const call of calls) await expect(call()).rejects.toEqual(refused)
})

it('must be a number of bytes', async () => {
  for (const maxMemory of [0, -1, Number.NaN])
    await expect(createSession(lenet, { maxMemory })).rejects.toMatchObject({ code: 'bad-options' })
})
