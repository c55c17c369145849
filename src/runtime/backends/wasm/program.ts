import { inTurns, type Turn, turns, type Task as Work } from '../../../base/index.ts'
import type { Dense } from '../../../graph/index.ts'
import type { Located, Plan } from '../../../plan/index.ts'
import { type Backend, type Program, unknownValue } from '../../backend.ts'
import { Host } from '../../host.ts'
import { paceOf, planning } from '../../pace.ts'
import { type Assembly, assemble, type Segment, type TaskSpan } from './assemble.ts'
import type { Lowerings } from './lowering.ts'
import { Pool, type SpawnWorker } from './pool.ts'

type Part = TaskSpan | Extract<Segment, { kind: 'host' }>

/** A run that takes no longer is stopped behind it. */
const quickMs = 100

export interface ProgramOptions {
  readonly threads: number
  readonly spawn: SpawnWorker | undefined
  readonly lowerings: Lowerings
  /** Compiles what bodies of nodes are. */
  readonly backend: Backend
}

/** A plan as programs of kernels, with the threads that run them. */
export class WasmProgram implements Program {
  readonly plan: Plan
  readonly #assembly: Assembly
  readonly #options: ProgramOptions
  readonly #host: Host
  #pool: Pool | undefined
  readonly #views = new Map<Located, Float32Array>()
  /** Of the last run; it may be long before one was made. */
  #lastMs = Number.POSITIVE_INFINITY

  private constructor(assembly: Assembly, options: ProgramOptions) {
    this.plan = assembly.plan
    this.#assembly = assembly
    this.#options = options
    this.#host = new Host(this.plan, (place) => this.#view(place), options.backend)
  }

  static async make(plan: Plan, options: ProgramOptions, { signal, progress }: Work): Promise<WasmProgram> {
    const shared = options.threads > 1 && options.spawn !== undefined
    const turn = turns(signal, planning)
    const assembly = await inTurns(assemble(plan, options.lowerings, shared), 'planning', { turn, progress })
    const program = new WasmProgram(assembly, options)
    await program.#threads()
    try {
      await turn()
      return program
    } catch (error) {
      await program.dispose()
      throw error
    }
  }

  get threads() {
    return this.#options.threads
  }

  get memory() {
    return { ...this.#assembly.sizes, host: this.#host.bytes }
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
    const pool = this.#pool
    this.#pool = undefined
    await Promise.all([pool?.dispose(), this.#host.dispose()])
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
    return this.#threads()
  }

  /** The threads, new ones where a worker has died. */
  async #threads(): Promise<Pool> {
    if (this.#pool?.isBroken) {
      const broken = this.#pool
      this.#pool = undefined
      await broken.dispose()
    }
    const { threads, spawn } = this.#options
    this.#pool ??= await Pool.start(this.#assembly.memory.memory, threads, threads > 1 ? spawn : undefined)
    return this.#pool
  }

  /** Made once: the memory stays as it is after planning. */
  #view(located: Located): Float32Array {
    let view = this.#views.get(located)
    if (!view) {
      const count = located.shape.reduce((p, d) => p * d, 1)
      view = new Float32Array(this.#assembly.memory.memory.buffer, this.#assembly.addressOf(located), count)
      this.#views.set(located, view)
    }
    return view
  }
}
