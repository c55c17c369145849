// For Node: everything of index.ts, and folders that are to be made.
// Not here: reading and writing files (the rooms that do).
// May import: nothing.
export { checkFolder, makeFolder, removeEmpty } from './folder.node.ts'
export * from './index.ts'
