// `kerf/data`: images as networks take them, sets of labelled images, and loaders that shuffle, transform and batch them.
// Not here: folders, archives and downloads (files.node.ts).
// May import: every room, through its index.

// Images

export {
  type Assumption,
  assumptionTexts,
  type BrowserImage,
  type CanvasSize,
  type ImageElementSize,
  type ImageMetadata,
  type ImageToTensorOptions,
  imageMetadata,
  imageNet,
  imageShapes,
  imageTensor,
  imageToTensor,
  layoutOf,
  type NewImageMetadata,
  type PixelImage,
  type PlanarImage,
  type Preprocessing,
  type PreprocessingOptions,
  planarTensor,
  preprocessingFor,
  preprocessingOf,
  type ResolvedPreprocessing,
  transformsOf,
  type VideoFrameSize,
  type VideoSize,
  withImageMetadata,
} from '../image/index.ts'

// Sets of images

export {
  type ArrayImages,
  type DataSets,
  type DataSource,
  type DividedSet,
  type GeneratedOptions,
  type GeneratedSource,
  generatedImages,
  type ImageSet,
  imagesFromArrays,
  imagesFromCifar,
  imagesFromIdx,
  luma,
  type NamedBytes,
  type NpySource,
  type SharedImages,
  type SkippedImage,
  splitSet,
  subset,
  withClasses,
} from '../data/index.ts'
export type { ImageLayout } from '../graph/index.ts'

// Batches

export { type Batch, createLoader, type Loader, type LoaderOptions, type Transform } from '../data/index.ts'
