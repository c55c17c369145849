import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getActiveResourcesInfo } from 'node:process'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KerfError, NodeError, type Progress, seededRandom } from '../../base/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../../graph/index.ts'
import { nets } from '../../nets/index.ts'
import { modelBytes, readModel } from '../../onnx/index.ts'
import { abortedByTimer } from '../../testing/aborting.ts'
import { nodeWorkerFile } from '../../testing/session-worker.ts'
import { createSession, hostTensor, type Session, type SessionOptions, UnsupportedError } from '../index.node.ts'

let script: Awaited<ReturnType<typeof nodeWorkerFile>>
const open: Session[] = []
beforeAll(async () => {
  script = await nodeWorkerFile()
})
afterAll(async () => {
  await Promise.all(open.map((session) => session.dispose()))
  script.remove()
})

async function inWorker(model: Model, options: SessionOptions = {}): Promise<Session> {
  const session = await createSession(model, { worker: true, workerUrl: script.url, ...options })
  open.push(session)
  return session
}

const random = seededRandom(30)
const floats = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal())

/** Two convolutions, batch left open. */
function network(weights = floats(1152)): Model {
  const b = new GraphBuilder('net', 17)
  const weight = (name: string, at: number) =>
    b.constant(name, tensorOf('float32', [8, 8, 3, 3], weights.subarray(at, at + 576)))
  const pads = { pads: [1, 1, 1, 1] }
  const first = b.node('Conv', [b.input('x', 'float32', ['N', 8, 6, 6]), weight('w0', 0)], pads, { name: 'first' })
  b.output(b.node('Conv', [b.node('Relu', [first]), weight('w1', 576)], pads, { name: 'last', outputs: ['y'] }))
  return b.model()
}

const inputOf = (batch: number) => hostTensor('float32', [batch, 8, 6, 6], floats(288 * batch))

async function refusal(work: Promise<unknown>): Promise<KerfError> {
  const caught = await work.catch((error: unknown) => error)
  expect(caught).toBeInstanceOf(KerfError)
  return caught as KerfError
}

describe('a session in a worker', () => {
  it.each([1, 2])(
    'gives the bits of one that is here, on %i threads, for every size of its inputs',
    async (threads) => {
      const model = readModel(modelBytes(network()))
      const [here, there] = [await createSession(model, { threads }), await inWorker(model, { threads })]
      const { inputNames, outputNames, backend } = here
      expect(there).toMatchObject({ inputNames, outputNames, backend, threads, memory: undefined })
      for (const batch of [1, 3, 1]) {
        const x = inputOf(batch)
        expect(await there.run({ x })).toEqual(await here.run({ x }))
      }
      expect(there.memory).toEqual(here.memory)
      expect(there.memory?.total).toBeGreaterThan(0)
      await here.dispose()
    },
  )

  it('leaves the feeds with the caller, and writes where it is told', async () => {
    const session = await inWorker(network())
    const x = inputOf(1)
    const kept = x.data.slice()
    const { y } = await session.run({ x: x.data })
    expect(x.data).toEqual(kept)
    const mine = hostTensor('float32', [1, 8, 6, 6], new Float32Array(288))
    const again = await session.run({ x }, { into: { y: mine } })
    expect(again.y).toBe(mine)
    expect(mine).toEqual(y)
    // Views of larger memory, as of Node's Buffer, are copied, not taken away.
    const whole = new Float32Array(600).fill(7)
    whole.set(kept, 100)
    expect((await session.run({ x: whole.subarray(100, 388) })).y).toEqual(y)
    expect(whole[0]).toBe(7)
  })

  it('bytes of a Buffer stay with the caller, too', async () => {
    const b = new GraphBuilder('bytes', 17)
    b.output(b.node('Cast', [b.input('x', 'uint8', [4])], { to: 1 }, { outputs: ['y'] }))
    const session = await inWorker(b.model())
    const x = Buffer.from([1, 2, 3, 4])
    for (let i = 0; i < 2; i++) expect((await session.run({ x })).y?.data).toEqual(Float32Array.of(1, 2, 3, 4))
    expect([...x]).toEqual([1, 2, 3, 4])
  })

  it('answers runs that are asked for at the same time, each with its own', async () => {
    const model = network()
    const [here, there] = [await createSession(model), await inWorker(model)]
    const inputs = [1, 2, 1, 3].map(inputOf)
    const results = await Promise.all(inputs.map((x) => there.run({ x })))
    for (const [i, x] of inputs.entries()) expect(results[i]).toEqual(await here.run({ x }))
    await here.dispose()
  })

  it('takes other weights from the next run on', async () => {
    const other = network()
    const [here, there] = [await createSession(other), await inWorker(network())]
    const x = inputOf(1)
    const before = await there.run({ x })
    there.setWeights(other)
    const after = await there.run({ x })
    expect(after).not.toEqual(before)
    expect(after).toEqual(await here.run({ x }))
    expect(() => there.setWeights(nets.lenet5_bn({ batch: 1 }))).toThrow('it is not the same network')
    await here.dispose()
  })

  it('profiles', async () => {
    const session = await inWorker(network())
    const told: Progress[] = []
    const { tasks, runs } = await session.profile({ x: inputOf(1) }, 0.05, { progress: (p) => told.push(p) })
    expect(runs).toBeGreaterThanOrEqual(3)
    expect(tasks.flatMap((t) => t.nodes)).toEqual(expect.arrayContaining(['first', 'last']))
    expect(told.at(-1)).toMatchObject({ what: 'timing the layers', unit: 'ms' })
  })

  it('lets this thread work meanwhile', async () => {
    const session = await inWorker(nets.resnet20({ batch: 64 }))
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    await session.run({ input: new Float32Array(64 * 3 * 32 * 32) })
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(3)
  })
})

describe('tasks of a session in a worker', () => {
  it('tell how far they are, and notices arrive', async () => {
    const told: Progress[] = []
    const notices: string[] = []
    const onNotice = (text: string) => notices.push(text)
    const session = await inWorker(network(), { threads: 300, onNotice, progress: (p) => told.push(p) })
    expect(told.map((p) => p.what)).toContain('handing over the weights')
    expect(notices).toContain('300 threads were asked for, 256 are used: a network takes no more.')
    await session.dispose()
  })

  it('end when the signal says so, with its reason; then it runs again', async () => {
    const session = await inWorker(nets.resnet20({ batch: 64 }))
    const feeds = { input: new Float32Array(64 * 3 * 32 * 32) }
    const before = await session.run(feeds)
    await abortedByTimer(20, (task) => session.profile(feeds, 60, task))
    const reason = { why: () => 'a reason that cannot be sent' }
    const error = await refusal(session.run(feeds, { signal: AbortSignal.abort(reason) }))
    expect([error.code, error.message]).toEqual(['aborted', 'The run was stopped.'])
    expect(error.details.reason).toBe(reason)
    expect(await session.run(feeds)).toEqual(before)
    const making = inWorker(network(), { signal: AbortSignal.abort('no') })
    expect(await refusal(making)).toMatchObject({ code: 'aborted', details: { reason: 'no' } })
  })
})

describe('what goes wrong in a worker', () => {
  it('are the errors that they would be here', async () => {
    const unknown = new GraphBuilder('unknown', 17)
    unknown.output(unknown.node('Nonsense', [unknown.input('x', 'float32', [2])], {}, { outputs: ['y'] }))
    const wrong = new GraphBuilder('wrong', 17)
    const w = wrong.constant('w', tensorOf('float32', [4, 3, 1, 1], floats(12)))
    wrong.output(wrong.node('Conv', [wrong.input('x', 'float32', [1, 8, 6, 6]), w], {}, { name: 'c', outputs: ['y'] }))
    for (const [model, type] of [
      [unknown.model(), UnsupportedError],
      [wrong.model(), NodeError],
    ] as const) {
      const here = await refusal(createSession(model))
      const there = await refusal(inWorker(model))
      expect(here).toBeInstanceOf(type)
      expect(there).toBeInstanceOf(type)
      expect(there).toEqual(here)
      expect([there.code, there.message, there.details]).toEqual([here.code, here.message, here.details])
    }
    const session = await inWorker(network())
    expect(await refusal(session.run({}))).toMatchObject({ code: 'missing-input' })
    expect(await refusal(session.run({ x: inputOf(1) }, { into: { z: inputOf(1) } }))).toMatchObject({
      code: 'unknown-output',
    })
    expect(await refusal(inWorker(network(), { threads: 0 }))).toMatchObject({
      message: 'threads must be a whole number of at least 1, received 0.',
    })
    // Sizes that the plan refuses, not the feeds.
    const into = { y: hostTensor('float32', [1, 8, 6, 5], new Float32Array(240)) }
    expect(await refusal(session.run({ x: inputOf(1) }, { into }))).toMatchObject({ code: 'wrong-shape' })
  })

  it('code of the caller is refused: it cannot be handed over', async () => {
    const spawn = () => expect.unreachable()
    const error = await refusal(inWorker(network(), { spawn }))
    expect([error.code, error.message]).toEqual([
      'bad-options',
      'A backend, operators or spawn of your own are code, which a worker cannot be given. Leave it out, or leave out the option worker.',
    ])
  })

  it('a script that is not there, and one that fails', async () => {
    const nowhere = new URL('nowhere.mjs', script.url)
    const missing = await refusal(inWorker(network(), { workerUrl: nowhere }))
    expect(missing.code).toBe('workers-blocked')
    expect(missing.message).toMatch(/there is no file .*nowhere\.mjs.*workerUrl/)
    const folder = mkdtempSync(join(tmpdir(), 'kerf-broken-'))
    const broken = join(folder, 'broken.mjs')
    writeFileSync(broken, "throw new Error('no such thing')")
    const error = await refusal(inWorker(network(), { workerUrl: pathToFileURL(broken) }))
    rmSync(folder, { recursive: true })
    expect([error.code, error.message]).toEqual([
      'worker-ended',
      'A worker thread ended while it was needed: no such thing. Make a new session.',
    ])
  })

  it('a session that is disposed of answers what was asked for, ends its worker, and says so', async () => {
    const workers = () => getActiveResourcesInfo().filter((name) => name === 'MessagePort').length
    const before = workers()
    const session = await inWorker(network(), { threads: 2 })
    expect(workers()).toBe(before)
    const x = inputOf(1)
    const first = await session.run({ x })
    const last = session.run({ x })
    const done = session.dispose()
    expect(await refusal(session.run({ x }))).toMatchObject({ code: 'disposed' })
    await done
    expect(await last).toEqual(first)
    await session.dispose()
    expect(workers()).toBe(before)
  })
})
