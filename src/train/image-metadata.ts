import { type DataSets, type ImageSet, type Transform, withClasses } from '../data/index.ts'
import { graphInputs, type Model } from '../graph/index.ts'
import { imageMetadata, layoutOf, type Preprocessing, preprocessingOf } from '../image/index.ts'

/** What a network's file is to say of the images that it was trained on. */
export function trainedOn(
  model: Model,
  { classes, channels, height, width }: ImageSet,
  transforms: readonly Transform[],
): { readonly classes: readonly string[]; readonly preprocessing: Preprocessing } {
  const [input] = graphInputs(model.graph)
  return { classes, preprocessing: preprocessingOf(transforms, [channels, height, width], input && layoutOf(input)) }
}

/**
 * Data with labels as the model numbers its classes, where its file has the same names in another order: what it knows of them is then of use.
 * Sets of other classes stay as they are.
 */
export function inClassesOf<S extends Pick<DataSets, 'train'> & Partial<DataSets>>(model: Model, sets: S): S {
  const names = imageMetadata(model).classes
  const renamed = (set: ImageSet) => (names?.length === set.classes.length ? withClasses(set, names) : undefined) ?? set
  return {
    ...sets,
    train: renamed(sets.train),
    ...(sets.validation ? { validation: renamed(sets.validation) } : {}),
    ...(sets.test ? { test: renamed(sets.test) } : {}),
  }
}
