// What became of a case: the classes, and how errors are told apart.

import { KerfError } from '../src/base/index.ts'

/**
 * - `ok`: everything was done
 * - `typed`: refused by a KerfError
 * - `untyped`: another error
 * - `wrong`: done, with a result that contradicts itself or another runtime
 * - `hang`, `memory`: took more than the limits, a hang those of processor time, or none of it for long; `crash`: the process ended
 */
export const kinds = ['ok', 'typed', 'untyped', 'wrong', 'hang', 'memory', 'crash'] as const
export type Kind = (typeof kinds)[number]

export interface Outcome {
  readonly kind: Kind
  /** What was being done: read, profile … */
  readonly stage: string
  /** Findings with the same text are one: the error without its numbers and names, and where it was thrown. */
  readonly what: string
  /** The whole text. */
  readonly message: string
}

export const isFinding = ({ kind }: Outcome): boolean => kind !== 'ok' && kind !== 'typed'
export const signatureOf = ({ kind, stage, what }: Outcome): string => `${kind} in ${stage}: ${what}`

/** A result that contradicts itself, or another runtime. */
export class WrongResult extends Error {
  /** @param more what belongs to the case, and does not tell findings apart */
  constructor(
    message: string,
    readonly more = '',
  ) {
    super(message)
  }
}

/** Of KerfErrors that put the blame on a file or a state, or say themselves that they are faults: of a network that is right, none is an answer. */
const blaming: ReadonlySet<string> = new Set([
  ...[
    'not-faithful',
    'invalid-graph',
    'not-constant',
    'missing-input',
    'damaged',
    'truncated',
    'not-onnx',
    'bad-state',
  ],
])

/**
 * An error of a network that is right.
 * @param more what belongs to the case
 * @returns a `WrongResult` where it is a finding that is told as something else
 */
export function ofRightNetwork(error: unknown, more: string): unknown {
  if (error instanceof WrongResult) return new WrongResult(error.message, more)
  return error instanceof KerfError && blaming.has(error.code)
    ? new WrongResult(`${error.code}: ${error.message}`, more)
    : error
}

/** Without what differs from case to case. */
const pattern = (text: string): string =>
  text
    .replace(/"[^"]*"/g, '""')
    .replace(/\b\w+_output\b/g, 'a value')
    .replace(/-?\d[\d.,]*(e[-+]?\d+)?/g, '#')
    .slice(0, 160)

const placeOf = (stack = ''): string => /\n\s+at (?:async |new )*([\w.#<>]+) /.exec(stack)?.[1] ?? ''

/** @param stage what was being done when it was thrown */
export function outcomeOf(error: unknown, stage: string): Outcome {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error))
  if (error instanceof KerfError) return { kind: 'typed', stage, what: error.code, message }
  if (error instanceof WrongResult)
    return { kind: 'wrong', stage, what: pattern(message), message: `${message}\n${error.more}` }
  return {
    kind: 'untyped',
    stage,
    what: `${name} in ${placeOf(stack)}: ${pattern(message)}`,
    message: stack ?? message,
  }
}

/** One kind of input that Kerf reads, and everything that is done with it. */
export interface Target {
  /** Beginning of the names of its reproducers. */
  readonly name: string
  /** Ending of its files. */
  readonly extension: string
  /** How many of a hundred cases are of this kind. */
  readonly weight: number
  make(random: import('../src/base/index.ts').Random): Promise<Uint8Array> | Uint8Array
  /**
   * Does everything with a case.
   * @param at is told what is done next
   * @throws KerfError for what is refused, `WrongResult`, and whatever else is a finding
   */
  run(bytes: Uint8Array, at: (stage: string) => void): Promise<void> | void
  /** Smaller cases, those that lack most first. */
  smaller(bytes: Uint8Array): Iterable<Uint8Array>
}
