import { callScope } from './call-scope.ts'
import { KerfError } from './error.ts'
import { machineMemory } from './machine.ts'

/*
 * What files make Kerf take – tensors, images, archives – is asked for before it is taken, and refused beyond one limit, which the process has, or a smaller one
 * of the call. Who holds much at a time (a network's values, the images of a set) keeps a budget of its own; everybody else asks for one thing.
 */

const [mebibyte, gibibyte] = [2 ** 20, 2 ** 30]

/** What a page may take: browsers do not say what the machine has, and end the page that takes too much. */
const browserLimit = 2 * gibibyte

/** Half of what the machine has; in browsers a fixed size. */
function ownLimit(): number {
  const memory = machineMemory()
  return memory === undefined ? browserLimit : Math.floor(memory / 2)
}

let limit: number | undefined

/**
 * The most that Kerf takes at a time for what a file describes, in bytes. By default half of the memory of the machine, or of its container where that has less;
 * in browsers, and in Node before 20.16, 2 GiB. Within a call that has a smaller limit of its own (`maxMemory`), that one.
 */
export function memoryLimit(): number {
  const all = processLimit()
  return Math.min(all, ofCalls.current() ?? all)
}

function processLimit(): number {
  limit ??= ownLimit()
  return limit
}

/** A call that has a limit of its own. */
export interface Bounded {
  /**
   * The most that this call takes at a time for what files describe, in bytes: as `memoryLimit`, which is the default and the most, for this call alone.
   * What is more ends in KerfError `out-of-memory`, before it is taken. Calls that run at the same time have each their own; in browsers, and in Node before
   * 20.16, which cannot tell them apart, all of these have the smallest one while they run.
   */
  readonly maxMemory?: number
}

const ofCalls = callScope<number>(Math.min)

/**
 * Does work within the limit of a call: all that it asks for, and all that it awaits.
 * @throws KerfError `bad-options` for a limit below 1 byte
 */
export function boundedBy<T>({ maxMemory }: Bounded, work: () => T): T {
  if (maxMemory === undefined) return work()
  if (!(maxMemory >= 1))
    throw new KerfError('bad-options', `maxMemory must be at least 1 byte, received ${maxMemory}.`, { maxMemory })
  return ofCalls.run(maxMemory, work)
}

/**
 * Sets the limit of this process, or of this page, from now on. Workers that Kerf starts get it with their work.
 * @param bytes undefined: the default
 * @throws KerfError `bad-options` unless it is at least 1
 */
export function setMemoryLimit(bytes?: number): void {
  if (bytes !== undefined && !(bytes >= 1))
    throw new KerfError('bad-options', `The memory limit must be at least 1 byte, received ${bytes}.`, { bytes })
  limit = bytes
}

/** What the limit that holds here is raised by. */
const raised = () => {
  const own = ofCalls.current()
  return own !== undefined && own <= processLimit() ? 'the option maxMemory' : '--max-memory, setMemoryLimit()'
}

/** Memory of one owner, who says what it takes before it does. */
export class MemoryBudget {
  /** The most that the owner may hold, in bytes. */
  readonly limit: number
  #held = 0

  /**
   * A budget of which nothing is taken yet.
   * @param limit in bytes; `memoryLimit` is the most
   */
  constructor(limit = memoryLimit()) {
    this.limit = Math.min(limit, memoryLimit())
  }

  /** Bytes that may still be taken. */
  get left(): number {
    return this.limit - this.#held
  }

  /**
   * For `bytes` that are needed beside what is held, and only for a while.
   * @param what as a sentence begins: `The image a.png`
   * @param remedy what to do besides raising the limit, as a sentence
   * @throws KerfError `out-of-memory`, where it would be more than the limit
   */
  ask(bytes: number, what: string, remedy = 'Use less'): void {
    const needed = this.#held + bytes
    // Not `>`: what cannot be counted is too much.
    if (needed <= this.limit) return
    const beside = this.#held > bytes / 16 ? ` beside the ${sizeText(this.#held)} that are held` : ''
    throw new KerfError(
      'out-of-memory',
      `${what} takes ${sizeText(bytes)}${beside}; the limit is ${sizeText(this.limit)}. ${remedy}, or raise the limit: ${raised()}.`,
      { what, bytes, held: this.#held, limit: this.limit },
    )
  }

  /**
   * For `bytes` that are then held, until they are given back; `what` and `remedy` as of `ask`.
   * @throws as `ask`
   */
  take(bytes: number, what: string, remedy?: string): void {
    this.ask(bytes, what, remedy)
    this.#held += bytes
  }

  /** Says that so many `bytes` are not held any more. */
  give(bytes: number): void {
    this.#held -= bytes
  }
}

/** For one thing by itself. @throws as `MemoryBudget.ask` */
export const askMemory = (bytes: number, what: string, remedy?: string): void =>
  new MemoryBudget().ask(bytes, what, remedy)

/**
 * An error of an engine that gives no memory, or not so much in one piece, as one of Kerf's; any other error as it is.
 * @param what as of `MemoryBudget.ask`
 */
export function asOutOfMemory(error: unknown, what: string, remedy = 'Use less'): unknown {
  const isAllocation =
    error instanceof RangeError && /allocation|array length|string length|table size|maximum size/i.test(error.message)
  if (!isAllocation) return error
  const text = `${what} does not fit into the memory that is there (${error.message}). ${remedy}.`
  return new KerfError('out-of-memory', text, { what, cause: error.message })
}

/** A number of bytes as people read it. */
export function sizeText(bytes: number): string {
  if (bytes < mebibyte) return `${Math.ceil(bytes)} bytes`
  if (bytes < 10 * gibibyte) return `${Math.ceil(bytes / mebibyte)} MiB`
  return bytes < 2 ** 60 ? `${Math.ceil(bytes / gibibyte)} GiB` : 'more than any machine has'
}
