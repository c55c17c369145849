import { getOrAdd } from '../base/index.ts'
import { type Bounds, type Model, nodeLabel, type OperatorSet } from '../graph/index.ts'
import { runnableOperators } from '../ops/index.ts'
import type { Abilities } from './ability.ts'
import { type ArenaLayout, layOut } from './arena.ts'
import { valueBounds } from './bounds.ts'
import { fuse } from './fuse.ts'
import { schedule } from './schedule.ts'
import type { Buffer, Located, Task } from './task.ts'
import { type Prepared, prepare } from './units.ts'

/** What is computed for one graph and one set of input shapes, in which order, and where in one arena the values lie. */
export interface Plan {
  /** As it was given. */
  readonly model: Model
  /** The model as it is run: functions inlined, shapes known. */
  readonly prepared: Prepared
  /** In the order in which they are done. */
  readonly tasks: readonly Task[]
  /** Graph inputs that lie in the arena, by name; the others are the host's. */
  readonly inputs: ReadonlyMap<string, Located>
  /** Graph outputs that lie in the arena; the others are the host's. */
  readonly outputs: ReadonlyMap<string, Located>
  /** Where each buffer begins in the arena, in bytes. */
  readonly offsets: ReadonlyMap<Buffer, number>
  /** The memory that buffers share. */
  readonly arena: {
    /** Its size. */
    readonly bytes: number
    /** What its buffers would take side by side, in bytes. */
    readonly sum: number
  }
  /** What is known of values before anything runs, by name. */
  readonly bounds: ReadonlyMap<string, Bounds>
  /** Nodes that the backend leaves to the reference, and why: an entry for each operator and reason. */
  readonly onHost: readonly string[]
  /** Whether inputs stay what they are from run to run. */
  readonly keepsInputs: boolean
}

/** How a plan is made. */
export interface PlanOptions {
  /** Inputs keep their memory to themselves, so that their content outlives a run. Default false. */
  readonly keepsInputs?: boolean
  /** What is known of operators. Default `runnableOperators`. */
  readonly operators?: OperatorSet
}

/**
 * Makes a plan: fusion, layouts, lifetimes.
 * @param inputShapes concrete, one per input
 * @param abilities of the backend that it is for
 * @throws UnsupportedError naming the first node of an operator that Kerf does not know
 */
export function makePlan(
  model: Model,
  inputShapes: ReadonlyMap<string, readonly number[]>,
  abilities: Abilities,
  { keepsInputs = false, operators = runnableOperators }: PlanOptions = {},
): Plan {
  return planOf(model, prepare(model, inputShapes, operators, abilities.onCodes), abilities, keepsInputs)
}

/** The same for abilities that may have to be loaded first. */
export async function planFor(
  model: Model,
  inputShapes: ReadonlyMap<string, readonly number[]>,
  abilities: Abilities,
  { keepsInputs = false, operators = runnableOperators }: PlanOptions = {},
): Promise<Plan> {
  const prepared = prepare(model, inputShapes, operators, abilities.onCodes)
  await abilities.load?.(prepared.units.map(({ node }) => node))
  return planOf(model, prepared, abilities, keepsInputs)
}

function planOf(model: Model, prepared: Prepared, abilities: Abilities, keepsInputs: boolean): Plan {
  const jobs = fuse(prepared, abilities)
  const { tasks, inputs, outputs, homes, buffers, arena } = leastCopies(
    (mostRuns) => {
      const made = schedule(prepared, jobs, { keepsInputs, mostRuns })
      return { ...made, arena: layOut(made.buffers) }
    },
    abilities.parts === true && jobs.some(({ picks }) => picks),
  )
  const offsets = new Map(buffers.map((buffer, i) => [buffer, arena.offsets[i]!]))
  for (const [buffer, home] of homes) offsets.set(buffer, offsets.get(home)!)
  return {
    ...{ model, prepared, tasks, inputs, outputs, offsets, keepsInputs },
    arena: { bytes: arena.bytes, sum: arena.sum },
    bounds: valueBounds(prepared),
    onHost: leftToHost(tasks),
  }
}

/** Values in many pieces keep much alive, and each piece costs time: what is tried, one after the other. */
const runLimits = [64, 4, 1]

/** The schedule with the fewest copies that takes no more memory than one with all of them. */
function leastCopies<T extends { readonly arena: ArenaLayout }>(make: (mostRuns: number) => T, takesParts: boolean): T {
  const copying = make(0)
  if (!takesParts) return copying
  for (const mostRuns of runLimits) {
    const made = make(mostRuns)
    if (made.arena.bytes <= copying.arena.bytes) return made
  }
  return copying
}

function leftToHost(tasks: readonly Task[]): string[] {
  const groups = new Map<
    string,
    { readonly opType: string; readonly first: string; readonly why: string; count: number }
  >()
  for (const task of tasks) {
    if (task.kind !== 'host' || task.job.unit.operator.control) continue
    const { unit, why = 'none is written' } = task.job
    const { opType } = unit.node
    getOrAdd(groups, `${opType} ${why}`, () => ({ opType, first: nodeLabel(unit.node), why, count: 0 })).count++
  }
  return [...groups.values()].map(
    ({ opType, first, why, count }) => `${opType} "${first}"${count > 1 ? ` and ${count - 1} more` : ''} (${why})`,
  )
}
