const bars = '▁▂▃▄▅▆▇█'

/**
 * Values as one line of bars, lowest to highest. More values than `width` (40 by default) are averaged in stretches; one that is not finite
 * is a blank; equal ones are low bars.
 * @param values in order
 * @param width most characters
 * @param range what the lowest and the highest bar stand for, where lines are to be compared
 */
export function sparkline(values: readonly number[], width = 40, range?: readonly [low: number, high: number]): string {
  const count = Math.min(width, values.length)
  const means = Array.from({ length: count }, (_, i) => {
    const part = values.slice(Math.floor((i * values.length) / count), Math.floor(((i + 1) * values.length) / count))
    return part.reduce((sum, v) => sum + v, 0) / part.length
  })
  const finite = means.filter((v) => Number.isFinite(v))
  const low = range?.[0] ?? finite.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
  const high = range?.[1] ?? finite.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  const bar = (v: number) => bars[high > low ? Math.max(0, Math.min(7, Math.floor(((v - low) / (high - low)) * 8))) : 0]
  return means.map((v) => (Number.isFinite(v) ? bar(v) : ' ')).join('')
}
