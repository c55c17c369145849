// Findings that are none, each with its reason.

import { type Outcome, signatureOf } from './outcome.ts'

const explained: readonly { readonly target: string; readonly pattern: RegExp; readonly reason: string }[] = []

export const reasonFor = (target: string, outcome: Outcome): string | undefined =>
  explained.find((e) => e.target === target && e.pattern.test(`${signatureOf(outcome)}\n${outcome.message}`))?.reason
