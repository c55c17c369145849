// What a session does once: it reads and packs every weight and takes all memory before its first run is over, and nothing of it again.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { seededRandom } from '../base/index.ts'
import { GraphBuilder, type Model, type Tensor, tensorOf } from '../graph/index.ts'
import { ProgramMemory } from './backends/wasm/engine/memory.ts'
import { createProgram, createSession, type HostTensor, hostTensor } from './index.node.ts'

const random = seededRandom(11)
const floats = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal())
const size = 16

/** A layer of every kind that packs weights; `reads` counts how often the bytes of each weight are asked for. */
function network(): { readonly model: Model; readonly reads: ReadonlyMap<string, number> } {
  const b = new GraphBuilder('net', 17)
  const reads = new Map<string, number>()
  const weight = (name: string, shape: readonly number[]) => {
    const { elementType, data } = tensorOf('float32', shape, floats(shape.reduce((p, d) => p * d, 1)))
    const counted: Tensor = {
      ...{ elementType, shape },
      data: {
        byteLength: data.byteLength,
        bytes: (...range) => {
          reads.set(name, (reads.get(name) ?? 0) + 1)
          return data.bytes(...range)
        },
      },
    }
    reads.set(name, 0)
    return b.constant(name, counted)
  }
  const pads = { pads: [1, 1, 1, 1] }
  const x = b.input('x', 'float32', ['N', 32, size, size])
  const dense = b.node('Relu', [b.node('Conv', [x, weight('conv', [64, 32, 3, 3])], pads)])
  const normal = b.node('BatchNormalization', [
    dense,
    ...['scale', 'shift', 'mean'].map((n) => weight(n, [64])),
    b.constant('variance', tensorOf('float32', [64], new Float32Array(64).fill(2))),
  ])
  const depthwise = b.node('Conv', [normal, weight('depthwise', [64, 1, 9, 9])], { pads: [4, 4, 4, 4], group: 64 })
  const adder = b.node('AdderConv', [depthwise, weight('adder', [32, 64, 3, 3])], pads, { domain: 'ai.kerf' })
  const up = b.node('ConvTranspose', [b.node('Add', [adder, x]), weight('up', [32, 64, 3, 3])], pads)
  const pooled = b.node('Flatten', [b.node('GlobalAveragePool', [up])])
  b.output(b.node('Gemm', [pooled, weight('linear', [64, 300])], {}, { outputs: ['scores'] }))
  b.output(b.node('Sigmoid', [up], {}, { outputs: ['picture'] }))
  return { model: b.model(), reads }
}

const feeds = (batch = 1) => ({ x: hostTensor('float32', [batch, 32, size, size], floats(batch * 32 * size * size)) })

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

describe('weights', () => {
  it('are read once, whatever is run after that', async () => {
    const { model, reads } = network()
    const session = await createSession(model)
    await session.run(feeds())
    const once = new Map([...reads.keys()].map((name) => [name, 1]))
    expect(reads).toEqual(once)
    for (let i = 0; i < 3; i++) await session.run(feeds())
    await session.profile(feeds(), 0.001)
    expect(reads).toEqual(once)
    // Another shape is another plan, which has the same packed weights; of one row the linear layer is another kernel's.
    for (const batch of [2, 3]) await session.run(feeds(batch))
    const { conv, depthwise, adder, up, linear } = Object.fromEntries(reads)
    expect({ conv, depthwise, adder, up, linear }).toEqual({ conv: 1, depthwise: 1, adder: 1, up: 1, linear: 2 })
    session.dispose()
  })

  it('are read once by a program that keeps its inputs', async () => {
    const { model, reads } = network()
    const program = await createProgram(model, new Map([['x', [1, 32, size, size]]]))
    for (let i = 0; i < 3; i++) await program.run()
    expect(new Set(reads.values())).toEqual(new Set([1]))
    program.dispose()
  })
})

describe('memory', () => {
  for (const threads of [1, 2])
    it(`is taken while planning and never while running, ${threads} ${threads === 1 ? 'thread' : 'threads'}`, async () => {
      const alloc = vi.spyOn(ProgramMemory.prototype, 'alloc')
      const scratch = vi.spyOn(ProgramMemory.prototype, 'scratch')
      const grow = vi.spyOn(WebAssembly.Memory.prototype, 'grow')
      const session = await createSession(network().model, { threads })
      await session.run(feeds())
      const planned = [alloc, scratch, grow].map((spy) => spy.mock.calls.length)
      expect(planned.every((calls) => calls > 0)).toBe(true)
      for (let i = 0; i < 3; i++) await session.run(feeds())
      expect([alloc, scratch, grow].map((spy) => spy.mock.calls.length)).toEqual(planned)
      session.dispose()
    })

  it('for results is the caller’s, where it is given: a run makes no typed arrays', async () => {
    const session = await createSession(network().model)
    const x = feeds()
    const into = await session.run(x)
    const made = countArrays()
    const results = await session.run(x)
    // What the outputs take, one array each.
    expect(made()).toBe(2)
    const again = await session.run(x, { into })
    expect(made()).toBe(2)
    for (const name of ['scores', 'picture']) {
      expect(again[name]).toBe(into[name])
      expect(again[name]?.data).toEqual(results[name]?.data)
    }
    session.dispose()
  })

  it('of the heap does not grow with the number of runs', async () => {
    const session = await createSession(network().model)
    const x = feeds()
    const into = await session.run(x)
    const runs = async (count: number, kept: Record<string, HostTensor>[]) => {
      await session.run(x, { into })
      const before = held()
      for (let i = 0; i < count; i++) kept.push(await session.run(x, kept.length < count ? { into } : {}))
      return held() - before
    }
    expect(await runs(20, [])).toBeLessThan(256 * 1024)
    // The measure sees what is kept, 20 pictures of 64 channels: half of that at least, since something else may have been let go of.
    const kept: Record<string, HostTensor>[] = new Array(20).fill(into)
    expect(await runs(20, kept)).toBeGreaterThan(20 * 2 * 64 * size * size)
    session.dispose()
  })
})

/** Counts typed arrays made from now on, by their constructors and by `slice`. */
function countArrays(): () => number {
  let made = 0
  for (const name of ['ArrayBuffer', 'Float32Array', 'Float64Array', 'Uint8Array', 'Int32Array'] as const) {
    const construct = (target: new (...args: never[]) => object, args: unknown[], newTarget: new () => object) => {
      made++
      return Reflect.construct(target, args, newTarget)
    }
    vi.stubGlobal(name, new Proxy(globalThis[name], { construct }))
  }
  const typedArray = Object.getPrototypeOf(Float32Array.prototype) as Float32Array
  const slice = typedArray.slice
  vi.spyOn(typedArray, 'slice').mockImplementation(function (this: Float32Array, ...range) {
    made++
    return slice.apply(this, range) as Float32Array<ArrayBuffer>
  })
  return () => made
}

/** Bytes that are still in use after a garbage collection, typed arrays' included. */
function held(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
