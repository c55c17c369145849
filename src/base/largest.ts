/** The largest of numbers, of which there may be more than a call may have arguments (Math.max). */
export function largest(numbers: Iterable<number>, least = Number.NEGATIVE_INFINITY): number {
  let most = least
  for (const number of numbers) most = Math.max(most, number)
  return most
}
