// For Node: everything of index.ts, with threads of Node.
// Not here: files.
// May import: base, algebra, graph, ops, onnx, cost, autodiff, runtime.
export * from './index.ts'
// These take the place of those without threads.
export { pruneModel, recover, recoverTowards, scoreChannels } from './threads.node.ts'
