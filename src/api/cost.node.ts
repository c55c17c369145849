// `kerf/cost` in Node: the names and types of cost.ts, with paths of files. `exports` in package.json chooses it.
// Not here: anything that browsers have not (files.node.ts).
// May import: every room, through its index.

// This takes the place of the one that knows no paths.
export { profileModel } from '../workflow/index.node.ts'
export * from './cost.ts'
