import type { ImageSet, Transform } from '../../api/data.ts'
import { openPart, readingOf } from '../../api/files.node.ts'
import type { Recipe } from '../../api/train.node.ts'
import { spread } from '../../api/workflow.node.ts'
import { KerfError, type Task } from '../../base/index.ts'
import type { Io } from '../io.ts'
import { skippedText } from './skipped.ts'

/* Images that a network is changed by: criteria, recovery, statistics and ranges look at them. */

/** A folder, tar or array of images, all of which are the part that is looked at: nothing of them is kept for a test. */
export function asOnePart(recipe: Recipe): Recipe {
  const { data } = recipe
  if (!('testFraction' in data) || data.testFraction === undefined) return recipe
  const { testFraction: _, ...whole } = data
  const ofTest = whole.kind === 'npy' ? { ...whole, testLabels: whole.trainLabels } : whole
  return { ...recipe, data: { ...ofTest, test: data.train } }
}

/** Training images of a recipe, and what happens to them. */
export interface ImageSource {
  readonly transforms: readonly Transform[]
  /** Opens them when they are first asked for. */
  readonly open: () => Promise<ImageSet>
}

/** What images are for. */
export interface ImageUse {
  /** Whether the network is trained on them, too: then those that judge the training are left out. */
  readonly trained?: boolean
  /** Why labels are needed, in a sentence, with what does without. Left out, they are not, and images may lie anywhere. */
  readonly labels?: string
}

/** @throws of `open`: KerfError as `openPart` */
export function imageSource(recipe: Recipe, { trained, labels }: ImageUse, task: Task, io: Io): ImageSource {
  const { data, ...others } = trained ? recipe : asOnePart(recipe)
  const open = async (): Promise<ImageSet> => {
    const reading = { ...readingOf({ data, ...others }), ...task }
    const needed = labels === undefined ? 'none' : 'required'
    // Every source has training images.
    const set = (await withReason(labels, () => openPart(data, 'train', { ...reading, labels: needed }))) as ImageSet
    io.err(skippedText(set.skipped))
    return set
  }
  let opened: Promise<ImageSet> | undefined
  return {
    transforms: others.transforms,
    open: () => {
      opened ??= open()
      return opened
    },
  }
}

/** Says of images that lie in no folders of classes why they have to. @param reason undefined where they do not have to */
export async function withReason<T>(reason: string | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (reason === undefined || !(error instanceof KerfError) || !['bad-layout', 'no-labels'].includes(error.code))
      throw error
    throw new KerfError(error.code, `${error.message} ${reason}`, error.details)
  }
}

/**
 * At most so many images, evenly from all.
 * @param asked by `--images`; undefined: `most`
 * @throws KerfError `too-few-images` where there are not as many as were asked for
 */
export function someImages(set: ImageSet, asked: number | undefined, most: number): ImageSet {
  if (asked !== undefined && asked > set.count)
    throw new KerfError(
      'too-few-images',
      `--images asks for ${asked} images, the data have ${set.count} to look at. Ask for fewer, or give more.`,
      { asked, there: set.count },
    )
  return spread(set, asked ?? most)
}
