import { getOrAdd } from '../base/index.ts'
import type { Buffer, Located, Run } from './task.ts'

/*
 * Channels of a value, each with the place where it lies: what cutting off, putting side by side and shuffling channels comes to while nothing moves.
 */

/** Where each channel of a value lies: in which of what holds channels, and at which place of a pixel there. */
export interface Channels<T> {
  readonly of: readonly T[]
  readonly slots: readonly number[]
}

/** All channels of something, in order. */
export const allOf = <T>(holder: T, count: number): Channels<T> => ({
  of: new Array<T>(count).fill(holder),
  slots: Array.from({ length: count }, (_, c) => c),
})

/** Some channels of some values, one behind the other. */
export function picked<T>(
  parts: readonly { readonly input: number; readonly first: number; readonly count: number }[],
  inputs: readonly (Channels<T> | undefined)[],
): Channels<T> | undefined {
  const of: T[] = []
  const slots: number[] = []
  for (const { input, first, count } of parts) {
    const given = inputs[input]
    if (!given) return undefined
    for (let c = first; c < first + count; c++) {
      of.push(given.of[c]!)
      slots.push(given.slots[c]!)
    }
  }
  return { of, slots }
}

/** Channels that lie side by side in what holds them, at even distances in the value. */
export interface RunOf<T> {
  readonly of: T
  /** The first of them there. */
  readonly first: number
  readonly count: number
  /** Which channel of the value the first one is, and how many further each of the others is. */
  readonly at: number
  readonly step: number
}

/** The fewest runs, those of one holder behind one another. */
export function runsOf<T>({ of, slots }: Channels<T>): RunOf<T>[] {
  const byHolder = new Map<T, number[]>()
  of.forEach((holder, channel) => {
    getOrAdd(byHolder, holder, () => []).push(channel)
  })
  const runs: RunOf<T>[] = []
  for (const [holder, channels] of byHolder) {
    channels.sort((a, b) => slots[a]! - slots[b]! || a - b)
    for (let i = 0; i < channels.length; ) {
      const at = channels[i]!
      const first = slots[at]!
      const follows = (n: number) => channels[i + n] !== undefined && slots[channels[i + n]!] === first + n
      const step = follows(1) ? channels[i + 1]! - at : 1
      let count = 1
      while (follows(count) && channels[i + count]! === at + count * step) count++
      runs.push({ of: holder, first, count, at, step })
      i += count
    }
  }
  return runs
}

/** The one holder that has these channels, all and nothing else, in order; undefined where they lie otherwise. */
export function soleHolder<T>(
  { of, slots }: Channels<T>,
  channelsOf: (holder: T) => number | undefined,
): T | undefined {
  const [only] = of
  const isSole = of.every((holder, c) => holder === only && slots[c] === c)
  return only !== undefined && isSole && channelsOf(only) === of.length ? only : undefined
}

/** Where the channels of a value lie, which has them last. */
export function channelsOf({ buffer, shape, runs }: Located): Channels<Buffer> {
  if (!runs) return allOf(buffer, shape[1]!)
  const of = new Array<Buffer>(shape[1]!)
  const slots = new Array<number>(shape[1]!)
  for (const { buffer, first, count, at, step } of runs)
    for (let i = 0; i < count; i++) {
      of[at + i * step] = buffer
      slots[at + i * step] = first + i
    }
  return { of, slots }
}

/** A value whose channels lie there. @param shape of the value */
export function locatedAt(channels: Channels<Buffer>, shape: readonly number[]): Located {
  const sole = soleHolder(channels, (buffer) => buffer.shape[1])
  if (sole) return { buffer: sole, shape, layout: 'channelsLast' }
  const runs = runsOf(channels).map(({ of, ...run }): Run => ({ buffer: of, ...run }))
  return { buffer: runs[0]!.buffer, shape, layout: 'channelsLast', runs }
}

/** All buffers that a value lies in. */
export const buffersOf = ({ buffer, runs }: Located): readonly Buffer[] => runs?.map((run) => run.buffer) ?? [buffer]

/** Whether the channels lie side by side and in order, perhaps among others. */
export function isOneRun({ shape, runs }: Located): boolean {
  if (!runs) return true
  const [run] = runs
  return run?.count === shape[1] && run?.at === 0 && (run.step === 1 || run.count === 1)
}

/** Whether its runs, one behind the other, have all channels in order. */
export function isInOrder({ runs = [] }: Located): boolean {
  let next = 0
  return runs.every(({ at, count, step }) => {
    const fits = at === next && (step === 1 || count === 1)
    next += count
    return fits
  })
}

/** Channels from one pixel to the next, of a value that is one run. */
export const pixelOf = ({ buffer, shape, runs }: Located): number => (runs ? buffer.shape[1]! : shape[1]!)
