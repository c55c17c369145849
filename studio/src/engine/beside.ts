import { KerfError, type Model, modelBytes } from 'kerf'
import { type Feeds, hostValues, type Session, type Timing, timeInTurns } from 'kerf/runtime'
import { type Outputs, relativeDifference } from 'kerf/workflow'
import { type EndingWorker, endingWorker } from './ending-worker.ts'
import { inPageWords } from './page-words.ts'
import { buffersOf, type Peer, type PeerAnswer, type PeerQuestion } from './peer-messages.ts'
import type { Beside, MeasureProgress, NotBeside } from './times.ts'

/*
 * Another runtime beside Kerf: each in a worker of its own, which is handed inputs and hands back outputs, in turns. Loaded when something is measured.
 */

/** Why the other runtime was not measured. Kerf's own measurement goes on without it. */
class PeerProblem extends Error {
  override readonly name = 'PeerProblem'
}

interface Work {
  readonly signal: AbortSignal
  progress?(state: Pick<MeasureProgress, 'what' | 'done'>): void
}

/**
 * @param session Kerf's
 * @param seconds for both together, about
 * @returns `whole`, Kerf's own time, is left out where the other runtime does not run the network
 * @throws as `Session.run`; where it is stopped, the signal's reason
 */
export async function timeBeside(
  peer: Peer,
  model: Model,
  feeds: Feeds,
  session: Session,
  seconds: number,
  { signal, progress }: Work,
): Promise<{ readonly whole?: Timing; readonly beside: Beside | NotBeside }> {
  const runtime = peer.name
  progress?.({ what: `Making ${runtime} ready`, done: 0 })
  const script = new Worker(new URL('./peer-worker.ts', import.meta.url), { type: 'module' })
  const worker = endingWorker(script, `worker of ${runtime}`)
  const stop = () => worker.end(signal.reason)
  signal.addEventListener('abort', stop)
  try {
    signal.throwIfAborted()
    const { version, run } = await open(peer, worker, model, session.threads, signal)
    const maxRelDiff = relativeDifference(outputsOf(await session.run(feeds, { signal })), outputsOf(await run(feeds)))
    const contenders = [() => session.run(feeds, { signal }), () => run(feeds)].map((once) => ({
      async step() {
        await once()
      },
    }))
    const [whole, other] = (await timeInTurns(contenders, seconds, { signal, progress })) as [Timing, Timing]
    return {
      whole,
      beside: { runtime, version, whole: other, ratio: other.medianMs / whole.medianMs, maxRelDiff },
    }
  } catch (error) {
    if (!(error instanceof PeerProblem)) throw error
    return { beside: { runtime, problem: `${runtime} was not measured: ${inPageWords(error.message)}` } }
  } finally {
    signal.removeEventListener('abort', stop)
    worker.end(new Error(`${runtime} has been measured.`))
  }
}

const outputsOf = (tensors: Feeds): Outputs =>
  new Map(Object.entries(tensors).map(([name, t]) => [name, { shape: t.shape, values: hostValues(t) }]))

/** @throws PeerProblem, also from `run` */
async function open(peer: Peer, worker: EndingWorker, model: Model, threads: number, signal: AbortSignal) {
  const ask = asking(worker, signal)
  const bytes = bytesOf(model)
  const opened = await ask({ kind: 'open', script: peer.script, bytes, threads }, [bytes.buffer])
  if (opened.kind !== 'opened') throw new Error(`The worker of ${peer.name} answered ${opened.kind}.`)
  return {
    version: opened.version,
    /** Copies of the inputs are handed over, as Kerf's session does it. */
    async run(feeds: Feeds): Promise<Feeds> {
      const copies = Object.fromEntries(
        Object.entries(feeds).map(([name, t]) => [name, { ...t, data: t.data.slice() }]),
      ) as Feeds
      const ran = await ask({ kind: 'run', feeds: copies }, buffersOf(copies))
      if (ran.kind !== 'ran') throw new Error(`The worker of ${peer.name} answered ${ran.kind}.`)
      return ran.outputs
    },
  }
}

/** In memory of their own. */
function bytesOf(model: Model): Uint8Array<ArrayBuffer> {
  try {
    return modelBytes(model).slice()
  } catch (error) {
    // Of what is larger than one file can be, or than memory.
    if (error instanceof KerfError || error instanceof RangeError) throw new PeerProblem(error.message)
    throw error
  }
}

/** Asks the worker one thing after another. */
function asking({ worker, ended }: EndingWorker, signal: AbortSignal) {
  let answer: (answer: PeerAnswer) => void = () => {}
  worker.addEventListener('message', ({ data }: MessageEvent<PeerAnswer>) => answer(data))
  return async (question: PeerQuestion, transfer: ArrayBuffer[]): Promise<PeerAnswer> => {
    const answered = new Promise<PeerAnswer>((resolve) => {
      answer = resolve
    })
    worker.postMessage(question, transfer)
    const given = await Promise.race([answered, ended]).catch((error: Error) => {
      // Ended by whoever stopped the measurement, or by itself.
      throw signal.aborted ? error : new PeerProblem(error.message)
    })
    if (given.kind === 'failed') throw new PeerProblem(given.why)
    return given
  }
}
