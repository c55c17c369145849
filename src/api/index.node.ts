// `kerf` in Node: the names and types of index.ts, with threads of Node. `exports` in package.json chooses it.
// Not here: anything that browsers have not (files.node.ts).
// May import: every room, through its index.

// These take the place of those without threads and paths.
export { openModel } from '../onnx/index.node.ts'
export { pruneModel } from '../prune/index.node.ts'
export { quantize } from '../quantize/index.node.ts'
export { measureStatistics, rewriteModel } from '../rewrite/index.node.ts'
export { createSession } from '../runtime/index.node.ts'
export { profileModel } from '../workflow/index.node.ts'
export * from './index.ts'
