/**
 * Options, and of `defaults` what they leave out or give as undefined: who hands options on from one function to the next
 * names them all, and a spread would put undefined in a default's place.
 */
export function withDefaults<T extends object>(options: T, defaults: Partial<T>): T {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return { ...defaults, ...Object.fromEntries(given) } as T
}
