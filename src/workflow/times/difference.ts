/**
 * How far the outputs of two runtimes lie apart: the largest difference over all of them, as a part of the largest absolute value of that output.
 * @param a values by the names of the outputs
 * @param b the other runtime's; one that is missing is infinitely far
 */
export function relativeDifference(
  a: ReadonlyMap<string, ArrayLike<number>>,
  b: ReadonlyMap<string, ArrayLike<number>>,
): number {
  let worst = 0
  for (const [name, values] of a) {
    const others = b.get(name)
    if (!others || others.length !== values.length) return Number.POSITIVE_INFINITY
    let size = 0
    let difference = 0
    for (let i = 0; i < values.length; i++) {
      const [v, w] = [values[i]!, others[i]!]
      if (Number.isFinite(v)) size = Math.max(size, Math.abs(v))
      // NaN on one side only is no agreement.
      if (!Object.is(v, w))
        difference = Math.max(difference, Number.isNaN(v - w) ? Number.POSITIVE_INFINITY : Math.abs(v - w))
    }
    worst = Math.max(worst, difference / (size || 1))
  }
  return worst
}
