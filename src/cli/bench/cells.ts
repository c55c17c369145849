const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']
const barWidth = 20

/** A bar of at most 20 characters, in eighths of one. */
export function bar(part: number): string {
  const steps = Math.max(1, Math.round(part * barWidth * 8))
  return '█'.repeat(Math.floor(steps / 8)) + eighths[steps % 8]
}

export const milliseconds = (value: number): string =>
  value < 1 ? value.toFixed(3) : value < 100 ? value.toFixed(2) : value.toFixed(0)

/** So many decimals, and more where nothing would be left of a number: two digits at least. */
export function decimals(value: number, count: number): string {
  const text = value.toFixed(count)
  return Number(text) === 0 && value > 0 ? String(Number(value.toPrecision(2))) : text
}
