// What goes wrong around a session is a typed error, and afterwards the session and the process work as before.

import { getActiveResourcesInfo } from 'node:process'
import { describe, expect, it } from 'vitest'
import { KerfError, seededRandom } from '../src/base/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../src/graph/index.ts'
import { modelBytes, readModel } from '../src/onnx/index.ts'
import {
  createSession,
  type HostTensor,
  hostTensor,
  spawnNodeWorker,
  UnsupportedError,
} from '../src/runtime/index.node.ts'
import type { SpawnWorker, WorkerHandle } from '../src/runtime/index.ts'

const random = seededRandom(20)
const floats = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal())

/** Two convolutions, batch left open. */
function network(): Model {
  const b = new GraphBuilder('net', 17)
  const weight = (name: string) => b.constant(name, tensorOf('float32', [8, 8, 3, 3], floats(576)))
  const pads = { pads: [1, 1, 1, 1] }
  const first = b.node('Conv', [b.input('x', 'float32', ['N', 8, 6, 6]), weight('w0')], pads, { name: 'first' })
  b.output(b.node('Conv', [b.node('Relu', [first]), weight('w1')], pads, { name: 'last', outputs: ['y'] }))
  return b.model()
}

const feeds = { x: hostTensor('float32', [1, 8, 6, 6], floats(288)) }

async function refusal(work: () => unknown): Promise<KerfError> {
  const caught = await Promise.resolve()
    .then(work)
    .catch((error: unknown) => error)
  expect(caught).toBeInstanceOf(KerfError)
  return caught as KerfError
}

const wrongFeeds: readonly (readonly [
  what: string,
  feeds: Record<string, HostTensor>,
  code: string,
  message: string,
])[] = [
  ['another name', { image: feeds.x }, 'unknown-input', 'The model has no input "image". Its inputs: x.'],
  ['nothing', {}, 'missing-input', 'Input "x" is missing.'],
  [
    'other channels',
    { x: hostTensor('float32', [1, 7, 6, 6], new Float32Array(252)) },
    'wrong-shape',
    'Input "x" is [N,8,6,6], received [1,7,6,6].',
  ],
  [
    'fewer dimensions',
    { x: hostTensor('float32', [8, 6, 6], new Float32Array(288)) },
    'wrong-shape',
    'Input "x" is [N,8,6,6], received [8,6,6].',
  ],
  [
    'too few elements',
    { x: { elementType: 'float32', shape: [1, 8, 6, 6], data: new Float32Array(287) } },
    'wrong-shape',
    'Input "x" [1,8,6,6] has 288 elements, received 287.',
  ],
  [
    'another element type',
    { x: hostTensor('int32', [1, 8, 6, 6], new Int32Array(288)) },
    'wrong-element-type',
    'Input "x" is float32, received int32.',
  ],
  [
    'another array',
    { x: { elementType: 'float32', shape: [1, 8, 6, 6], data: new Float64Array(288) } as unknown as HostTensor },
    'wrong-element-type',
    'Input "x" is float32, its data must be a Float32Array.',
  ],
]

describe.each(['wasm', 'reference'] as const)('%s: inputs that do not fit', (backend) => {
  it.each(wrongFeeds)('%s', async (_, wrong, code, message) => {
    const session = await createSession(network(), { backend })
    const before = await session.run(feeds)
    const error = await refusal(() => session.run(wrong))
    expect([error.code, error.message]).toEqual([code, message])
    expect((await session.run(feeds)).y).toEqual(before.y)
    session.dispose()
    expect((await refusal(() => session.run(feeds))).code).toBe('disposed')
  })
})

const wrongOutputs: readonly (readonly [
  what: string,
  into: Record<string, HostTensor>,
  code: string,
  message: string,
])[] = [
  ['another name', { scores: feeds.x }, 'unknown-output', 'The model has no output "scores". Its outputs: y.'],
  [
    'another shape',
    { y: hostTensor('float32', [1, 8, 36], new Float32Array(288)) },
    'wrong-shape',
    'Output "y" is [1,8,6,6] with 288 elements; the tensor to write it into is [1,8,36] with 288.',
  ],
  [
    'too few elements',
    { y: { elementType: 'float32', shape: [1, 8, 6, 6], data: new Float32Array(287) } },
    'wrong-shape',
    'Output "y" is [1,8,6,6] with 288 elements; the tensor to write it into is [1,8,6,6] with 287.',
  ],
  [
    'another element type',
    { y: hostTensor('int32', [1, 8, 6, 6], new Int32Array(288)) },
    'wrong-element-type',
    'Output "y" is float32 in a Float32Array; the tensor to write it into is int32 in a Int32Array.',
  ],
]

describe.each(['wasm', 'reference'] as const)('%s: tensors for results', (backend) => {
  it.each(wrongOutputs)('that do not fit: %s', async (_, into, code, message) => {
    const session = await createSession(network(), { backend })
    const error = await refusal(() => session.run(feeds, { into }))
    expect([error.code, error.message]).toEqual([code, message])
    for (const { data } of Object.values(into)) if (data !== feeds.x.data) expect(data.every((v) => !v)).toBe(true)
    expect((await session.run(feeds)).y?.shape).toEqual([1, 8, 6, 6])
    session.dispose()
  })

  it('that fit are filled and given back', async () => {
    const session = await createSession(network(), { backend })
    const expected = (await session.run(feeds)).y!
    const y = hostTensor('float32', [1, 8, 6, 6], new Float32Array(288))
    expect((await session.run(feeds, { into: { y } })).y).toBe(y)
    expect(y).toEqual(expected)
    session.dispose()
  })
})

describe('models that cannot be run', () => {
  it.each(['wasm', 'reference'] as const)(
    '%s: an operator that is not known is named, with its node',
    async (backend) => {
      const b = new GraphBuilder('net', 17)
      const made = b.node('Mystery', [b.input('x', 'float32', [2])], {}, { name: 'riddle', domain: 'com.example' })
      b.output(b.node('Relu', [made]), { kind: 'tensor', elementType: 'float32', shape: [2] })
      const x = hostTensor('float32', [2], new Float32Array(2))
      const error = await refusal(async () => (await createSession(b.model(), { backend })).run({ x }))
      expect(error).toBeInstanceOf(UnsupportedError)
      expect(error.message).toBe(
        `com.example.Mystery "riddle" cannot be run: Kerf does not know this operator. docs/operators.md lists the operators that can.`,
      )
    },
  )

  it.each([
    ['activations', 1, [64, 8192, 4096]],
    ['weights', 8, [8, 6, 6]],
  ] as const)(
    'memory that WebAssembly does not have is missed before anything runs: %s',
    async (what, layers, shape) => {
      const b = new GraphBuilder('net', 17)
      let x = b.input('x', 'float32', [1, ...shape])
      if (what === 'activations') x = b.node('Relu', [x])
      else {
        x = b.node('Flatten', [x])
        const [byteLength, size] = [4 * 288 * 600_000, [288, 600_000]]
        // Never read: what does not fit is found beforehand.
        const bytes = (): Uint8Array => {
          throw new Error('read')
        }
        const sum = Array.from({ length: layers }, (_, i) =>
          b.node('MatMul', [
            x,
            b.constant(`w${i}`, { elementType: 'float32', shape: size, data: { byteLength, bytes } }),
          ]),
        )
        x = b.node('Sum', sum)
      }
      b.output(x)
      const error = await refusal(() => createSession(b.model()))
      expect(error.code).toBe('out-of-memory')
      expect(error.message).toMatch(
        /^The plan needs \d+ MiB or more, which this machine or WebAssembly \(4096 MiB\) does not give\. Use a smaller batch or input\.$/,
      )
      const session = await createSession(network())
      expect((await session.run(feeds)).y?.shape).toEqual([1, 8, 6, 6])
      session.dispose()
    },
  )

  it('a larger batch that does not fit leaves the session usable', async () => {
    // 1 number in, 600 on the way.
    const b = new GraphBuilder('net', 17)
    const weight = (name: string, shape: readonly number[]) => b.constant(name, tensorOf('float32', shape, floats(600)))
    const wide = b.node('Conv', [b.input('x', 'float32', ['N', 1, 1, 1]), weight('w0', [600, 1, 1, 1])])
    b.output(b.node('Conv', [wide, weight('w1', [1, 600, 1, 1])], {}, { outputs: ['y'] }))
    const session = await createSession(b.model())
    const before = await session.run({ x: floats(1) })
    expect((await refusal(() => session.run({ x: new Float32Array(4_000_000) }))).code).toBe('out-of-memory')
    expect((await session.run({ x: new Float32Array(1) })).y?.data).toEqual(new Float32Array(1))
    expect((await session.run({ x: floats(1) })).y?.shape).toEqual(before.y?.shape)
    session.dispose()
  })

  it('a file cut off anywhere is refused with a typed error', async () => {
    const whole = modelBytes(network())
    for (let length = 1; length < whole.length; length += Math.ceil(whole.length / 97)) {
      const work = async () => (await createSession(readModel(whole.subarray(0, length)))).run(feeds)
      await refusal(work)
    }
    const session = await createSession(readModel(whole))
    expect((await session.run(feeds)).y?.shape).toEqual([1, 8, 6, 6])
    session.dispose()
  })
})

/** Every worker has some. */
const portsOpen = (): number => getActiveResourcesInfo().filter((name) => name === 'MessagePort').length

describe('threads', () => {
  /** Node's workers, kept at hand. */
  function watched(): { spawn: SpawnWorker; workers: { handle: WorkerHandle; ended: Promise<void> }[] } {
    const workers: { handle: WorkerHandle; ended: Promise<void> }[] = []
    const spawn: SpawnWorker = (source) => {
      const handle = spawnNodeWorker(source)
      workers.push({ handle, ended: new Promise((resolve) => handle.onEnd(() => resolve())) })
      return handle
    }
    return { spawn, workers }
  }

  it('a worker that dies between runs is replaced, with all others', async () => {
    const { spawn, workers } = watched()
    const session = await createSession(network(), { threads: 3, spawn })
    const before = await session.run(feeds)
    expect(workers).toHaveLength(2)
    await workers[1]?.handle.terminate()
    await workers[1]?.ended
    expect((await session.run(feeds)).y).toEqual(before.y)
    expect(workers).toHaveLength(4)
    await workers[0]?.ended
    session.dispose()
    await Promise.all(workers.map(({ ended }) => ended))
    expect(portsOpen()).toBe(0)
  })

  // The kernels wait ten seconds for a thread before they give it up.
  it('a worker that dies while it is needed: an error that says so, then new threads and the right result', async () => {
    const { spawn, workers } = watched()
    const session = await createSession(network(), { threads: 3, spawn })
    const before = await session.run(feeds)
    // Its end is not noticed before the run, which blocks this thread.
    const dying = workers[1]?.handle.terminate()
    const error = await refusal(() => session.run(feeds))
    expect(error.code).toBe('worker-ended')
    expect(error.message).toMatch(
      /^A worker thread ended while it was needed: it did not finish step \d+ of \d+\. Run again: new threads are started then\.$/,
    )
    await dying
    expect((await session.run(feeds)).y).toEqual(before.y)
    expect(workers).toHaveLength(4)
    session.dispose()
    await Promise.all(workers.map(({ ended }) => ended))
    expect(portsOpen()).toBe(0)
  }, 30_000)

  it('more than 256 are not started, and a notice says so', async () => {
    const notices: string[] = []
    const session = await createSession(network(), { threads: 1e6, onNotice: (text) => notices.push(text) })
    expect([session.threads, notices]).toEqual([
      256,
      ['1000000 threads were asked for, 256 are used: a network takes no more.'],
    ])
    session.dispose()
    const error = await refusal(() => createSession(network(), { threads: 0 }))
    expect(error.message).toBe('threads must be a whole number of at least 1, received 0.')
  })

  it('a worker that cannot start is reported, and a session with one thread still works', async () => {
    const spawn: SpawnWorker = () => spawnNodeWorker('throw new Error("no")')
    const error = await refusal(() =>
      createSession(network(), { threads: 2, spawn, inputShapes: new Map([['x', [1, 8, 6, 6]]]) }),
    )
    expect(error.code).toBe('worker-ended')
    expect(error.message).toContain('no')
    const session = await createSession(network())
    expect((await session.run(feeds)).y?.shape).toEqual([1, 8, 6, 6])
    session.dispose()
  })
})
