import type { Model } from '../../api/graph.ts'
import { type Allocation, type Criterion, criterionOf, outputLoss, type PruneOptions } from '../../api/prune.ts'
import { withCrossEntropy } from '../../api/train.node.ts'
import { imagesFor } from '../../api/workflow.node.ts'
import { inOrderOf } from '../data/given-data.ts'
import { type ImageSource, someImages } from '../data/image-source.ts'
import { UsageError } from '../errors.ts'

const needs: Readonly<Record<Criterion['needs'], string>> = {
  weights: 'weights',
  images: 'images',
  loss: 'images, and a loss: of labels or of the outputs',
  labels: 'images and labels',
}

/** What a criterion has to be given, for people. */
export const needsText = (criterion: Criterion): string =>
  `${needs[criterion.needs]}${criterion.ranking === 'global' ? ', all layers together (--global)' : ''}`

export const losses = ['labels', 'outputs'] as const

/** What `--criterion`, `--images` and `--loss` say; `--recover` and `--allocate outputs` look at images, too. */
export interface ScoringFields {
  readonly criterion: string
  readonly images?: number
  readonly recover?: boolean
  readonly allocate?: Allocation
  readonly loss?: (typeof losses)[number]
}

/** So many images are looked at where nobody says how many. */
export const scoringImages = 64

export const looksAtImages = ({ needs }: Criterion): boolean => needs !== 'weights'

const asksLoss = ({ needs }: Criterion): boolean => needs === 'loss' || needs === 'labels'

/** Why the criterion needs labels, in a sentence; undefined where it does not. */
export function whyLabels({ criterion: name, loss }: ScoringFields): string | undefined {
  const criterion = criterionOf(name)
  if (!asksLoss(criterion) || loss === 'outputs') return undefined
  const instead =
    criterion.needs === 'labels' ? 'kerf criteria lists those that need none' : '--loss outputs needs none'
  return `The criterion ${name} looks at labels; ${instead}.`
}

/**
 * Images and loss for a criterion that looks at them.
 * @param source where the images are, and what happens to them
 * @param notice is told what the user should know
 * @throws UsageError for options that the criterion has no use for, and where no data are given; KerfError `too-few-images`
 */
export async function scoringOptions(
  model: Model,
  { criterion: name, images, recover, allocate, loss }: ScoringFields,
  source: ImageSource | undefined,
  notice: (text: string) => void,
): Promise<Pick<PruneOptions, 'images' | 'loss'>> {
  const criterion = criterionOf(name)
  const isLookedAt = looksAtImages(criterion) || allocate === 'outputs'
  if (images !== undefined && !recover && !isLookedAt)
    throw new UsageError(`--images: the criterion ${name} looks at weights alone. Leave it out, or take another one.`)
  if (loss !== undefined && !asksLoss(criterion))
    throw new UsageError(`--loss: the criterion ${name} asks no loss. Leave it out, or take another one.`)
  if (!isLookedAt) return {}
  if (!source)
    throw new UsageError(
      `${looksAtImages(criterion) ? `The criterion ${name}` : '--allocate outputs'} looks at images: say which, as in --data photos/ (--help has examples). Nothing was written.`,
    )
  const set = await source.open()
  const ordered = whyLabels({ criterion: name, loss }) === undefined ? { set } : inOrderOf(model, set, undefined)
  if (ordered.notice) notice(ordered.notice)
  return {
    images: imagesFor(model, someImages(ordered.set, images, scoringImages), source.transforms),
    ...(asksLoss(criterion) ? { loss: loss === 'outputs' ? outputLoss : withCrossEntropy } : {}),
  }
}
