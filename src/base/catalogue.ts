import { KerfError } from './error.ts'
import { didYouMean } from './nearest.ts'

/**
 * An entry of an open list by its name, or an object of one's own as it is given.
 * @param what one word for an entry: `criterion`
 * @throws KerfError `unknown-…` with those that there are
 */
export function entryOf<T extends { readonly name: string }>(what: string, list: readonly T[], given: string | T): T {
  if (typeof given !== 'string') return given
  const found = list.find((entry) => entry.name === given)
  if (found) return found
  const names = list.map((entry) => entry.name)
  throw new KerfError(
    `unknown-${what}`,
    `There is no ${what} "${given}".${didYouMean(given, names)} There are: ${names.join(', ')}; or give an object of your own.`,
    { [what]: given },
  )
}
