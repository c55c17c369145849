import type { ImageSet } from '../types.ts'

/**
 * The same images with the classes that these names have: labels follow the names, whatever their order. The set may have some of the classes only.
 * @param names in the order that their numbers are to have
 * @returns undefined where it has a class that is not among the names
 */
export function withClasses(set: ImageSet, names: readonly string[]): ImageSet | undefined {
  const numbers = set.classes.map((name) => names.indexOf(name))
  if (numbers.includes(-1)) return undefined
  if (numbers.length === names.length && numbers.every((n, i) => n === i)) return set
  const renumbered = (labels: Int32Array) => labels.map((label) => numbers[label]!)
  return {
    ...set,
    classes: names,
    labels: renumbered(set.labels),
    share:
      set.share &&
      (() => {
        const shared = set.share!()
        return { ...shared, classes: names, labels: renumbered(shared.labels) }
      }),
  }
}
