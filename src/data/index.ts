// Data sets: labelled images in memory, generated ones, loaders that shuffle, transform and batch them.
// Not here: files, archives and decoding (index.node.ts), training (train/).
// May import: base, formats.
export type {
  Batch,
  DataSets,
  DataSource,
  GeneratedSource,
  ImageSet,
  Loader,
  LoaderOptions,
  SkippedImage,
  Transform,
} from './types.ts'
