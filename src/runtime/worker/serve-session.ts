import { setMemoryLimit, type Task } from '../../base/index.ts'
import type { NativeKernels } from '../backends/wasm/engine/native.ts'
import type { Feeds } from '../feeds.ts'
import { createSessionHere, type Session, type SessionOptions } from '../session.ts'
import { receiveModel } from './hand-model.ts'
import {
  type Answer,
  type AskedTask,
  buffersOf,
  handError,
  type Question,
  type Reply,
  type Request,
} from './messages.ts'

/**
 * The worker's side of a session: what its script does with every message.
 * @param own what this place adds to the session's options: how its threads start, and how it loads kernels in machine code
 */
export function serveSession(
  post: (reply: Reply, transfer: Transferable[]) => void,
  own: Pick<SessionOptions, 'spawn' | 'workerUrl'> & {
    readonly loadNative?: (path: string) => NativeKernels | undefined
  },
): (request: Request) => void {
  post({ kind: 'started' }, [])
  let session: Session | undefined
  const stops = new Map<number, AbortController>()
  const running = new Set<Promise<void>>()

  async function perform(question: Question, task: Task): Promise<Answer> {
    switch (question.kind) {
      case 'create': {
        const onNotice = (text: string) => post({ kind: 'notice', text }, [])
        const { memoryLimit, native, ...given } = question.options
        setMemoryLimit(memoryLimit)
        const { loadNative, ...place } = own
        const kernels = native === undefined ? undefined : loadNative?.(native)
        const options = { ...given, ...place, native: kernels, ...task, onNotice }
        session = await createSessionHere(receiveModel(question.model), options)
        return undefined
      }
      case 'run':
        return session!.run(question.feeds, task)
      case 'profile':
        return session!.profile(question.feeds, question.seconds, task)
      case 'dispose':
        await session?.dispose()
        // Those that wait for their answers get them.
        await Promise.all(running)
        return undefined
    }
  }

  async function answer(id: number, question: Question, { signal, progress, aborted }: AskedTask): Promise<void> {
    const stop = new AbortController()
    stops.set(id, stop)
    if (aborted) stop.abort('aborted')
    const work: Task = {
      signal: signal ? stop.signal : undefined,
      progress: progress ? (state) => post({ kind: 'progress', id, progress: state }, []) : undefined,
    }
    const state = () => {
      if (!session) return undefined
      const { backend, instructions, threads, memory } = session
      return { backend, instructions, threads, memory }
    }
    try {
      const value = await perform(question, work)
      post({ kind: 'done', id, value, state: state() }, question.kind === 'run' ? buffersOf(value as Feeds) : [])
    } catch (error) {
      post({ kind: 'failed', id, error: handError(error), state: state() }, [])
    } finally {
      stops.delete(id)
    }
  }

  return (request) => {
    if (request.kind === 'abort') {
      stops.get(request.id)?.abort('aborted')
      return
    }
    if (request.kind === 'weights') {
      session!.setWeights(receiveModel(request.model))
      return
    }
    const done = answer(request.id, request.question, request.task)
    if (request.question.kind === 'dispose') return
    running.add(done)
    done.then(() => running.delete(done))
  }
}
