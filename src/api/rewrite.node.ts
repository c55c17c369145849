// `kerf/rewrite` in Node: the names and types of rewrite.ts, with threads of Node. `exports` in package.json chooses it.
// Not here: anything that browsers have not (files.node.ts).
// May import: every room, through its index.

// These take the place of those without threads.
export { quantize, quantizeIntegers } from '../quantize/index.node.ts'
export { measureStatistics, rewriteModel } from '../rewrite/index.node.ts'
export * from './rewrite.ts'
