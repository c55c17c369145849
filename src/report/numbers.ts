/** `1,814,073,344`; fractions keep up to 3 digits. */
export function withSeparators(value: number): string {
  if (!Number.isFinite(value) || (Number.isInteger(value) && Math.abs(value) < 1000)) return String(value)
  const [whole, fraction] = (Number.isInteger(value) ? value.toString() : value.toFixed(3).replace(/\.?0+$/, '')).split(
    '.',
  )
  // Beyond 10^21 numbers print with an exponent, which has no thousands.
  if (!/^-?\d+$/.test(whole!)) return String(value)
  return whole!.replace(/\B(?=(\d{3})+$)/g, ',') + (fraction ? `.${fraction}` : '')
}

const prefixes = ['', 'k', 'M', 'G', 'T', 'P']

/**
 * About three digits with a decimal (SI) prefix: `1.81 G`, `605 k`, `42`.
 * @param unit written behind the prefix: `1.81 GB`
 * @param value any number
 */
export function human(value: number, unit = ''): string {
  let scaled = value
  let p = 0
  // 999.5 would print as 1000.
  while (Math.abs(scaled) >= 999.5 && p < prefixes.length - 1) {
    scaled /= 1000
    p++
  }
  const digits =
    Number.isInteger(value) && p === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.max(1, Math.abs(scaled)))))
  const suffix = `${prefixes[p]}${unit}`
  return `${scaled.toFixed(digits)}${suffix ? ` ${suffix}` : ''}`
}

/** A quotient to four significant digits, or as many as tell it from 1: `0.5`, `0.8937`, `23.23`, `1.00002`. */
export function ratioText(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value)
  if (Math.abs(value) >= 10_000) return withSeparators(Math.round(value))
  for (let digits = 4; digits <= 15; digits++) {
    const rounded = Number(value.toPrecision(digits))
    if (rounded !== 1 || value === 1) return String(rounded)
  }
  return String(value)
}

/**
 * `1×64×112×112`, with `?` for unknown sizes; `scalar` for no dimensions.
 * @param shape null entries are unknown sizes, null alone an unknown shape
 */
export function shapeText(shape: readonly (number | null)[] | null): string {
  if (!shape) return '?'
  return shape.length === 0 ? 'scalar' : shape.map((d) => d ?? '?').join('×')
}

/**
 * Three significant digits: 0.00123, 1.2e-7, 45600.
 * @param value any number
 */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  const [a, rounded] = [Math.abs(value), Number(value.toPrecision(3))]
  return a !== 0 && (a < 1e-4 || a >= 1e6) ? rounded.toExponential().replace('e+', 'e') : String(rounded)
}

/** A value as legends and bars print it. */
export const valueText = (format: 'number' | 'percent' | undefined, value: number): string =>
  format === 'percent' ? `${Number((value * 100).toPrecision(4))}%` : shortNumber(value)
