// For Node: everything of index.ts, and data sets in files, folders and archives.
// Not here: the command line (cli/).
// May import: base, formats.
export type { LoadProgress, OpenOptions } from './images/options.ts'
export * from './index.ts'
export { openData } from './open.node.ts'
