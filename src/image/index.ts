// Images as networks take them, and what their classes are called: written in a model's file, read from it, applied.
// Not here: decoding files (data/), sets of images (data/), the command line.
// May import: base, graph, runtime (tensors), data (resizing).
export {
  type BrowserImage,
  type CanvasSize,
  type ImageElementSize,
  type ImageToTensorOptions,
  imageToTensor,
  type VideoFrameSize,
  type VideoSize,
} from './browser.ts'
export { imageTensor, type PixelImage, type PlanarImage, planarTensor } from './image-tensor.ts'
export {
  type ImageMetadata,
  imageMetadata,
  imageShapes,
  type NewImageMetadata,
  withImageMetadata,
  withKeptClasses,
} from './metadata.ts'
export {
  type Assumption,
  assumptionTexts,
  imageNet,
  layoutOf,
  type Preprocessing,
  type PreprocessingOptions,
  preprocessingFor,
  type ResolvedPreprocessing,
} from './preprocessing.ts'
export { preprocessingOf, transformsOf } from './transforms.ts'
