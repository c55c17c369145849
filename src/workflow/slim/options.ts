import { KerfError, type NamePattern } from '../../base/index.ts'
import { type ImageSet, splitSet, type Transform } from '../../data/index.ts'
import type { Allocation, Criterion } from '../../prune/index.ts'
import type { RunningOptions } from '../../runtime/index.ts'
import type { TimingRuntime } from '../times/runtimes.ts'
import type { SlimMemory } from './memory.ts'
import type { SlimOf, SlimStage } from './result.ts'

/** What a network is to become, on which images. One of the four targets is given. */
export interface SlimOptions extends RunningOptions {
  /**
   * What the network sees: to choose what goes, to recover and to distil by, and to judge by, where no `validation` is given. At least 20; some hundreds are
   * good. A set without classes has no labels, and needs none.
   */
  readonly images: ImageSet
  /** What happens to images on their way to the network; what only training has (crop, flip …) is for distillation. Default none. */
  readonly transforms?: readonly Transform[]
  /** Images to judge by, which nothing else sees. Default: a part of `images`, drawn by the seed from every class alike. */
  readonly validation?: ImageSet
  /** That part. Default 0.25. */
  readonly heldOut?: number
  /** Images that both networks are judged by once, at the end, and nothing is chosen by. Default none. */
  readonly test?: ImageSet
  /** False: labels are not looked at. Default: they are, where the images have classes. */
  readonly labels?: boolean
  /** So many times as fast, as measured: 2 for half of the time. */
  readonly faster?: number
  /** Milliseconds that a run of one image may take. */
  readonly targetMs?: number
  /** The part of the MACs that may stay, in (0, 1). */
  readonly targetMacs?: number
  /** So many times smaller, in bytes of weights. */
  readonly smaller?: number
  /** How far quality may fall, as a part of all images: 0.01 (default) for one point of accuracy. */
  readonly maxDrop?: number
  /** In how many steps the target is gone to, each by the same factor. Default 4. */
  readonly rounds?: number
  /** Epochs of distillation in a round where recovery does not keep the quality. 0: none. Default 10. */
  readonly epochs?: number
  /** Highest learning rate of distillation. Default 0.01. */
  readonly learningRate?: number
  /** What goes first. Default `l2`. */
  readonly criterion?: string | Criterion
  /** Filters, neurons, or both (default). */
  readonly methods?: readonly ('filter' | 'neuron')[]
  /** Layers to leave alone. */
  readonly keep?: readonly NamePattern[]
  /** Widths that remain are multiples of this. Default 1. */
  readonly roundTo?: number
  /** How widths are chosen: see `Target.allocate`. Default `cost` for milliseconds, `uniform` for others. */
  readonly allocate?: Allocation
  /** Where networks are timed. Default: Kerf's own runtime, on one thread. */
  readonly timing?: TimingRuntime
  /** Draws what is random: held-out images, the order of distillation. Default 0. */
  readonly seed?: number
  /** What is kept for going on. Default: nothing. */
  readonly memory?: SlimMemory
  /** Told of everything that is done. */
  readonly onStage?: (stage: SlimStage) => void
}

/** What is to be reached: a part of what there is, or an amount. */
export interface SlimTarget {
  readonly of: SlimOf
  readonly part?: number
  readonly value?: number
}

/** @throws KerfError `bad-options` unless there is one target, and every number is what it has to be */
export function targetOf({ faster, targetMs, targetMacs, smaller }: SlimOptions): SlimTarget {
  const given = Object.entries({ faster, targetMs, targetMacs, smaller }).filter(([, value]) => value !== undefined)
  if (given.length !== 1)
    throw new KerfError(
      'bad-options',
      `Say what is to be reached, in one way: faster, targetMs, targetMacs or smaller; received ${given.map(([name]) => name).join(' and ') || 'none'}.`,
    )
  const above = (name: string, value: number, least: number, example: string) => {
    if (value > least && Number.isFinite(value)) return value
    throw new KerfError(
      'bad-options',
      `${name} must be a number above ${least}, as in ${example}. Received ${value}.`,
      {
        received: value,
      },
    )
  }
  if (faster !== undefined) return { of: 'milliseconds', part: 1 / above('faster', faster, 1, '2') }
  if (smaller !== undefined) return { of: 'bytes', part: 1 / above('smaller', smaller, 1, '2') }
  if (targetMs !== undefined) return { of: 'milliseconds', value: above('targetMs', targetMs, 0, '3.2') }
  const part = above('targetMacs', targetMacs!, 0, '0.5')
  if (part < 1) return { of: 'macs', part }
  throw new KerfError('bad-options', `targetMacs must be below 1: 0.5 for half of the MACs. Received ${part}.`, {
    received: part,
  })
}

/** @throws KerfError `bad-options` */
export function checkNumbers({ maxDrop = 0.01, rounds = 4, epochs = 10, heldOut = 0.25 }: SlimOptions): void {
  const check = (holds: boolean, what: string, received: number) => {
    if (!holds) throw new KerfError('bad-options', `${what} Received ${received}.`, { received })
  }
  check(maxDrop >= 0 && maxDrop < 1, 'maxDrop is a part of all images, from 0 to below 1: 0.01 for one point.', maxDrop)
  check(Number.isInteger(rounds) && rounds >= 1, 'rounds is a whole number of at least 1.', rounds)
  check(Number.isInteger(epochs) && epochs >= 0, 'epochs is a whole number, 0 for no distillation.', epochs)
  check(heldOut > 0 && heldOut < 1, 'heldOut is a part of the images, between 0 and 1.', heldOut)
}

/** Images that a network is changed by, and those that judge it. */
export interface SlimImages {
  readonly fit: ImageSet
  readonly judge: ImageSet
}

/** Fewer say nothing. */
export const leastImages = 20

/** @throws KerfError `too-few-images`, `bad-options` for sets that differ */
export function dividedImages({ images, validation, heldOut = 0.25, seed = 0 }: SlimOptions): SlimImages {
  const all = images.count + (validation?.count ?? 0)
  if (all < leastImages)
    throw new KerfError(
      'too-few-images',
      `${all} images are too few to change a network by and to judge it by: at least ${leastImages} are needed, some hundreds are good. Give more.`,
      { count: all, least: leastImages },
    )
  if (!validation) {
    const { rest, part } = splitSet(images, heldOut, seed, 'validation')
    return { fit: rest, judge: part }
  }
  if (validation.count === 0)
    throw new KerfError('no-images', 'There are no validation images. Give some, or none at all.')
  return { fit: images, judge: validation }
}
