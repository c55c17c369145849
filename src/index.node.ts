// The library's main entry in Node: that of index.ts, with threads of Node. `exports` in package.json chooses it; the names and types are the same.
// Not here: anything that browsers have not; files are in kerf/onnx/node.
// May import: every room of the core but training.
export * from './index.ts'
// These take the place of those without threads.
export { createResident, createSession } from './runtime/index.node.ts'
