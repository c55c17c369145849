/*
 * What a view asks for before anybody says what: half, where half can be reached; else as far as halfway to what can.
 */

/** What of a wish nobody has chosen, and the engine may choose. */
export interface Free {
  readonly amount: boolean
  /** What kind of thing is done. */
  readonly kind: boolean
}

/**
 * A part of the whole between all of it and the least that can be reached, in percent where that is exact enough.
 * @param least in [0, 1)
 * @returns undefined where there is no thousandth between the two
 */
export function halfway(least: number): number | undefined {
  return [100, 1000].map((unit) => Math.ceil((unit * (1 + least)) / 2) / unit).find((part) => part < 1)
}
