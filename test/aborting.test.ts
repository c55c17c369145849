// Long work that is aborted in the middle: it ends, leaves nothing running, and what it was done with can be used again or is gone.

import { describe, expect, it, vi } from 'vitest'
import { seededRandom } from '../src/base/index.ts'
import { createLoader, generatedImages } from '../src/data/index.ts'
import type { Model } from '../src/graph/index.ts'
import { adderConvolution, nets } from '../src/nets/index.ts'
import { pruneModel } from '../src/prune/index.ts'
import { type CalibrationBatch, quantize } from '../src/quantize/index.ts'
import { measureStatistics } from '../src/rewrite/index.ts'
import { createProgram, createSession, spawnNodeWorker } from '../src/runtime/index.node.ts'
import { floatsOf, hostTensor, type Runtime, type SpawnWorker, timeInTurns } from '../src/runtime/index.ts'
import { abortedAfter, abortedByTimer } from '../src/testing/aborting.ts'
import { createSchedule, createTrainer, evaluate, parameterGroups, train } from '../src/train/index.node.ts'

const size = 64
const random = seededRandom(1)
const pixels = Float32Array.from({ length: 3 * size * size }, random.normal)
const network = (): Model => nets.resnet20({ inputSize: size, batch: 1 })
const feeds = { input: hostTensor('float32', [1, 3, size, size], pixels) }

/** Workers that were started and have not been ended. */
function counted(): { readonly spawn: SpawnWorker; readonly alive: () => number } {
  let alive = 0
  const spawn: SpawnWorker = (source) => {
    const worker = spawnNodeWorker(source)
    alive++
    return {
      ...worker,
      terminate: () => {
        alive--
        return worker.terminate()
      },
    }
  }
  return { spawn, alive: () => alive }
}

describe('a session', () => {
  it('that is being made, and none is left', async () => {
    const { spawn, alive } = counted()
    const told = await abortedAfter(5, (task) => createSession(network(), { threads: 2, spawn, ...task }))
    expect(told.map(({ done }) => done)).toEqual([0, 1, 2, 3, 4])
    // The last thing that is told comes before threads start; a signal that comes while they do ends them.
    const controller = new AbortController()
    const starting: SpawnWorker = (source) => {
      controller.abort()
      return spawn(source)
    }
    const making = createSession(network(), { threads: 2, spawn: starting, signal: controller.signal })
    await expect(making).rejects.toMatchObject({
      code: 'aborted',
      message: 'Making the network ready to run was stopped.',
    })
    expect(alive()).toBe(0)
  })

  for (const [backend, threads] of [
    ['wasm', 1],
    ['wasm', 2],
    ['reference', 1],
  ] as const)
    it(`that runs, and runs again: ${backend}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`, async () => {
      const model = backend === 'reference' ? nets.lenet5_bn({ batch: 1 }) : network()
      const own =
        backend === 'reference' ? { input: hostTensor('float32', [1, 1, 28, 28], pixels.slice(0, 784)) } : feeds
      const session = await createSession(model, { backend, threads })
      const expected = await session.run(own)
      const [{ total } = {}] = await abortedAfter(4, (task) => session.run(own, task))
      expect(total).toBeGreaterThan(8)
      await abortedAfter(1, (task) => session.run(own, task))
      // With turns the result is the same bits.
      expect(await session.run(own, { progress: () => {} })).toEqual(expected)
      expect(await session.run(own)).toEqual(expected)
      session.dispose()
    })

  it('that runs, by a timer', async () => {
    const session = await createSession(nets.resnet20({ inputSize: size, batch: 64 }))
    const images = { input: hostTensor('float32', [64, 3, size, size], new Float32Array(64 * 3 * size ** 2)) }
    await session.run(images)
    await abortedByTimer(0, (task) => session.run(images, task))
    session.dispose()
  })

  it('whose run waits for another one, which is not disturbed', async () => {
    const session = await createSession(network())
    const controller = new AbortController()
    const first = session.run(feeds)
    const second = session.run(feeds, { signal: controller.signal })
    controller.abort()
    await expect(second).rejects.toMatchObject({ code: 'aborted' })
    expect((await first).logits ?? Object.values(await first)[0]).toBeDefined()
    session.dispose()
  })

  it('that is timed, layer by layer or in turns', async () => {
    const session = await createSession(network())
    await abortedAfter(1, (task) => session.profile(feeds, 60, task))
    await abortedByTimer(20, (task) => session.profile(feeds, 60, task))
    const step = async () => void (await session.run(feeds))
    await abortedAfter(2, (task) => timeInTurns([{ step }, { step }], 60, task))
    await abortedByTimer(20, (task) => timeInTurns([{ step }], 60, task))
    await session.run(feeds)
    session.dispose()
  })

  it('on shared memory', async () => {
    const shapes = new Map([['input', [1, 3, size, size]]])
    for (const backend of ['wasm', 'reference'] as const) {
      if (backend === 'wasm') await abortedAfter(3, (task) => createProgram(network(), shapes, { backend, ...task }))
      const model = backend === 'wasm' ? network() : nets.lenet5_bn({ batch: 1 })
      const [name, shape] = backend === 'wasm' ? ['input', [1, 3, size, size]] : (['input', [1, 1, 28, 28]] as const)
      const program = await createProgram(model, new Map([[name, shape]]), { backend })
      const output = model.graph.outputs[0]!.name
      program.input(name).set(pixels.subarray(0, program.input(name).length))
      await program.run()
      const expected = floatsOf(program.read(output)).slice()
      await abortedAfter(2, (task) => program.run(task))
      await program.run()
      expect(floatsOf(program.read(output))).toEqual(expected)
      program.dispose()
    }
  })
})

/** Sessions that were made and not disposed of. */
function open(): { readonly runtime: Runtime; readonly count: () => number } {
  let count = 0
  const create: Runtime['createSession'] = async (model, options) => {
    const session = await createSession(model, options)
    count++
    const dispose = session.dispose.bind(session)
    vi.spyOn(session, 'dispose').mockImplementation(() => {
      count--
      return dispose()
    })
    return session
  }
  return { runtime: { createProgram, createSession: create }, count: () => count }
}

const digits = generatedImages({ seed: 1, size: 28, classes: 4, trainImages: 64, testImages: 64, channels: 1 })

describe('pruning', () => {
  it('stops where it looks for the ratio, and before it began', async () => {
    const target = { of: 'macs', part: 0.5 } as const
    const told = await abortedAfter(3, (task) => pruneModel(network(), { target, ...task }))
    expect(told.map(({ what, total }) => [what, total])).toEqual(new Array(3).fill(['searching the ratio', 999]))
    const signal = AbortSignal.abort()
    await expect(pruneModel(network(), { target, signal })).rejects.toThrow('Pruning was stopped.')
    await abortedByTimer(5, (task) => pruneModel(nets.resnet50(), { target, ...task }))
  })
})

describe('quantising', () => {
  const model = nets.lenet5_bn({ convolution: adderConvolution, classes: 4 })
  async function* batches(count: number): AsyncGenerator<CalibrationBatch> {
    const loader = createLoader(digits.test, { batchSize: 8, training: false })
    for (let i = 0; i < count; i++) for await (const batch of loader.epoch(0)) yield batch
  }
  const images = (count = 1) => ({ shape: [1, 28, 28], batchSize: 8, batches: batches(count) })

  it('stops between batches, and in the corrections behind them', async () => {
    const { runtime, count } = open()
    const told = await abortedAfter(3, (task) =>
      quantize(model, {
        bits: 6,
        images: images(),
        runtime,
        ...task,
      }),
    )
    expect(told.map(({ what, done, unit }) => [what, done, unit])).toEqual(
      [8, 16, 24].map((n) => ['calibrating', n, 'images']),
    )
    const behind = abortedAfter(8, (task) =>
      quantize(model, {
        bits: 6,
        images: images(),
        biasCorrection: true,
        runtime,
        ...task,
      }),
    )
    expect((await behind).at(-1)?.done).toBe(64)
    await abortedByTimer(10, (task) =>
      quantize(model, {
        bits: 6,
        images: images(10_000),
        runtime,
        ...task,
      }),
    )
    expect(count()).toBe(0)
  })
})

it('measuring statistics stops while the network is planned, and while it runs', async () => {
  const model = nets.lenet5_bn({ convolution: adderConvolution, classes: 4 })
  const images = { shape: [4, 1, 28, 28], data: Float32Array.from({ length: 4 * 784 }, random.normal) }
  const { runtime, count } = open()
  const planning = await abortedAfter(2, (task) =>
    measureStatistics(model, images, {
      runtime,
      ...task,
    }),
  )
  expect(planning.at(-1)?.what).toBe('planning')
  const running = new AbortController()
  const measuring = measureStatistics(model, images, {
    runtime,
    signal: running.signal,
    progress: ({ what }) => what === 'running' && running.abort(),
  })
  await expect(measuring).rejects.toMatchObject({ code: 'aborted', message: 'Measuring statistics was stopped.' })
  expect(count()).toBe(0)
})

describe('training', () => {
  const trainer = (signal?: AbortSignal) =>
    createTrainer(nets.lenet5_bn({ classes: 4 }), {
      ...{
        batchSize: 8,
        shape: [1, 28, 28],
        classes: 4,
        optimiser: { kind: 'sgd', groups: parameterGroups({}) },
        signal,
      },
    })

  it('that is being prepared is stopped as all else', async () => {
    await expect(trainer(AbortSignal.abort())).rejects.toMatchObject({
      code: 'aborted',
      message: 'The training was stopped.',
    })
  })

  it('stops behind a step, and says where it stands', async () => {
    const own = await trainer()
    const stop = new AbortController()
    const training = createLoader(digits.train, { batchSize: 8, training: true })
    const result = await train(own, {
      ...{ training, epochs: 2, schedule: createSchedule({ kind: 'constant' }, 0.01), signal: stop.signal },
      progress: ({ what, done, total, unit }) => {
        expect([what, total, unit]).toEqual(['training', 16, 'steps'])
        if (done === 3) stop.abort()
      },
    })
    expect([result.stopped, result.position.step]).toEqual([true, 3])
    own.dispose()
  })

  it('of which the evaluation is stopped has said so, and its session is gone', async () => {
    const { runtime, count } = open()
    const loader = createLoader(digits.test, { batchSize: 8, training: false })
    const model = nets.lenet5_bn({ classes: 4 })
    const told = await abortedAfter(2, (task) => evaluate(model, loader, { runtime, onNotice: () => {}, ...task }))
    expect(told).toEqual([8, 16].map((done) => ({ what: 'evaluating', done, total: 64, unit: 'images' })))
    expect(count()).toBe(0)
  })
})
