import { afterEach, describe, expect, it, vi } from 'vitest'
import { KerfError, machineThreads } from '../../../../base/index.ts'
import { GraphBuilder } from '../../../../graph/index.ts'
import { createSession, type SessionOptions } from '../../../index.ts'
import { spawnNodeWorker } from '../../../spawn.node.ts'
import { createWorkerSession } from '../../../worker/worker-session.ts'
import { control } from './kernels.generated.ts'
import { Pool, type WorkerHandle } from './pool.ts'

afterEach(() => {
  vi.useRealTimers()
})

const network = () => {
  const b = new GraphBuilder('net')
  b.output(b.node('Relu', [b.input('x', 'float32', [4])]))
  return b.model()
}

/** Workers that never answer. */
function silent() {
  const running = new Set<WorkerHandle>()
  const spawn = (): WorkerHandle => {
    let ended = (_: string) => {}
    const handle: WorkerHandle = {
      post() {},
      onMessage() {},
      onEnd: (listener) => {
        ended = listener
      },
      terminate() {
        running.delete(handle)
        ended('it exited')
        return undefined
      },
    }
    running.add(handle)
    return handle
  }
  return { running, spawn }
}

const opening = async (options: SessionOptions) => {
  const outcome = createSession(network(), { onNotice() {}, ...options }).catch((error: unknown) => error)
  await vi.runAllTimersAsync()
  return outcome
}

describe('threads', () => {
  it('that never answer are given up, and none is left', async () => {
    vi.useFakeTimers()
    const { running, spawn } = silent()
    const error = await opening({ threads: 3, spawn })
    expect(error).toBeInstanceOf(KerfError)
    expect(error).toMatchObject({
      code: 'worker-ended',
      message: expect.stringContaining('it has not answered 62 s after its start'),
    })
    expect(running.size).toBe(0)
  })

  it('are ended where one of them cannot be started', async () => {
    const { running, spawn } = silent()
    let asked = 0
    const failing = () => {
      if (++asked === 2) throw new Error('no more')
      return spawn()
    }
    await expect(createSession(network(), { threads: 4, spawn: failing })).rejects.toThrow('no more')
    expect(asked).toBe(3)
    expect(running.size).toBe(0)
  })

  it('of a session in a worker that never answers are given up, too', async () => {
    vi.useFakeTimers()
    const { running, spawn } = silent()
    const outcome = createWorkerSession(network(), {}, spawn).catch((error: unknown) => error)
    await vi.runAllTimersAsync()
    expect(await outcome).toMatchObject({ code: 'worker-ended' })
    expect(running.size).toBe(0)
  })

  it('are too many where the machine runs far fewer at a time', async () => {
    const { spawn } = silent()
    const notices: string[] = []
    const count = 4 * machineThreads()! + 1
    const options = {
      backend: 'reference',
      threads: Math.min(count, 256),
      spawn,
      onNotice: (text: string) => notices.push(text),
    } as const
    await createSession(network(), options)
    await createSession(network(), { ...options, threads: 2 })
    expect(notices).toEqual(
      count > 256 ? [] : [expect.stringMatching(/^\d+ threads were asked for; this machine runs \d+ at a time/)],
    )
  })

  it('that go on after they were ended leave the memory to those that come after them', async () => {
    // As in browsers, where a worker that is terminated runs on for a while.
    const endings: Promise<string>[] = []
    const reluctant = (source: string): WorkerHandle => {
      const worker = spawnNodeWorker(source)
      let listener = (_: string) => {}
      endings.push(
        new Promise((resolve) =>
          worker.onEnd((why) => {
            listener(why)
            resolve(why)
          }),
        ),
      )
      return {
        ...worker,
        post: (m) => worker.post(m),
        onMessage: (f) => worker.onMessage(f),
        onEnd: (f) => {
          listener = f
        },
        terminate: () => undefined,
      }
    }
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })
    const first = await Pool.start(memory, 2, reluctant)
    await first.dispose()
    const second = await Pool.start(memory, 2, spawnNodeWorker)
    second.run(control.firstFree, 0)
    // The worker of the first has seen that this was not for it, and ended by itself.
    expect(await endings[0]).toContain('exited')
    await second.dispose()
  })
})
