import { type Turn, turns, type Task as Work } from '../../../base/index.ts'
import { nodeLabel } from '../../../graph/index.ts'
import type { Job, Prepared, Task } from '../../../plan/index.ts'
import type { HostTensor } from '../../tensor.ts'
import { type KernelName, kernels } from './abi.ts'
import type { Assembly, Segment } from './assemble.ts'

/** How long one part of a run takes, and what it is. */
export interface TaskTime {
  /** kernels: nodes that run as one; convert: a value is moved into the other layout; host: the reference implementation. */
  readonly kind: Task['kind']
  /** Names of the nodes, the fused ones behind the first; none for a conversion. */
  readonly nodes: readonly string[]
  /** The same nodes by the names of their first outputs, which are unique. */
  readonly outputs: readonly string[]
  /** ONNX operators, as `nodes`. */
  readonly operators: readonly string[]
  readonly kernels: readonly KernelName[]
  readonly outputShape: readonly number[]
  /** Median over the runs. */
  readonly timeMs: number
}

export interface RunProfile {
  readonly tasks: readonly TaskTime[]
  readonly runs: number
}

/** What runs a plan task by task. */
export interface TaskRunner {
  readonly assembly: Assembly
  runTasks(
    feeds: ReadonlyMap<string, HostTensor>,
    report: (task: Task, timeMs: number) => void,
    turn: Turn,
  ): Promise<void>
}

/**
 * Times every task of a plan by itself, over several runs. The sum is a little more than a run takes, for the calls in between.
 * @param seconds how long to go on; at least three runs are made
 * @throws KerfError `aborted`
 */
export async function profileTasks(
  runner: TaskRunner,
  feeds: ReadonlyMap<string, HostTensor>,
  seconds: number,
  { signal, progress }: Work = {},
): Promise<RunProfile> {
  const times = new Map<Task, number[]>()
  const turn = turns(signal, 'Timing the network')
  await runner.runTasks(feeds, (task) => times.set(task, []), turn)
  const start = performance.now()
  const total = 1000 * seconds
  let runs = 0
  while (runs < 3 || performance.now() - start < total) {
    await runner.runTasks(feeds, (task, timeMs) => times.get(task)?.push(timeMs), turn)
    runs++
    progress?.({ what: 'timing the layers', done: Math.min(performance.now() - start, total), total, unit: 'ms' })
  }
  const { plan, segments, memory } = runner.assembly
  const { prepared } = plan
  const names = kernelsOf(segments, new DataView(memory.memory.buffer))
  const tasks = [...times].map(([task, samples]): TaskTime => {
    const nodes = task.kind === 'convert' ? [] : fusedNodes(task.job, prepared)
    const output = task.kind === 'convert' ? task.to : task.outputs[0]
    const known = task.kind === 'convert' ? undefined : prepared.inference.values.get(task.job.result)?.shape
    return {
      kind: task.kind,
      nodes: nodes.map(nodeLabel),
      outputs: nodes.map((n) => n.outputs[0]!),
      operators: nodes.map((n) => (n.domain === '' ? n.opType : `${n.domain}.${n.opType}`)),
      kernels: names.get(task) ?? [],
      outputShape: output?.shape ?? (known ?? []).map((d) => (typeof d === 'number' ? d : Number.NaN)),
      timeMs: samples.sort((a, b) => a - b)[Math.floor(samples.length / 2)]!,
    }
  })
  return { tasks, runs }
}

/** The node of a job and those that were fused into it, in order. */
function fusedNodes({ unit, result }: Job, { units }: Prepared) {
  const nodes = [unit.node]
  for (let value = unit.node.outputs[0]!; value !== result; ) {
    // A value inside has one reader.
    const reader = units.find(({ node }) => node.inputs.includes(value))
    if (!reader) break
    nodes.push(reader.node)
    value = reader.node.outputs[0]!
  }
  return nodes
}

/** Which kernels a task consists of, read back from its program. */
function kernelsOf(segments: readonly Segment[], view: DataView): Map<Task, KernelName[]> {
  const byId = new Map((Object.keys(kernels) as KernelName[]).map((name) => [kernels[name].id as number, name]))
  const found = new Map<Task, KernelName[]>()
  for (const segment of segments)
    if (segment.kind === 'program')
      for (const { task, address, steps } of segment.tasks)
        found.set(
          task,
          Array.from({ length: steps }, (_, i) => byId.get(view.getInt32(address + 8 * i, true))!),
        )
  return found
}
