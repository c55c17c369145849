// Sessions that are run on several sizes, and with weights that change: what they keep, and that results are those of sessions of their own.

import { getActiveResourcesInfo } from 'node:process'
import { describe, expect, it } from 'vitest'
import { KerfError, seededRandom } from '../base/index.ts'
import { type Model, type Tensor, tensorOf } from '../graph/index.ts'
import { nets } from '../nets/index.ts'
import { type Backend, chooseBackend, createSession, hostTensor, type Session, type SpawnWorker } from './index.ts'
import { spawnNodeWorker } from './spawn.node.ts'

const random = seededRandom(8)
const image = (batch: number, size: number) => ({
  input: hostTensor(
    'float32',
    [batch, 3, size, size],
    Float32Array.from({ length: batch * 3 * size ** 2 }, random.normal),
  ),
})

/** A residual network and one of depthwise convolutions, whose weights tell how often they are read. */
function counted(given: Model): { readonly model: Model; readonly reads: () => number } {
  let reads = 0
  const counting = (tensor: Tensor): Tensor => ({
    ...tensor,
    data: {
      byteLength: tensor.data.byteLength,
      bytes: (...range) => {
        // Biases and normalisations are read for every plan.
        if (tensor.shape.length > 1) reads++
        return tensor.data.bytes(...range)
      },
    },
  })
  const initializers = new Map([...given.graph.initializers].map(([name, tensor]) => [name, counting(tensor)]))
  return { model: { ...given, graph: { ...given.graph, initializers } }, reads: () => reads }
}

/** A bit different, as a step of training leaves it. */
function trained(model: Model, step: number, moves: (name: string) => boolean = () => true): Model {
  const initializers = new Map(
    [...model.graph.initializers].map(([name, tensor]) => {
      if (tensor.elementType !== 'float32' || !moves(name)) return [name, tensor]
      const bytes = tensor.data.bytes()
      const values = new Float32Array(new Uint8Array(bytes).buffer).map((v) => v * (1 + step / 100))
      return [name, tensorOf('float32', tensor.shape, values)]
    }),
  )
  return { ...model, graph: { ...model.graph, initializers } }
}

/** The network with images of any size. */
function open(model: Model): Model {
  const inputs = model.graph.inputs.map((input) => ({
    ...input,
    type: { kind: 'tensor', elementType: 'float32', shape: ['N', 3, 'H', 'W'] } as const,
  }))
  return { ...model, graph: { ...model.graph, inputs } }
}

const networks = {
  resnet20: () => open(nets.resnet20()),
  mobilenet_v2: () => open(nets.mobilenet_v2({ inputSize: 64, classes: 10 })),
}

/** What a session of its own gives. */
async function alone(model: Model, feeds: ReturnType<typeof image>): Promise<unknown> {
  await using session = await createSession(model)
  return await session.run(feeds)
}

const workers = (): number => getActiveResourcesInfo().filter((name) => name === 'MessagePort').length

describe.each(Object.keys(networks) as (keyof typeof networks)[])('%s on several sizes', (name) => {
  it('packs weights once', async () => {
    const { model, reads } = counted(networks[name]())
    await using session = await createSession(model)
    await session.run(image(1, 64))
    const packed = reads()
    expect(packed).toBeGreaterThan(20)
    const total = session.memory!.total
    // A linear layer of several rows is another kernel's.
    await session.run(image(2, 64))
    expect(reads() - packed).toBeLessThanOrEqual(1)
    const again = reads()
    for (const [batch, size] of [
      [2, 48],
      [3, 32],
      [1, 64],
      [2, 48],
      [1, 96],
    ] as const)
      await session.run(image(batch, size))
    expect(reads()).toBe(again)
    // Tables and arguments are each plan's own.
    expect(session.memory!.total).toBeLessThan(3 * total)
  })

  it('gives what sessions of their own give, in any order', async () => {
    const model = networks[name]()
    await using session = await createSession(model)
    const all = [image(1, 64), image(2, 32), image(1, 96), image(3, 48)]
    const wanted: unknown[] = []
    for (const feeds of all) wanted.push(await alone(model, feeds))
    for (const i of [0, 1, 2, 3, 2, 0, 1, 3, 0]) expect(await session.run(all[i]!), `sizes ${i}`).toEqual(wanted[i])
  })
})

describe('many sizes', () => {
  it('take no more memory than the plans that are kept', async () => {
    await using session = await createSession(networks.resnet20())
    const totals: number[] = []
    for (let round = 0; round < 4; round++) {
      for (let batch = 1; batch <= 12; batch++) await session.run(image(batch, 16))
      totals.push(session.memory!.total)
    }
    for (const total of totals.slice(2)) expect(total).toBeLessThan(1.1 * totals[1]!)
  })

  it('have threads in common, which are gone after dispose', async () => {
    let spawned = 0
    const spawn: SpawnWorker = (source) => {
      spawned++
      return spawnNodeWorker(source)
    }
    const before = workers()
    {
      await using session = await createSession(nets.resnet20(), { threads: 3, spawn })
      for (const batch of [1, 2, 3, 1]) await session.run(image(batch, 32))
      session.setWeights(trained(nets.resnet20(), 1))
      await session.run(image(2, 32))
      expect(spawned).toBe(2)
    }
    expect(workers()).toBe(before)
  })

  it('dispose waits for the runs that were asked for, and no other begins', async () => {
    const before = workers()
    const session = await createSession(nets.resnet20(), { threads: 2, spawn: spawnNodeWorker })
    const runs = [session.run(image(1, 32)), session.run(image(2, 32))]
    const end = session.dispose()
    await expect(session.run(image(1, 32))).rejects.toMatchObject({ code: 'disposed' })
    await end
    expect(workers()).toBe(before)
    expect((await Promise.all(runs)).map((r) => r.logits?.shape)).toEqual([
      [1, 10],
      [2, 10],
    ])
    await session.dispose()
  })
})

describe('a session with other weights', () => {
  const sizes = [image(1, 32), image(4, 32)]

  async function expectLike(session: Session, model: Model): Promise<void> {
    for (const feeds of sizes) expect(await session.run(feeds)).toEqual(await alone(model, feeds))
  }

  it('gives what a new one gives, and takes no more memory', async () => {
    const model = nets.resnet20()
    await using session = await createSession(model)
    await expectLike(session, model)
    const totals: number[] = []
    for (let step = 1; step <= 4; step++) {
      const next = trained(model, step)
      session.setWeights(next)
      await expectLike(session, next)
      totals.push(session.memory!.total)
    }
    expect(totals.slice(2)).toEqual([totals[1], totals[1]])
  })

  it('runs what was asked for before with the weights that it had then', async () => {
    const [model, next] = [nets.resnet20(), trained(nets.resnet20(), 2)]
    await using session = await createSession(model)
    const before = session.run(sizes[0]!)
    session.setWeights(next)
    const after = session.run(sizes[0]!)
    expect(await before).toEqual(await alone(model, sizes[0]!))
    expect(await after).toEqual(await alone(next, sizes[0]!))
  })

  it('packs what has changed and nothing else', async () => {
    const { model, reads } = counted(nets.resnet20())
    await using session = await createSession(model)
    await session.run(sizes[0]!)
    const next = trained(model, 1, (name) => name.startsWith('fc'))
    const before = reads()
    session.setWeights(next)
    await session.run(sizes[0]!)
    expect(reads()).toBe(before)
    expect(await session.run(sizes[0]!)).toEqual(await alone(next, sizes[0]!))
  })

  it('or another network with the same inputs and outputs is right, too', async () => {
    const [model, other] = [nets.resnet20(), nets.resnet32()]
    await using session = await createSession(model)
    await expectLike(session, model)
    session.setWeights(other)
    await expectLike(session, other)
    const two = { ...model.graph, outputs: [...model.graph.outputs, ...model.graph.outputs] }
    expect(() => session.setWeights({ ...model, graph: two })).toThrow('other inputs or outputs')
  })
})

describe('where memory does not suffice for a plan beside others', () => {
  it('it takes their place, and they come back', async () => {
    let alive = 0
    let most = 0
    const wasm = chooseBackend({ backend: 'wasm' })
    /** Has room for two. */
    const small: Backend = {
      ...wasm,
      async compile(plan, options) {
        if (alive === 2) throw new KerfError('out-of-memory', 'full')
        const program = await wasm.compile(plan, options)
        most = Math.max(most, ++alive)
        const dispose = program.dispose.bind(program)
        const end = (): Promise<void> => {
          alive--
          return dispose()
        }
        return Object.assign(program, { dispose: end })
      },
    }
    const model = nets.resnet20()
    {
      await using session = await createSession(model, { backend: small })
      const all = [1, 2, 3, 4].map((batch) => image(batch, 32))
      for (const feeds of [...all, ...all]) expect(await session.run(feeds)).toEqual(await alone(model, feeds))
      expect([alive, most]).toEqual([2, 2])
    }
    expect(alive).toBe(0)
  })
})
