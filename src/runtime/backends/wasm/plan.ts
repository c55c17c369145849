import { elementCount, getOrAdd } from '../../../base/index.ts'
import { constantContent, type Dense, nodeLabel, type Tensor } from '../../../graph/index.ts'
import { UnsupportedError } from '../../errors.ts'
import { layOut } from '../../plan/arena.ts'
import { type Prepared, prepare } from '../../plan/units.ts'
import { kernels, writeArgs } from './abi.ts'
import { type Bounds, valueBounds } from './bounds.ts'
import { convertLayout } from './convert.ts'
import { isExact, type LoweringContext, type Lowerings, type Place } from './lowering.ts'
import { PlanMemory } from './memory.ts'
import { type Located, type Schedule, schedule, type Task } from './schedule.ts'
import type { Step } from './step.ts'
import { WeightReader } from './weights.ts'

/** Scratch memory that is there from the start; a task that wants more takes lasting memory, which others may have after it. */
const scratchBytes = 1 << 20

/** A stretch of work: kernels in one program, or one node done by the reference implementation. */
export type Segment =
  | { readonly kind: 'program'; readonly address: number; readonly steps: number; readonly tasks: readonly TaskSpan[] }
  | { readonly kind: 'host'; readonly task: Extract<Task, { kind: 'host' }> }

/** Which steps of a program belong to which task, for timing. */
export interface TaskSpan {
  readonly task: Task
  readonly address: number
  readonly steps: number
}

/** Everything that a run needs, made once for one graph and one set of input shapes. */
export interface Plan {
  readonly prepared: Prepared
  readonly schedule: Schedule
  readonly segments: readonly Segment[]
  readonly memory: PlanMemory
  addressOf(place: Located): number
  /** Content of a value that is known before running. */
  constant(value: string): Dense
  /** Bytes: the arena, what its buffers would take side by side, everything with packed weights. */
  readonly sizes: { readonly arena: number; readonly sum: number; readonly total: number }
  /** Nodes that no kernel does, and why: an entry for each operator and reason. */
  readonly onHost: readonly string[]
}

/**
 * Makes a plan: fusion, layouts, lifetimes, packed weights, programs.
 * @throws UnsupportedError, KerfError `out-of-memory`, and whatever reading weights throws
 */
export function makePlan(
  model: Parameters<typeof prepare>[0],
  inputShapes: ReadonlyMap<string, readonly number[]>,
  lowerings: Lowerings,
  shared: boolean,
  resident = false,
): Plan {
  const prepared = prepare(model, inputShapes)
  const scheduled = schedule(prepared, lowerings, resident)
  const arena = layOut(scheduled.buffers)
  const offsets = new Map(scheduled.buffers.map((b, i) => [b, arena.offsets[i]!]))
  const largest = scheduled.buffers.reduce((m, b) => Math.max(m, b.bytes), 0)
  const scratch = Math.min(2 * largest + 65536, scratchBytes)
  const memory = new PlanMemory(arena.bytes, scratch, weightBytes(prepared, scheduled.tasks), shared)
  const addressOf = (place: Located) => memory.arena + offsets.get(scheduled.homes.get(place.buffer) ?? place.buffer)!
  const builder = new ProgramBuilder(prepared, memory, addressOf)
  for (const task of scheduled.tasks) builder.add(task)
  const segments = builder.done()
  return {
    prepared,
    schedule: scheduled,
    segments,
    memory,
    addressOf,
    constant: (value) => constantContent(prepared, value),
    sizes: { arena: arena.bytes, sum: arena.sum, total: memory.bytes },
    onHost: leftToHost(scheduled.tasks),
  }
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

/** Stored weights that kernels read as they are: packed they are at least as large. */
const weightBytes = ({ stored }: Prepared, tasks: readonly Task[]): number =>
  tasks.reduce((sum, task) => {
    if (task.kind !== 'kernels' || task.job.inputCodes) return sum
    const weights = task.job.inputs.map((name) => stored.get(name)).filter((t) => isExact(t?.elementType))
    return sum + weights.reduce((bytes, t) => bytes + 4 * (elementCount(t?.shape) ?? 0), 0)
  }, 0)

class ProgramBuilder {
  readonly #prepared: Prepared
  readonly #memory: PlanMemory
  readonly #addressOf: (place: Located) => number
  readonly #bounds: ReadonlyMap<string, Bounds>
  readonly #segments: Segment[] = []
  readonly #weights: WeightReader
  /** Steps of the program under construction. */
  #open: { task: Task; steps: Step[] }[] = []

  constructor(prepared: Prepared, memory: PlanMemory, addressOf: (place: Located) => number) {
    this.#prepared = prepared
    this.#memory = memory
    this.#addressOf = addressOf
    this.#bounds = valueBounds(prepared)
    this.#weights = new WeightReader(prepared.stored)
  }

  add(task: Task): void {
    if (task.kind !== 'host') {
      this.#memory.releaseScratch()
      this.#open.push({ task, steps: task.kind === 'convert' ? this.#convert(task) : this.#lower(task) })
      return
    }
    this.#close()
    this.#segments.push({ kind: 'host', task })
  }

  done(): Segment[] {
    this.#close()
    return this.#segments
  }

  #close(): void {
    if (this.#open.length === 0) return
    const all = this.#open.flatMap(({ steps }) => steps)
    const address = this.#memory.alloc(8 * all.length)
    const args = all.map(({ kernel }) => this.#memory.alloc(4 * kernels[kernel].args.length))
    const view = new DataView(this.#memory.memory.buffer)
    all.forEach(({ kernel, args: values }, i) => {
      writeArgs(view, args[i]!, kernel, values as never)
      view.setInt32(address + 8 * i, kernels[kernel].id, true)
      view.setInt32(address + 8 * i + 4, args[i]!, true)
    })
    let at = address
    const tasks = this.#open.map(({ task, steps }) => {
      const span = { task, address: at, steps: steps.length }
      at += 8 * steps.length
      return span
    })
    this.#segments.push({ kind: 'program', address, steps: all.length, tasks })
    this.#open = []
  }

  #place({ buffer, shape, layout }: Located): Place {
    return { address: this.#addressOf({ buffer, shape, layout }), shape, layout }
  }

  #convert({ from, to }: Extract<Task, { kind: 'convert' }>): Step[] {
    return convertLayout(this.#place(from), this.#place(to))
  }

  #lower(task: Extract<Task, { kind: 'kernels' }>): Step[] {
    const { job, lowering, inputs, outputs, residual } = task
    const { node, call } = job.unit
    this.#weights.release()
    const constant = (i: number): Dense | undefined => {
      const name = node.inputs[i]
      return name && this.#prepared.isConstant(name) ? constantContent(this.#prepared, name) : undefined
    }
    const storedFloats = (i: number): Tensor | undefined => {
      const tensor = this.#prepared.stored.get(node.inputs[i] ?? '')
      return tensor?.elementType === 'float32' ? tensor : undefined
    }
    const located = (place: Located | undefined): Place => {
      if (!place)
        throw new UnsupportedError(
          node.domain,
          node.opType,
          nodeLabel(node),
          'an input that it computes with is known beforehand',
        )
      return this.#place(place)
    }
    const context: LoweringContext = {
      call,
      input: (i) => located(inputs[i]),
      constant,
      floats: (i) => {
        const tensor = storedFloats(i)
        if (tensor) return this.#weights.floats(tensor)
        const content = constant(i)
        return content && Float32Array.from(content.data)
      },
      pieces: (i) => {
        const tensor = storedFloats(i)
        return tensor ? this.#weights.pieces(tensor) : context.floats(i)
      },
      output: (i) => located(outputs[i]),
      bounds: (i) => this.#bounds.get(node.inputs[i] ?? ''),
      epilogue: { residual: residual && this.#addressOf(residual), lo: job.lo, hi: job.hi },
      affine: job.affine,
      isCentred: (i) => job.centred?.has(job.inputs[i]!) ?? false,
      makesCentred: job.centred?.has(job.result) ?? false,
      inputCodes: job.inputCodes,
      outputCodes: job.outputCodes,
      alloc: this.#memory,
    }
    return lowering.lower(context)
  }
}
