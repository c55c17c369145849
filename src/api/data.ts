// `kerf/data`: images as networks take them, sets of labelled images, and loaders that shuffle, transform and batch them.
// Not here: folders, archives and downloads (files.node.ts).
// May import: every room, through its index.

// Images

export {
  type Assumption,
  type BrowserImage,
  type ImageMetadata,
  imageMetadata,
  imageNet,
  imageShapes,
  imageTensor,
  imageToTensor,
  type PixelImage,
  type PlanarImage,
  type Preprocessing,
  type PreprocessingOptions,
  planarTensor,
  preprocessingFor,
  preprocessingOf,
  type ResolvedPreprocessing,
  transformsOf,
  withImageMetadata,
} from '../image/index.ts'

// Sets of images

export {
  type ArrayImages,
  cifarClasses,
  type DataSets,
  type GeneratedOptions,
  type GeneratedSource,
  generatedImages,
  type IdxFile,
  type ImageSet,
  imagesFromArrays,
  imagesFromCifar,
  imagesFromIdx,
  type NamedBytes,
  readIdx,
  type SharedImages,
  type SkippedImage,
  splitSet,
  subset,
  withClasses,
} from '../data/index.ts'

// Batches

export { type Batch, createLoader, type Loader, type LoaderOptions, type Transform } from '../data/index.ts'
