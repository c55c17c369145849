import { InvalidArgumentError } from 'commander'
import { portion } from '../options.ts'

/** `1%`, `0.5 %` or `0.01`. @throws InvalidArgumentError, which is wrong usage, as all below */
export function drop(text: string): number {
  const value = portion(text)
  if (!(value >= 0 && value < 1)) throw new InvalidArgumentError('Give a part of the images, as in 1% or 0.01.')
  return value
}

/** `2`, `2x`: so many times. */
export function times(text: string): number {
  const value = Number(text.replace(/[x×]$/, ''))
  if (!(value > 1 && value < Number.POSITIVE_INFINITY))
    throw new InvalidArgumentError('Give a number above 1, as in 2.')
  return value
}
