import { elementCount, getOrAdd, type Rounds } from '../../../base/index.ts'
import { constantContent, type Dense, nodeLabel, type Tensor } from '../../../graph/index.ts'
import {
  affineOf,
  isExact,
  isOneRun,
  type Job,
  type Located,
  type Plan,
  type Prepared,
  type Task,
  UnsupportedError,
} from '../../../plan/index.ts'
import { type BinaryName, type KernelName, program } from './engine/kernels.generated.ts'
import type { ProgramMemory } from './engine/memory.ts'
import { binariesOf } from './engine/module.ts'
import { bytesConversion, loweringOf } from './lowerings/index.ts'
import type { LoweringContext, Lowerings, Place } from './lowerings/lowering.ts'
import { WeightReader } from './packing/weights.ts'
import { convertLayout } from './steps/convert.ts'
import type { SparseChoice } from './steps/convolution/sparse-choice.ts'
import { programBytes, type Step, writeProgram } from './steps/step.ts'
import type { PlacedRun } from './steps/strides.ts'

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
  /** Of each step. */
  readonly kernels: readonly KernelName[]
}

/** A plan as programs of kernels in memory: everything that a run needs. */
export interface Assembly {
  readonly plan: Plan
  readonly segments: readonly Segment[]
  readonly memory: ProgramMemory
  /** What its kernels lie in, besides the first. */
  readonly binaries: readonly BinaryName[]
  addressOf(place: Located): number
}

/** What a plan takes: scratch memory, and weights at least. */
export function bytesOf(plan: Plan): { readonly scratch: number; readonly weights: number } {
  const largest = [...plan.offsets.keys()].reduce((m, b) => Math.max(m, b.bytes), 0)
  return { scratch: Math.min(2 * largest + 65536, scratchBytes), weights: weightBytes(plan) }
}

/**
 * Packs weights and writes programs. Yields between the weights of one layer and of the next.
 * @throws UnsupportedError, KerfError `out-of-memory`, and whatever reading weights throws
 */
export function* assemble(
  plan: Plan,
  lowerings: Lowerings,
  memory: ProgramMemory,
  sparse: SparseChoice,
): Rounds<Assembly> {
  const { offsets } = plan
  const addressOf = ({ buffer }: Located) => memory.arena + offsets.get(buffer)!
  const builder = new ProgramBuilder(plan, lowerings, memory, addressOf, sparse)
  for (const [i, task] of plan.tasks.entries()) {
    yield { done: i, total: plan.tasks.length }
    builder.add(task)
  }
  const segments = builder.done()
  const kernels = segments.flatMap((segment) =>
    segment.kind === 'program' ? segment.tasks.flatMap((task) => task.kernels) : [],
  )
  return { plan, segments, memory, addressOf, binaries: binariesOf(kernels, memory.native) }
}

/** Stored weights that kernels read as they are: packed they are at least as large. */
const weightBytes = ({ prepared: { stored }, tasks }: Plan): number =>
  tasks.reduce((sum, task) => {
    if (task.kind !== 'compute' || task.job.inputCodes) return sum
    const weights = task.job.inputs.map((name) => stored.get(name)).filter((t) => isExact(t?.elementType))
    return sum + weights.reduce((bytes, t) => bytes + 4 * (elementCount(t?.shape) ?? 0), 0)
  }, 0)

class ProgramBuilder {
  readonly #plan: Plan
  readonly #lowerings: Lowerings
  readonly #memory: ProgramMemory
  readonly #addressOf: (place: Located) => number
  readonly #segments: Segment[] = []
  readonly #weights: WeightReader
  readonly #sparse: SparseChoice
  /** Steps of the program under construction. */
  #open: { task: Task; steps: Step[] }[] = []

  constructor(
    plan: Plan,
    lowerings: Lowerings,
    memory: ProgramMemory,
    addressOf: (place: Located) => number,
    sparse: SparseChoice,
  ) {
    this.#plan = plan
    this.#lowerings = lowerings
    this.#memory = memory
    this.#addressOf = addressOf
    this.#sparse = sparse
    this.#weights = new WeightReader(plan.prepared.stored)
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
    const address = this.#memory.alloc(programBytes(all))
    writeProgram(this.#memory.memory, address, all, 1, this.#memory.native)
    let at = address
    const tasks = this.#open.map(({ task, steps }): TaskSpan => {
      const span = { task, address: at, steps: steps.length, kernels: steps.map(({ kernel }) => kernel) }
      at += program.stepBytes * steps.length
      return span
    })
    this.#segments.push({ kind: 'program', address, steps: all.length, tasks })
    this.#open = []
  }

  #place(located: Located): Place {
    const { buffer, shape, layout, runs } = located
    const least = buffer.elementType === 'uint8' ? buffer.least : undefined
    const placed = (runs ?? []).map(({ buffer, first, count, at, step }): PlacedRun => {
      const address = this.#addressOf({ buffer, shape, layout }) + (least === undefined ? 4 : 1) * first
      return { address, pixel: buffer.shape[1]!, count, at, step }
    })
    const [only] = placed
    if (!only) return { address: this.#addressOf(located), least, shape, layout, pixel: shape[1] ?? 1 }
    const runsOfIt = isOneRun(located) ? undefined : placed
    return { address: only.address, least, shape, layout, pixel: only.pixel, runs: runsOfIt }
  }

  #convert({ from, to }: Extract<Task, { kind: 'convert' }>): Step[] {
    const isBytes = [from, to].some(({ buffer }) => buffer.elementType === 'uint8')
    return (isBytes ? bytesConversion() : convertLayout)(this.#place(from), this.#place(to))
  }

  #lower(task: Extract<Task, { kind: 'compute' }>): Step[] {
    const { job, inputs, outputs, residual } = task
    const { node, call } = job.unit
    const { prepared, bounds } = this.#plan
    this.#weights.release()
    const constant = (i: number): Dense | undefined => {
      const name = node.inputs[i]
      return name && prepared.isConstant(name) ? constantContent(prepared, name) : undefined
    }
    const storedFloats = (i: number): Tensor | undefined => {
      const tensor = prepared.stored.get(node.inputs[i] ?? '')
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
    const layer = layerKey(job, prepared)
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
      bounds: (i) => bounds.get(node.inputs[i] ?? ''),
      epilogue: { residual: residual && this.#place(residual).address, lo: job.lo, hi: job.hi },
      affine: job.affine && affineOf(job.affine, prepared),
      isCentred: (i) => job.centred?.has(job.inputs[i]!) ?? false,
      makesCentred: job.centred?.has(job.result) ?? false,
      inputCodes: job.inputCodes,
      outputCodes: job.outputCodes,
      sparse: this.#sparse,
      alloc: this.#memory,
      packing: layer === undefined ? this.#memory : this.#memory.packing(layer),
    }
    return loweringOf(job, this.#lowerings).lower(context)
  }
}

const identities = new WeakMap<object, number>()
let identified = 0
const identityOf = (object: object): number => getOrAdd(identities, object, () => identified++)

/** A layer with what is stored as its inputs, and as those of a normalisation that goes into it; undefined where something known is not stored. */
function layerKey({ unit, affine }: Job, { stored, isConstant, writtenOut }: Prepared): string | undefined {
  const parts: number[] = []
  for (const { node } of affine ? [unit, affine] : [unit]) {
    // Another plan makes another node of what it stands for.
    parts.push(identityOf(writtenOut.get(node)?.at(-1) ?? node))
    for (const name of node.inputs) {
      const tensor = stored.get(name)
      if (!tensor && isConstant(name)) return undefined
      parts.push(tensor ? identityOf(tensor.data) : -1)
    }
  }
  return parts.join()
}
