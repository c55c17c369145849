// `kerf/runtime` in Node: the names and types of runtime.ts, with threads of Node. `exports` in package.json chooses it.
// Not here: anything that browsers have not.
// May import: every room, through its index.

// These take the place of those without threads.
export { createProgram, createSession, measureLimit } from '../runtime/index.node.ts'
export * from './runtime.ts'
