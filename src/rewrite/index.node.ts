// For Node: everything of index.ts, with threads of Node.
// Not here: files.
// May import: base, algebra, graph, ops, onnx, cost, runtime.
export * from './index.ts'
// These take the place of those without threads and paths.
export { measureStatistics, rewriteModel } from './threads.node.ts'
