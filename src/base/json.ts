/** Nothing that Kerf writes comes near; what is much deeper ends every walk over it with an overflow of the stack. */
const deepest = 100

/**
 * What a file's JSON says.
 * @throws SyntaxError where it is none, or where it is nested more than 100 levels deep
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  let level: readonly unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) throw new SyntaxError(`it is nested more than ${deepest} levels deep`)
    level = level.flatMap((v) => (typeof v === 'object' && v !== null ? Object.values(v) : []))
  }
  return value
}
