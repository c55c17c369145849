// For Node: everything of index.ts, data sets in files, folders and archives, and fetching the published ones.
// Not here: the command line (cli/).
// May import: base, formats.
export { fetchCifar10 } from './fetch/cifar.node.ts'
export type { DownloadOptions } from './fetch/download.node.ts'
export type { FetchedFile, FetchOptions, Verified } from './fetch/fetch.node.ts'
export { fetchFashionMnist, fetchMnist } from './fetch/mnist.node.ts'
export { type Decode, type DecodedImage, imageDecoder } from './images/decode.node.ts'
export type { ImageLabels } from './images/layout.ts'
export type { OpenOptions, PartOptions } from './images/options.ts'
export * from './index.ts'
export { openData, openPart } from './open.node.ts'
export { createWorkerLoader, type WorkerLoader, type WorkerLoaderOptions } from './worker/worker-loader.node.ts'
