// The library's main entry: everything that is the same in Node and in the browser.
// Not here: training (kerf/train, in Node kerf/train/node), files (kerf/onnx/node). In Node, index.node.ts stands in its place.
// May import: every room of the core but that.
export * from './autodiff/index.ts'
export * from './base/index.ts'
export * from './cost/index.ts'
export * from './data/index.ts'
export * from './formats/index.ts'
export * from './graph/index.ts'
export * from './image/index.ts'
export * from './nets/index.ts'
export * from './onnx/index.ts'
export * from './ops/index.ts'
export * from './prune/index.ts'
export * from './quantize/index.ts'
export * from './report/index.ts'
export * from './rewrite/index.ts'
export * from './runtime/index.ts'
