// Smaller cases that show the same.

import type { Outcome, Target } from './outcome.ts'
import { signatureOf } from './outcome.ts'

/** Bytes without a part of it: halves, quarters … down to single bytes (as ddmin), and then with zeros in the place of parts. */
export function* smallerBytes(bytes: Uint8Array): Generator<Uint8Array> {
  for (let size = bytes.length >> 1; size >= 1; size >>= 1)
    for (let at = 0; at < bytes.length; at += size)
      yield Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + size)])
}

/** A JSON value without one of its parts, or with a list by half. */
export function* smallerJson(value: unknown): Generator<unknown> {
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    const half = value.length >> 1
    if (half > 0) yield* [value.slice(half), value.slice(0, half)]
    for (const i of value.keys()) yield value.toSpliced(i, 1)
    for (const [i, part] of value.entries()) for (const less of smallerJson(part)) yield value.with(i, less)
    return
  }
  const entries = Object.entries(value)
  for (const [key] of entries) yield Object.fromEntries(entries.filter(([other]) => other !== key))
  for (const [key, part] of entries) for (const less of smallerJson(part)) yield { ...value, [key]: less }
}

/**
 * Takes parts away as long as the outcome stays the same.
 * @param tries how many smaller cases are run at most
 */
export async function shrink(
  target: Pick<Target, 'smaller'>,
  bytes: Uint8Array,
  outcome: Outcome,
  run: (bytes: Uint8Array) => Promise<Outcome>,
  tries = 600,
): Promise<Uint8Array> {
  const wanted = signatureOf(outcome)
  let smallest = bytes
  let found = true
  while (found && tries > 0) {
    found = false
    // What was taken away before this place was needed a moment ago: go on from here, and begin again when nothing more goes.
    let skip = 0
    for (let more = true; more && tries > 0; ) {
      more = false
      let at = 0
      for (const candidate of target.smaller(smallest)) {
        if (at++ < skip) continue
        if (tries-- <= 0) break
        skip = at
        if (signatureOf(await run(candidate)) !== wanted) continue
        smallest = candidate
        skip = at - 1
        found = more = true
        break
      }
    }
  }
  return smallest
}
