import type { Model } from '../../api/graph.ts'
import { type Criterion, criterionOf, outputLoss, type PruneOptions } from '../../api/prune.ts'
import { type Recipe, withCrossEntropy } from '../../api/train.node.ts'
import { imagesFor, spread } from '../../api/workflow.node.ts'
import { KerfError, type Task } from '../../base/index.ts'
import { inOrderOf, openRecipeData } from '../data/given-data.ts'
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

/** What `--criterion`, `--images` and `--loss` say; `--recover` looks at images, too. */
export interface ScoringFields {
  readonly criterion: string
  readonly images?: number
  readonly recover?: boolean
  readonly loss?: (typeof losses)[number]
}

/** So many images are looked at where nobody says how many. */
export const scoringImages = 64

export const looksAtImages = ({ needs }: Criterion): boolean => needs !== 'weights'

const asksLoss = ({ needs }: Criterion): boolean => needs === 'loss' || needs === 'labels'

/**
 * Images and loss for a criterion that looks at them.
 * @param recipe where the images are, and what happens to them
 * @param notice is told what the user should know
 * @throws UsageError for options that the criterion has no use for, and where no data are given; KerfError `too-few-images`
 */
export async function scoringOptions(
  model: Model,
  { criterion: name, images, recover, loss }: ScoringFields,
  recipe: Recipe | undefined,
  task: Task,
  notice: (text: string) => void,
): Promise<Pick<PruneOptions, 'images' | 'loss'>> {
  const criterion = criterionOf(name)
  if (images !== undefined && !recover && !looksAtImages(criterion))
    throw new UsageError(`--images: the criterion ${name} looks at weights alone. Leave it out, or take another one.`)
  if (loss !== undefined && !asksLoss(criterion))
    throw new UsageError(`--loss: the criterion ${name} asks no loss. Leave it out, or take another one.`)
  if (!looksAtImages(criterion)) return {}
  if (!recipe)
    throw new UsageError(
      `The criterion ${name} looks at images: say which, as in --data photos/ (--help has examples). Nothing was written.`,
    )
  const { train } = await openRecipeData(recipe, task)
  const ordered = loss === 'outputs' || !asksLoss(criterion) ? { set: train } : inOrderOf(model, train, undefined)
  if (ordered.notice) notice(ordered.notice)
  if (images !== undefined && images > train.count)
    throw new KerfError(
      'too-few-images',
      `--images asks for ${images} images, the data have ${train.count} to train on. Ask for fewer, or give more.`,
      { asked: images, there: train.count },
    )
  return {
    images: imagesFor(model, spread(ordered.set, images ?? scoringImages), recipe.transforms),
    ...(asksLoss(criterion) ? { loss: loss === 'outputs' ? outputLoss : withCrossEntropy } : {}),
  }
}
