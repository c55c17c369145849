import type { Step } from '../steps.ts'
import type { RecountOptions } from '../types.ts'

/** Settings of the page, by what has them: views add theirs. Plain data; a property of one may be a file. */
export type SessionSettings = Readonly<Record<string, unknown>>

/** Everything that is open. */
export interface Session {
  /** Of the file that was opened first. */
  readonly name: string
  readonly steps: readonly Step[]
  /** Which of them is open. */
  readonly at: number
  readonly counting: RecountOptions
  readonly settings: SessionSettings
}
