// For Node: everything of index.ts, folders that are to be made, and whole files that are read.
// Not here: writing files (the rooms that do).
// May import: nothing.
export { clockFor } from './clock.node.ts'
export { checkFolder, makeFolder, removeEmpty } from './folder.node.ts'
export * from './index.ts'
export { fileChanged, readWholeFile, readWholeFileLater } from './read-file.node.ts'
export { isRunning, removeLeftovers, temporaryBeside } from './temporary.node.ts'
