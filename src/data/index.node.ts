// For Node: everything of index.ts, and data sets in files, folders and archives.
// Not here: the command line (cli/).
// May import: base, formats.
export * from './index.ts'
