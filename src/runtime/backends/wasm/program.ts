import { inTurns, type Turn, turns, type Task as Work } from '../../../base/index.ts'
import type { Dense } from '../../../graph/index.ts'
import type { Located, Plan } from '../../../plan/index.ts'
import { type Backend, type Program, unknownValue } from '../../backend.ts'
import { Host } from '../../host.ts'
import { paceOf, planning } from '../../pace.ts'
import { type Assembly, assemble, bytesOf, type Segment, type TaskSpan } from './assemble.ts'
import { Device } from './engine/device.ts'
import { DeviceMemory, ProgramMemory } from './engine/memory.ts'
import type { NativeKernels } from './engine/native.ts'
import type { Pool, SpawnWorker } from './engine/pool.ts'
import type { Lowerings } from './lowerings/lowering.ts'
import type { SparseChoice } from './steps/convolution/sparse-choice.ts'

type Part = TaskSpan | Extract<Segment, { kind: 'host' }>

/** A run that takes no longer is stopped behind it. */
const quickMs = 100

export interface ProgramOptions {
  readonly threads: number
  readonly spawn: SpawnWorker | undefined
  readonly native: NativeKernels | undefined
  readonly lowerings: Lowerings
  /** When products with weights of 0 are left out. */
  readonly sparse: SparseChoice
  /** Compiles what bodies of nodes are. */
  readonly backend: Backend
}

/** A plan as programs of kernels, with the threads that run them. */
export class WasmProgram implements Program {
  readonly plan: Plan
  readonly #assembly: Assembly
  readonly #device: Device
  readonly #host: Host
  readonly #views = new Map<Located, Float32Array>()
  /** Of the last run; it may be long before one was made. */
  #lastMs = Number.POSITIVE_INFINITY
  #isDisposed = false

  private constructor(assembly: Assembly, device: Device, backend: Backend) {
    this.plan = assembly.plan
    this.#assembly = assembly
    this.#device = device
    this.#host = new Host(this.plan, (place) => this.#view(place), backend)
  }

  /** @param beside shares its memory and threads */
  static async make(
    plan: Plan,
    { threads, spawn, native, lowerings, sparse, backend }: ProgramOptions,
    { signal, progress }: Work,
    beside?: WasmProgram,
  ): Promise<WasmProgram> {
    const turn = turns(signal, planning)
    const { scratch, weights } = bytesOf(plan)
    const { arena, keepsInputs } = plan
    const shared = threads > 1 && spawn !== undefined
    const device = beside
      ? beside.#device
      : new Device(new DeviceMemory(arena.bytes + scratch + weights + 64, shared, native), threads, spawn)
    device.enter()
    let memory: ProgramMemory | undefined
    try {
      // First, so that threads of a pool that broke write nowhere any more.
      await device.mend()
      memory = new ProgramMemory(device.memory, arena.bytes, scratch, keepsInputs)
      const assembly = await inTurns(assemble(plan, lowerings, memory, sparse), 'planning', { turn, progress })
      // Behind it: only now it is known which kernels they are to have.
      await device.pool(assembly.binaries)
      await turn()
      return new WasmProgram(assembly, device, backend)
    } catch (error) {
      memory?.dispose()
      await device.leave()
      throw error
    }
  }

  get threads() {
    return this.#device.threads
  }

  get memory() {
    const { arena } = this.plan
    return { arena: arena.bytes, sum: arena.sum, total: this.#device.memory.bytes, host: this.#host.bytes }
  }

  get onHost() {
    return this.plan.onHost
  }

  write(input: string, value: Dense): void {
    const place = this.plan.inputs.get(input)
    if (place) this.#view(place).set(value.data)
    else if (this.plan.prepared.model.graph.inputs.some(({ name }) => name === input)) this.#host.write(input, value)
    else throw unknownValue('input', input)
  }

  input(name: string): Float32Array {
    const place = this.plan.inputs.get(name)
    if (!place) throw unknownValue('input', name)
    return this.#view(place)
  }

  async run(work: Work = {}): Promise<void> {
    const pool = await this.#start()
    const pace = paceOf(work)
    // Calling the kernels task by task costs threads time, so a network that is quick as a whole is not divided for others' turns.
    const isDivided = pace !== undefined && (pace.progress !== undefined || this.#lastMs > quickMs)
    const parts: readonly (Part | Segment)[] = isDivided ? this.#parts() : this.#assembly.segments
    let timeMs = 0
    for (const [i, part] of parts.entries()) {
      await pace?.turn()
      const start = performance.now()
      await this.#part(pool, part, pace?.turn)
      timeMs += performance.now() - start
      pace?.progress?.({ what: 'running', done: i + 1, total: parts.length })
    }
    this.#lastMs = timeMs
  }

  async profile(report: Parameters<Program['profile']>[0], { signal }: Work = {}): Promise<void> {
    const pool = await this.#start()
    const turn = turns(signal, 'Timing the network')
    for (const part of this.#parts()) {
      await turn()
      const start = performance.now()
      await this.#part(pool, part)
      report(part.task, performance.now() - start, 'address' in part ? part.kernels : [])
    }
  }

  read(output: string): Dense {
    if (!this.plan.prepared.model.graph.outputs.some(({ name }) => name === output))
      throw unknownValue('output', output)
    return this.#host.value(output, this.plan.outputs.get(output))
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed) return
    this.#isDisposed = true
    this.#assembly.memory.dispose()
    await Promise.all([this.#device.leave(), this.#host.dispose()])
  }

  #parts(): Part[] {
    return this.#assembly.segments.flatMap((segment): readonly Part[] =>
      segment.kind === 'program' ? segment.tasks : [segment],
    )
  }

  async #part(pool: Pool, part: Part | Segment, turn?: Turn): Promise<void> {
    if ('address' in part) pool.run(part.address, part.steps)
    else await this.#host.run(part.task, turn)
  }

  #start(): Promise<Pool> {
    this.#host.start()
    return this.#device.pool(this.#assembly.binaries)
  }

  /** Made once, and again where the memory has grown for another program. */
  #view(located: Located): Float32Array {
    const { buffer } = this.#assembly.memory.memory
    let view = this.#views.get(located)
    if (view?.buffer !== buffer) {
      const count = located.shape.reduce((p, d) => p * d, 1)
      view = new Float32Array(buffer, this.#assembly.addressOf(located), count)
      this.#views.set(located, view)
    }
    return view
  }
}
