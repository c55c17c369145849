// For Node: everything of index.ts, and MNIST from a folder.
// Not here: the command line (cli/).
// May import: every room of the core. Nothing but cli/ imports it.
export * from './index.ts'
export { digitsFrom } from './mnist.node.ts'
