import type { Model } from '../api/graph.ts'
import { type BlockName, type BlockOptions, blockNames, buildBlock } from '../api/nets.ts'
import { didYouMean, KerfError } from '../base/index.ts'
import { type Fraction, fraction, positiveInteger } from './options.ts'

/* Layers and blocks by the letters that `kerf formulas` and `kerf new` have: of their flags, and of `design:separable,c=96,k=3`. */

/** Sizes of a block, by their letters. */
export interface BlockLetters {
  /** Channels in and out. */
  readonly c?: number
  readonly in?: number
  readonly out?: number
  readonly h?: number
  readonly w?: number
  readonly k?: number
  readonly stride?: number
  readonly g?: number
  readonly n?: number
  readonly t?: number
  readonly r?: Fraction
}

/** How each is read. */
const readers: { readonly [L in keyof Required<BlockLetters>]: (text: string) => Required<BlockLetters>[L] } = {
  ...{ c: positiveInteger, in: positiveInteger, out: positiveInteger, h: positiveInteger, w: positiveInteger },
  ...{ k: positiveInteger, stride: positiveInteger, g: positiveInteger, n: positiveInteger, t: positiveInteger },
  r: fraction,
}
const letters = Object.keys(readers) as (keyof BlockLetters)[]

/** The sizes as `buildBlock` takes them; those that are not given keep its defaults. */
export function blockOptions(o: BlockLetters, channels: number): BlockOptions {
  const sizes = {
    outChannels: o.out,
    kernel: o.k,
    stride: o.stride,
    groups: o.g,
    branches: o.n,
    expansion: o.t,
    part: o.r && o.r.numerator / o.r.denominator,
  }
  const height = o.h ?? 56
  return { inChannels: o.in ?? o.c ?? channels, inputSize: [height, o.w ?? height], ...given(sizes) }
}

/** Those that were given: an option that is undefined would replace its default. */
export const given = <T extends object>(options: T) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }

const prefix = 'design:'

/** Whether a model is meant by what it is made of, and not by a file. */
export const isDesign = (text: string): boolean => text.startsWith(prefix)

/** Channels of a design that says none, as `kerf formulas` has them. */
const defaultChannels = 96

/**
 * `design:inverted-bottleneck,c=96,t=6`: a layer or block, its convolutions alone, as `kerf formulas` counts them.
 * @throws KerfError `bad-design` for a design that there is not, or sizes that are none; as `buildBlock`
 */
export function designModel(text: string): Model {
  const [name = '', ...sizes] = text.slice(prefix.length).split(',')
  const bad = (why: string) => {
    const remedy = `Write it as in ${prefix}separable,c=96,k=3. Sizes: ${letters.join(', ')}.`
    return new KerfError('bad-design', `${text}: ${why} ${remedy}`, { design: text })
  }
  if (!blockNames.includes(name as BlockName))
    throw bad(`there is no design "${name}".${didYouMean(name, blockNames)} There are ${blockNames.join(', ')}.`)
  const found = new Map<string, unknown>()
  for (const size of sizes) {
    const at = size.indexOf('=')
    const [letter, value] = [at < 0 ? size : size.slice(0, at), at < 0 ? '' : size.slice(at + 1)]
    if (!letters.includes(letter as keyof BlockLetters)) throw bad(`"${letter}" is no size.`)
    if (found.has(letter)) throw bad(`${letter} is given twice.`)
    try {
      found.set(letter, readers[letter as keyof BlockLetters](value))
    } catch (error) {
      throw bad(`${letter}: ${(error as Error).message}`)
    }
  }
  const read: BlockLetters = Object.fromEntries(found)
  if (read.c !== undefined && (read.in !== undefined || read.out !== undefined))
    throw bad('c is for both ends: give it, or in and out.')
  return buildBlock(name as BlockName, { ...blockOptions(read, defaultChannels), bare: true })
}
