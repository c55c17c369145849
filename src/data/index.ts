// Data sets: labelled images in memory, generated ones, loaders that shuffle, transform and batch them.
// Not here: files, archives and decoding (index.node.ts), training (train/).
// May import: base, formats.
export { createLoader } from './loader.ts'
export { type ArrayImages, imagesFromArrays } from './sets/arrays.ts'
export { cifarClasses, imagesFromCifar } from './sets/cifar.ts'
export { withClasses } from './sets/classes.ts'
export { type GeneratedOptions, generatedImages } from './sets/generated.ts'
export { imagesFromIdx, type NamedBytes } from './sets/idx.ts'
export { type DividedSet, splitSet, subset } from './sets/subset.ts'
export { luma } from './transforms/channels.ts'
export { ByteResizer } from './transforms/resize.ts'
export type {
  Batch,
  DataSets,
  DataSource,
  GeneratedSource,
  ImageSet,
  Loader,
  LoaderOptions,
  NpySource,
  SharedImages,
  SkippedImage,
  Transform,
} from './types.ts'
