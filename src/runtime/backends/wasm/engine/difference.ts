/** The file of which `difference` (scripts/difference.ts) says how it differs from `base`. */
export function withDifference(base: Uint8Array, difference: Uint8Array): Uint8Array<ArrayBuffer> {
  let at = 0
  /** LEB128. */
  const number = (): number => {
    const byte = difference[at++]!
    return byte < 128 ? byte : byte - 128 + 128 * number()
  }
  const parts: Uint8Array[] = []
  for (let next = 0; ; ) {
    const isNew = number()
    parts.push(difference.subarray(at, at + isNew))
    at += isNew
    if (at === difference.length) break
    const step = number()
    const from = step % 2 === 1 ? next - (step + 1) / 2 : next + step / 2
    next = from + number()
    parts.push(base.subarray(from, next))
  }
  const file = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let to = 0
  for (const part of parts) {
    file.set(part, to)
    to += part.length
  }
  return file
}
