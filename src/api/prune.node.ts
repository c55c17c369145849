// `kerf/prune` in Node: the names and types of prune.ts, with threads of Node. `exports` in package.json chooses it.
// Not here: anything that browsers have not (files.node.ts).
// May import: every room, through its index.

// These take the place of those without threads.
export { pruneModel, recover, recoverTowards, scoreChannels } from '../prune/index.node.ts'
export * from './prune.ts'
