import { InvalidArgumentError } from 'commander'

export type InputShapes = ReadonlyMap<string, readonly number[]>

/**
 * `1,3,224,224` (the only input) or `name:1,3,224,224`, repeatable. Names may contain colons: the last one counts.
 * @throws InvalidArgumentError, which is wrong usage
 */
export function inputShape(text: string, before: InputShapes = new Map()): InputShapes {
  const at = text.lastIndexOf(':')
  const name = at < 0 ? '' : text.slice(0, at)
  const sizes = text.slice(at + 1).split(/[,x×]/)
  const shape = sizes.map((size) => (/^\s*\d+\s*$/.test(size) ? Number(size) : Number.NaN))
  if (at === 0 || !shape.every((d) => d >= 1 && d <= 2 ** 31))
    throw new InvalidArgumentError('Give positive sizes, as in 1,3,224,224 or image:1,3,224,224.')
  if (before.has(name))
    throw new InvalidArgumentError(name === '' ? 'The shape is given twice.' : `The shape of "${name}" is given twice.`)
  return new Map([...before, [name, shape]])
}

/** @throws InvalidArgumentError unless the text is a whole number of at least 1 */
export function positiveInteger(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < 1 || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('Give a whole number of at least 1.')
  return value
}

/** @throws InvalidArgumentError unless the text is a whole number */
export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw new InvalidArgumentError('Give a whole number, as in 10.')
  return Number(text)
}

/** @throws InvalidArgumentError unless the text is a port that a program can ask for */
export function portNumber(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < 1 || value > 65535)
    throw new InvalidArgumentError('Give a whole number from 1 to 65535, as in 8000.')
  return value
}

/** `0.5` or `50%`, as a part of 1; NaN where it is neither. */
export function portion(text: string): number {
  const [, digits = '', percent] = /^(.*?)\s*(%?)$/.exec(text.trim()) ?? []
  return digits === '' ? Number.NaN : Number(digits) / (percent ? 100 : 1)
}

/** `8GB`, `512MiB`, `2g`, `1000000`: bytes. @throws InvalidArgumentError, which is wrong usage */
export function byteCount(text: string): number {
  const [, digits, prefix = '', binary] = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])(i?)b?|b)?$/i.exec(text.trim()) ?? []
  const bytes = Number(digits) * (binary === '' ? 1000 : 1024) ** ' kmgt'.indexOf(prefix.toLowerCase() || ' ')
  if (!(bytes >= 1)) throw new InvalidArgumentError('Give a size, as in 8GB or 512MiB.')
  return Math.floor(bytes)
}

/** That a network can be run with. */
export const mostThreads = 256

/** @throws InvalidArgumentError unless the text is a number of threads that a network can be run with */
export function threadCount(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < 1 || value > mostThreads)
    throw new InvalidArgumentError(`Give a whole number from 1 to ${mostThreads}.`)
  return value
}

/** @throws InvalidArgumentError unless the text is a number greater than 0 */
export function positiveNumber(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value > 0 && value < Number.POSITIVE_INFINITY))
    throw new InvalidArgumentError('Give a number greater than 0, as in 0.01.')
  return value
}

export interface Fraction {
  readonly numerator: number
  readonly denominator: number
}

/**
 * `1/4` or `0.25`, exactly.
 * @throws InvalidArgumentError unless it is greater than 0 and at most 1
 */
export function fraction(text: string): Fraction {
  const parts = /^(\d+)\/(\d+)$/.exec(text)
  const decimal = /^(\d*)\.?(\d*)$/.exec(text)
  const digits = decimal?.[2] ?? ''
  const numerator = parts ? Number(parts[1]) : Number(`${decimal?.[1] ?? ''}${digits}` || Number.NaN)
  const denominator = parts ? Number(parts[2]) : 10 ** digits.length
  const value = numerator / denominator
  if (
    (!parts && !decimal) ||
    !(value > 0 && value <= 1) ||
    !Number.isSafeInteger(numerator) ||
    !Number.isSafeInteger(denominator)
  )
    throw new InvalidArgumentError('Give a part between 0 and 1, as in 1/4 or 0.25.')
  return { numerator, denominator }
}
