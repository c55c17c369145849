import { KerfError, type Task } from '../../base/index.ts'
import { fixesBatch, freeBatch, graphInputs, type Model, simplified, type ValueInfo } from '../../graph/index.ts'
import { operators } from '../../ops/index.ts'
import type { PruneResult } from '../../prune/index.ts'
import type { Table } from '../../report/index.ts'
import type { Recipe } from '../../train/index.node.ts'
import { type Agreement, agreementText, compareOutputs } from '../agreement.ts'
import { imagesFor, openRecipeData, spread } from '../data/given-data.ts'
import type { Feed } from '../onnx-runtime.ts'
import { cannotRun, type Engine } from './engines.ts'

/*
 * An inexact cut is no masked network: means and maxima are taken over fewer channels. There is nothing to prove, but how much that changes can be
 * measured, on the same input: against the masked network, which is what the change of statistics alone does, and against the given one.
 */

export interface Change {
  /** How many images it was measured on; 0: on random numbers. */
  readonly images: number
  readonly fromMasked: Agreement
  /** Absent where the cut is one of several. */
  readonly fromGiven?: Agreement
}

/** So many images are looked at, at most. */
const mostImages = 16

/** What an inexact cut is measured on. */
export interface ImageFeeds {
  readonly images: number
  readonly feeds: readonly Feed[]
}

/**
 * Training images as the model takes them, in one batch: of the size that it fixes only where it cannot be freed of that.
 * @throws KerfError as `openRecipeData` and `imagesFor`
 */
export async function imageFeeds(model: Model, recipe: Recipe, task: Task): Promise<ImageFeeds> {
  const set = spread((await openRecipeData(recipe, task)).train, mostImages)
  const { shape, batchSize, batches } = imagesFor(model, set, recipe.transforms, isFree(model) ? set.count : undefined)
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
    freeBatch(simplified(model, operators), operators)
    return true
  } catch (error) {
    if (error instanceof KerfError && error.code === 'fixed-batch') return false
    throw error
  }
}

/** The model for as many images as there are, where its file fixes another number. */
export const forBatch = (model: Model, { feeds: [feed] }: ImageFeeds): Model =>
  fixesBatch(model, feed?.shape[0] ?? 1) ? freeBatch(simplified(model, operators), operators) : model

/** @returns undefined where there is nothing to compare, the reason where no engine runs the networks */
export async function changeOf(
  result: PruneResult,
  given: Model | undefined,
  { images, feeds }: ImageFeeds,
  sized: (model: Model) => Model,
  engines: readonly (Engine | undefined)[],
): Promise<Change | KerfError | undefined> {
  let cannot: KerfError | undefined
  for (const engine of engines) {
    if (!engine) continue
    try {
      const run = (model: Model) => engine.run(sized(model), feeds)
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

export const changeFacts = ({ images, fromMasked, fromGiven }: Change): [string, string][] => [
  ['Measured on', images > 0 ? `training images: ${images}` : 'random numbers (--data measures on images)'],
  ['Cut − masked', `${agreementText(fromMasked)}: what the changed statistics do`],
  ...(fromGiven ? [['Cut − given', agreementText(fromGiven)] as [string, string]] : []),
]

export function inexactTable({ inexact }: PruneResult): Table[] {
  if (inexact.length === 0) return []
  return [
    {
      title: 'Inexact: these nodes give other numbers than in the masked network',
      columns: [
        { key: 'node', header: 'Node', shorten: true },
        { key: 'removed', header: 'Removed', kind: 'count' },
        { key: 'channels', header: 'Of', kind: 'count' },
        { key: 'why', header: 'Because', wrap: true },
      ],
      rows: inexact.map(({ node, removed, channels, why }) => [node, removed, channels, why]),
    },
  ]
}
