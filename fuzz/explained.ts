// Findings that are none, each with its reason.

import { type Outcome, signatureOf } from './outcome.ts'

/** Patterns of a finding's text: its signature, its message and, of networks, their nodes. */
const explained: readonly { readonly targets: readonly string[]; readonly pattern: RegExp; readonly reason: string }[] =
  [
    {
      targets: ['differential', 'cut'],
      pattern: /ConvTranspose.*auto_pad: "SAME/,
      reason:
        'the specification makes the output of auto_pad SAME strides times the input; ONNX Runtime less where the window is smaller than the stride',
    },
  ]

/** Why a finding is none. */
export const reasonFor = (target: string, outcome: Outcome): string | undefined =>
  explained.find((e) => e.targets.includes(target) && e.pattern.test(`${signatureOf(outcome)}\n${outcome.message}`))
    ?.reason
