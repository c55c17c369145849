import picomatch from 'picomatch/posix.js'

/** Picks layers, tensors or values by their names. */
export interface NamePattern {
  /** As it was written, for messages. */
  readonly text: string
  /** Whether `name` is meant. */
  matches(name: string): boolean
}

/**
 * `text` as a glob over names, as picomatch reads it: `*` any characters, `?` one, `[a-c]` one of these, `{one,two}`, `{1..3}` and `@(a|b)` alternatives; a `!` in front of
 * all: whatever does not match. Slashes and dots mean nothing special in names. A name always matches itself.
 */
export function namePattern(text: string): NamePattern {
  if (text === '') return { text, matches: (name) => name === '' }
  const matches = picomatch(text, { bash: true, dot: true, flags: 's' })
  return { text, matches: (name) => name === text || matches(name) }
}
