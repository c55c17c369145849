// For Node: everything of index.ts, with threads of Node.
// Not here: files.
// May import: base, graph, ops, onnx, cost, runtime.
export * from './index.ts'
// This takes the place of the one without threads.
export { quantize, quantizeIntegers } from './threads.node.ts'
