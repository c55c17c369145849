// Whatever does a whole job with a model takes it in any form: the same comes out of all.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import * as kerf from '../src/api/index.node.ts'
import * as browser from '../src/api/index.ts'
import * as train from '../src/api/train.node.ts'
import * as browserTrain from '../src/api/train.ts'
import * as workflow from '../src/api/workflow.node.ts'
import * as browserWorkflow from '../src/api/workflow.ts'
import { tinyLoader, tinyNet, tinyShape } from '../src/testing/tiny-images.ts'

const models = { 'ordinary.onnx': tinyNet(), 'adder.onnx': tinyNet({ adder: true }) }
const folder = mkdtempSync(join(tmpdir(), 'kerf-forms-'))
const files = new Map(Object.entries(models).map(([name, model]) => [name, Uint8Array.from(kerf.modelBytes(model))]))
for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes)
const server = createServer(({ url }, response) => {
  const bytes = files.get((url ?? '').slice(1))
  response.statusCode = bytes ? 200 : 404
  response.setHeader('connection', 'close')
  response.end(bytes)
})
let address = ''
beforeAll(async () => {
  // In machine code sums are rounded otherwise than in a browser.
  vi.stubEnv('KERF_NATIVE', '0')
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  vi.unstubAllEnvs()
  server.close()
  rmSync(folder, { recursive: true })
})

type Source = kerf.ModelSource
const bytesOf = (name: string) => files.get(name)!

const loader = tinyLoader(16, 8, { training: false })
const images = new Float32Array(8 * 64).map((_, i) => Math.sin(i))
const training = {
  ...{ batchSize: 8, shape: tinyShape, classes: 3 },
  optimiser: { kind: 'sgd', groups: train.parameterGroups() },
} as const

/** What each job makes of a model, as something to be compared. */
const jobs: Record<string, (source: Source, of: typeof browser) => Promise<unknown>> = {
  profileModel: async (source, { profileModel }) => (await profileModel(source)).totals,
  createSession: async (source, { createSession }) => {
    await using session = await createSession(source)
    const outputs = await session.run({ [session.inputNames[0]!]: images })
    return Object.values(outputs).map(({ data }) => data)
  },
  pruneModel: async (source, { pruneModel }) => (await pruneModel(source, { scope: { ratio: 0.5 } })).after,
  rewriteModel: async (source, { rewriteModel }) => kerf.modelBytes((await rewriteModel(source, 'adder')).model),
  measureStatistics: async (source, { measureStatistics }) =>
    kerf.modelBytes(await measureStatistics(source, { shape: [8, ...tinyShape], data: images })),
  quantize: async (source, { quantize }) => {
    const batches = (async function* () {
      yield { images, count: 8 }
    })()
    return (await quantize(source, { bits: 6, images: { shape: tinyShape, batchSize: 8, batches } })).layers
  },
  evaluate: async (source, of) => (await (of === kerf ? train : browserTrain).evaluate(source, loader)).loss,
  createTrainer: async (source, of) => {
    const trainer = await (of === kerf ? train : browserTrain).createTrainer(source, training)
    for await (const batch of loader.epoch(0)) await trainer.step(batch, 0.1)
    const bytes = kerf.modelBytes(trainer.model())
    await trainer.dispose()
    return bytes
  },
  pruneAndProve: async (source, of) => {
    const { pruneAndProve } = of === kerf ? workflow : browserWorkflow
    return (await pruneAndProve(source, { prune: { scope: { ratio: 0.5 } } })).result.after
  },
  swapAndMeasure: async (source, of) => {
    const { swapAndMeasure } = of === kerf ? workflow : browserWorkflow
    return kerf.modelBytes((await swapAndMeasure(source, { rewrite: 'adder' })).model)
  },
}

describe.each(Object.entries(jobs))('%s', (job, run) => {
  const name = job === 'quantize' ? 'adder.onnx' : 'ordinary.onnx'

  it('makes the same of a model, its bytes, its address and its path', async () => {
    const expected = await run(models[name], kerf)
    expect(await run(bytesOf(name).buffer as ArrayBuffer, browser)).toEqual(expected)
    expect(await run(new URL(`/${name}`, address), browser)).toEqual(expected)
    expect(await run(`${address}/${name}`, kerf)).toEqual(expected)
    expect(await run(join(folder, name), kerf)).toEqual(expected)
  })

  it.each([
    ['an address that nobody has', () => `${address}/none.onnx`, 'not-found', /404.*Check the address/],
    ['an address where nobody answers', () => 'http://127.0.0.1:1/m.onnx', 'not-found', /Check the address/],
    ['a path where nothing lies', () => join(folder, 'none.onnx'), 'not-found', /none.onnx/],
    ['another file', () => new Response('<!doctype html>'), 'not-onnx', /HTML/],
    ['nothing', () => undefined, 'bad-options', /received undefined. Give a Uint8Array/],
    ['a promise', () => Promise.resolve(models[name]), 'bad-options', /a promise: await it first/],
    ['a list of numbers', () => [8, 7], 'bad-options', /received object. Give a Uint8Array/],
  ])('says so of %s', async (_, source, code, message) => {
    const wrong = async () => run(source() as Source, kerf)
    await expect(wrong()).rejects.toMatchObject({ name: 'KerfError', code, message: expect.stringMatching(message) })
  })
})

it('counts at once what is at hand', () => {
  for (const { profileModel } of [kerf, browser])
    expect(profileModel(bytesOf('ordinary.onnx')).totals).toEqual(profileModel(models['ordinary.onnx']).totals)
})

it('stops fetching when the signal says so', async () => {
  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/m.onnx`
  const stop = new AbortController()
  const opening = browser.createSession(url, { signal: stop.signal })
  stop.abort('enough')
  await expect(opening).rejects.toMatchObject({ code: 'aborted', details: { reason: 'enough' } })
  silent.closeAllConnections()
  silent.close()
})
