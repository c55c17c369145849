import { KerfError } from './error.ts'
import { type Bounded, boundedBy } from './memory.ts'

/** How far long work is. */
export interface Progress {
  /** What is being done, in words: `calibrating`, `reading training images`, the name of a file. */
  readonly what: string
  /** How much of it is done, in units. */
  readonly done: number
  /** How much there is to do; undefined where nobody knows yet. */
  readonly total?: number
  /** What is counted: `images`, `steps`, `bytes`, `ms`. Undefined: parts of the work that mean nothing by themselves. */
  readonly unit?: string
  /** How much was done before this work began, where it goes on: for speed and time left. 0 by default. */
  readonly from?: number
}

/** What everything takes that can last longer than a second. */
export interface Task {
  /** Ends the work with KerfError `aborted`: soon, with nothing left running and nothing half-written. */
  readonly signal?: AbortSignal
  /** Called now and then with how far it is. */
  readonly progress?: (progress: Progress) => void
}

/** @param what as a sentence begins: `The evaluation` */
export const aborted = (what: string, reason: unknown): KerfError =>
  new KerfError('aborted', `${what} was stopped.`, { reason })

/**
 * Whether work ended because its signal said so.
 * @param error what was caught
 */
export const isAborted = (error: unknown): error is KerfError => error instanceof KerfError && error.code === 'aborted'

/**
 * @param what is stopped, as a sentence begins: `The evaluation`
 * @throws KerfError `aborted` where the signal is; `details.reason` is the signal's
 */
export function checkAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted) throw aborted(what, signal.reason)
}

/** Gives others their turn; see `turns`. */
export type Turn = () => Promise<void>

// One clock for all work: a loop of many short works, each of which ends before its own time for a turn has come, gives turns, too.
let lastTurn = 0

/**
 * For the loops of long work, every round of which awaits what this returns: it lets timers, signals and the page have their turn, which a loop of
 * promises alone never does, and ends the loop where that was asked for.
 * @param what is stopped, as a sentence begins: `The evaluation`
 * @param everyMs turns come at most so often
 * @throws KerfError `aborted`, from what it returns
 */
export function turns(signal: AbortSignal | undefined, what: string, everyMs = 50): Turn {
  return async () => {
    if (performance.now() - lastTurn >= everyMs) {
      await new Promise<void>((resolve) => setTimeout(resolve, 0))
      lastTurn = performance.now()
    }
    checkAborted(signal, what)
  }
}

/**
 * Work that is made of other work: where a part of it is stopped, the whole is said to be.
 * @param what as a sentence begins: `The evaluation`
 * @param bounds the call's own limit of memory
 * @throws KerfError `aborted`, and what the work throws
 */
export async function stoppable<T>(what: string, work: () => Promise<T>, bounds: Bounded = {}): Promise<T> {
  try {
    return await boundedBy(bounds, work)
  } catch (error) {
    throw isAborted(error) ? aborted(what, error.details.reason) : error
  }
}

/**
 * What work gives, unless it takes longer.
 * @param late the error that it is then; the work itself goes on
 */
export function within<T>(ms: number, work: Promise<T>, late: () => KerfError): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms)
  })
  return Promise.race([work, over]).finally(() => clearTimeout(timer))
}

/** For work that lets others have their turn, and tells how far it is. */
export interface Pace extends Pick<Task, 'progress'> {
  readonly turn: Turn
}

/** Work without a promise in it, which yields where others may have their turn: how far it is. */
export type Rounds<T> = Generator<Omit<Progress, 'what'>, T, void>

/** Does all rounds, and gives nobody a turn. */
export function atOnce<T>(rounds: Rounds<T>): T {
  let state = rounds.next()
  while (!state.done) state = rounds.next()
  return state.value
}

/**
 * Does all rounds, with others' turns in between.
 * @param what as `Progress.what`
 * @throws KerfError `aborted`, and what the work throws
 */
export async function inTurns<T>(rounds: Rounds<T>, what: string, { turn, progress }: Pace): Promise<T> {
  for (;;) {
    await turn()
    const state = rounds.next()
    if (state.done) return state.value
    progress?.({ what, ...state.value })
  }
}
