import picomatch from 'picomatch'
import type { NamePattern } from '../graph/frozen.ts'

/** A glob over names; `*` goes over slashes and dots, which mean nothing special in names. */
export function namePattern(glob: string): NamePattern {
  const matches = picomatch(glob, { bash: true, dot: true })
  return { text: glob, matches: (name) => name === glob || matches(name) }
}
