// `kerf/train` in Node: the names and types of train.ts, with threads of Node. `exports` in package.json chooses it.
// Not here: anything that browsers have not (files.node.ts).
// May import: every room, through its index.

// These take the place of those without threads.
export { createTrainer, evaluate, train } from '../train/index.node.ts'
export * from './train.ts'
