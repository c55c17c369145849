// `kerf/workflow` in Node: the names and types of workflow.ts, with threads, and ONNX Runtime beside where it is installed. `exports` in package.json
// chooses it.
// Not here: anything that browsers have not (files.node.ts).
// May import: every room, through its index.

// These take the place of those without threads.
export {
  comparePruning,
  kerfTiming,
  measureTimes,
  ortTiming,
  prove,
  pruneAndProve,
  recoverCut,
  sensitivity,
  slim,
  swapAndMeasure,
} from '../workflow/index.node.ts'
export * from './workflow.ts'
