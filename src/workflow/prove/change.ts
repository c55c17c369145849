import { KerfError } from '../../base/index.ts'
import type { ImageSet, Transform } from '../../data/index.ts'
import { freeBatch, graphInputs, type Model, simplified, type ValueInfo } from '../../graph/index.ts'
import { runnableOperators } from '../../ops/index.ts'
import type { PruneResult } from '../../prune/index.ts'
import { imagesFor, spread } from '../images.ts'
import { type Agreement, compareOutputs } from './agreement.ts'
import { cannotRun, type Engine } from './engine.ts'
import type { Feed } from './feeds.ts'

/*
 * An inexact cut is no masked network: means and maxima are taken over fewer channels. There is nothing to prove, but how much that changes can be
 * measured, on the same input: against the masked network, which is what the change of statistics alone does, and against the given one.
 */

/** How far a cut network is from others, on the same input. */
export interface Change {
  /** How many images it was measured on; 0: on random numbers. */
  readonly images: number
  /** From the masked network: what the change of statistics alone does. */
  readonly fromMasked: Agreement
  /** From the network as it was given. Absent where the cut is one of several. */
  readonly fromGiven?: Agreement
}

/** So many images are looked at, at most. */
const mostImages = 16

/** What an inexact cut is measured on. */
export interface ImageFeeds {
  /** How many there are; 0: random numbers. */
  readonly images: number
  /** They themselves, in one batch. */
  readonly feeds: readonly Feed[]
}

/**
 * Images as the model takes them, at most 16 of the set, in one batch: of the size that the model fixes only where it cannot be freed of that.
 * @param transforms applied to each image, in order
 * @throws KerfError as `imagesFor`; `no-data`
 */
export async function imageFeeds(model: Model, set: ImageSet, transforms: readonly Transform[]): Promise<ImageFeeds> {
  const some = spread(set, mostImages)
  const { shape, batchSize, batches } = imagesFor(model, some, transforms, isFree(model) ? some.count : undefined)
  const [{ name, type }] = graphInputs(model.graph) as [ValueInfo]
  const elementType = type?.kind === 'tensor' ? type.elementType : 'float32'
  for await (const { images, count } of batches)
    return {
      images: count,
      feeds: [{ name, elementType, shape: [batchSize, ...shape], values: Float64Array.from(images) }],
    }
  throw new KerfError('no-data', 'There are no training images.')
}

function isFree(model: Model): boolean {
  try {
    freeBatch(simplified(model, runnableOperators), runnableOperators)
    return true
  } catch (error) {
    if (error instanceof KerfError && error.code === 'fixed-batch') return false
    throw error
  }
}

/** @returns undefined where there is nothing to compare, the reason where no engine runs the networks */
export async function changeOf(
  result: PruneResult,
  given: Model | undefined,
  { images, feeds }: ImageFeeds,
  sized: (model: Model) => Model,
  engines: readonly (Engine | undefined)[],
  signal: AbortSignal | undefined,
): Promise<Change | KerfError | undefined> {
  let cannot: KerfError | undefined
  for (const engine of engines) {
    if (!engine) continue
    try {
      const run = (model: Model) => engine.run(sized(model), feeds, signal)
      const cut = await run(result.model)
      const from = async (model: Model) => compareOutputs(await run(model), cut, result.outputs)
      const fromMasked = await from(result.masked!)
      const fromGiven = given && (await from(given))
      return fromMasked && { images, fromMasked, ...(fromGiven ? { fromGiven } : {}) }
    } catch (error) {
      if (!cannotRun.has((error as KerfError).code)) throw error
      cannot ??= error as KerfError
    }
  }
  return cannot
}
