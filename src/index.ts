// The library's main entry: everything that runs in Node and in the browser alike.
// Not here: files (kerf/onnx/node), the command line.
// May import: every room of the core.
export * from './base/index.ts'
export * from './cost/index.ts'
export * from './data/index.ts'
export * from './graph/index.ts'
export * from './nets/index.ts'
export * from './onnx/index.ts'
export * from './ops/index.ts'
export * from './prune/index.ts'
export * from './report/index.ts'
