import type { Task as Work } from '../base/index.ts'
import { type Node, nodeLabel } from '../graph/index.ts'
import { copiedBytes, type Job, type Prepared, type Task } from '../plan/index.ts'
import type { Program } from './backend.ts'

/** How long one part of a run takes, and what it is. */
export interface TaskTime {
  /** compute: nodes that run as one; convert: a value is moved into the other layout; host: the reference implementation. */
  readonly kind: Task['kind']
  /** Names of the nodes, the fused ones behind the first; none for a conversion. */
  readonly nodes: readonly string[]
  /** The same nodes by the names of their first outputs, which are unique. */
  readonly outputs: readonly string[]
  /** ONNX operators, as `nodes`. */
  readonly operators: readonly string[]
  /** What did it, as the backend calls it. */
  readonly kernels: readonly string[]
  /** As ONNX has it. */
  readonly outputShape: readonly number[]
  /** Median over the runs. */
  readonly timeMs: number
  /** Of the run in which it took least. */
  readonly fastestMs: number
  /** A quarter of the runs took less than the first, a quarter more than the second. */
  readonly quartilesMs: readonly [lower: number, upper: number]
  /** Bytes that it writes which were there already: of a copy, or of another layout. 0 for what calculates, whatever it reads and writes. */
  readonly copiedBytes: number
}

/** How long the parts of a run take. */
export interface RunProfile {
  /** In the order in which they run. */
  readonly tasks: readonly TaskTime[]
  /** How many runs were timed. */
  readonly runs: number
}

/**
 * Times every task of a plan by itself, over several runs. The sum is a little more than a run takes, for the calls in between.
 * @param write gives the inputs their values, before each run
 * @param seconds how long to go on; at least three runs are made
 * @throws KerfError `bad-options` where the backend cannot tell tasks apart, `aborted`
 */
export async function profileProgram(
  program: Program,
  write: () => void,
  seconds: number,
  { signal, progress }: Work = {},
): Promise<RunProfile> {
  const found = new Map<Task, { readonly kernels: readonly string[]; readonly times: number[] }>()
  write()
  await program.profile((task, _, kernels) => found.set(task, { kernels, times: [] }), { signal })
  const start = performance.now()
  const total = 1000 * seconds
  let runs = 0
  while (runs < 3 || performance.now() - start < total) {
    write()
    await program.profile((task, timeMs) => found.get(task)?.times.push(timeMs), { signal })
    runs++
    progress?.({ what: 'timing the layers', done: Math.min(performance.now() - start, total), total, unit: 'ms' })
  }
  const { prepared } = program.plan
  const tasks = [...found].map(([task, { kernels, times }]): TaskTime => {
    const nodes = task.kind === 'convert' ? [] : fusedNodes(task.job, prepared)
    const output = task.kind === 'convert' ? task.to : task.outputs[0]
    times.sort((a, b) => a - b)
    const at = (part: number) => times[Math.floor(part * times.length)]!
    const known = task.kind === 'convert' ? undefined : prepared.values.get(task.job.result)?.shape
    return {
      kind: task.kind,
      nodes: nodes.map(nodeLabel),
      outputs: nodes.map((n) => n.outputs[0]!),
      operators: nodes.map((n) => (n.domain === '' ? n.opType : `${n.domain}.${n.opType}`)),
      kernels,
      outputShape: output?.shape ?? (known ?? []).map((d) => (typeof d === 'number' ? d : Number.NaN)),
      timeMs: at(1 / 2),
      fastestMs: at(0),
      quartilesMs: [at(1 / 4), at(3 / 4)],
      copiedBytes: copiedBytes(task),
    }
  })
  return { tasks, runs }
}

/** The node of a job and those that were fused into it, in order. */
function fusedNodes({ unit, result }: Job, { units, writtenOut }: Prepared): Node[] {
  const nodes = [unit.node]
  for (let value = unit.node.outputs[0]!; value !== result; ) {
    // A value inside has one reader.
    const reader = units.find(({ node }) => node.inputs.includes(value))
    if (!reader) break
    nodes.push(reader.node)
    value = reader.node.outputs[0]!
  }
  return nodes.flatMap((node) => writtenOut.get(node) ?? [node])
}
