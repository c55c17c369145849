// ONNX files on disk, for Node: everything of index.ts, and reading and writing by path.
// Not here: the format itself (the files beside this one, which run in a browser).
// May import: base, graph, ops.
export * from './index.ts'
// These take the place of those that know no paths.
export { modelOf, openModel } from './open.node.ts'
export { filesOf, readModelFile } from './read-file.node.ts'
export { type WriteOptions, type WrittenModel, writeModelFile } from './write-file.node.ts'
