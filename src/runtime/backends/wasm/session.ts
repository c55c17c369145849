import { inTurns, type Pace, type Turn, turns, type Task as Work } from '../../../base/index.ts'
import type { Dense, Model } from '../../../graph/index.ts'
import { type Located, makePlan, type Plan, type PlanOptions, type Task } from '../../../plan/index.ts'
import { fromDense, fromFloats, type HostElementType, type HostTensor, toDense, writeFloats } from '../../tensor.ts'
import { calculate } from '../reference/calculate.ts'
import { type Assembly, assemble, type Segment, type TaskSpan } from './assemble.ts'
import { Bodies } from './bodies.ts'
import type { Lowerings } from './lowering.ts'
import { abilitiesOf } from './lowerings/index.ts'
import { hasRelaxedSimd, type Variant } from './module.ts'
import { Pool, type SpawnWorker } from './pool.ts'

export interface WasmOptions extends PlanOptions {
  readonly threads: number
  readonly spawn: SpawnWorker | undefined
  readonly lowerings: Lowerings
}

type HostTask = Extract<Task, { kind: 'host' }>
type Part = TaskSpan | Extract<Segment, { kind: 'host' }>

/** A run that takes no longer is stopped behind it. */
const quickMs = 100

/** What is stopped. */
export const planning = 'Making the network ready to run'

/** A plan with the threads that run it. */
export class WasmRunner {
  readonly plan: Plan
  readonly assembly: Assembly
  readonly #options: WasmOptions
  readonly #variant: Variant
  #pool: Pool | undefined
  /** Values that are not float32, or whose size depends on data. */
  readonly #host = new Map<string, Dense>()
  #bodies: Bodies | undefined
  readonly #views = new Map<Located, Float32Array>()
  /** Bytes that the reference has made for one node, at most. */
  #mostMade = 0
  /** Of the last run; it may be long before one was made. */
  #lastMs = Number.POSITIVE_INFINITY

  private constructor(assembly: Assembly, options: WasmOptions, variant: Variant) {
    this.plan = assembly.plan
    this.assembly = assembly
    this.#options = options
    this.#variant = variant
  }

  static async make(
    model: Model,
    inputShapes: ReadonlyMap<string, readonly number[]>,
    options: WasmOptions,
    { signal, progress }: Work = {},
  ): Promise<WasmRunner> {
    const shared = options.threads > 1 && options.spawn !== undefined
    const turn = turns(signal, planning)
    await turn()
    const plan = makePlan(model, inputShapes, abilitiesOf(options.lowerings), options)
    const assembly = await inTurns(assemble(plan, options.lowerings, shared), 'planning', { turn, progress })
    const relaxed = hasRelaxedSimd()
    const runner = new WasmRunner(
      assembly,
      options,
      shared ? (relaxed ? 'relaxedThreads' : 'simdThreads') : relaxed ? 'relaxed' : 'simd',
    )
    await runner.#threads()
    try {
      await turn()
      return runner
    } catch (error) {
      runner.dispose()
      throw error
    }
  }

  /**
   * @param feeds checked: every input, with the shapes of the plan
   * @returns outputs, as the model has them, valid until the next run: float32 ones lie in the plan's memory
   */
  async run(feeds: ReadonlyMap<string, HostTensor>, pace?: Pace): Promise<Map<string, HostTensor>> {
    const pool = await this.#threads()
    this.#load(feeds)
    await this.#all(pool, pace)
    return new Map(this.plan.prepared.model.graph.outputs.map(({ name }) => [name, this.result(name)]))
  }

  /** A run on what the inputs' memory holds; results stay where `place` finds them. */
  async step(pace?: Pace): Promise<void> {
    const pool = await this.#threads()
    this.#host.clear()
    await this.#all(pool, pace)
  }

  /** A run as a body of another network (see bodies.ts): on values of any kind, sequences too. */
  async runValues(values: ReadonlyMap<string, Dense>): Promise<Dense[]> {
    const pool = await this.#threads()
    this.#host.clear()
    for (const [name, value] of values) {
      const place = this.plan.inputs.get(name)
      if (place) this.#view(place).set(value.data)
      else this.#host.set(name, value)
    }
    await this.#all(pool)
    const { outputs } = this.plan.prepared.model.graph
    return outputs.map(({ name }) => {
      return this.#own(this.#value(name, this.plan.outputs.get(name)))
    })
  }

  /** The memory of an input or output; undefined for one that is no float32 value of the kernels. It stays where it is. */
  place(name: string): Float32Array | undefined {
    const located = this.plan.inputs.get(name) ?? this.plan.outputs.get(name)
    return located && this.#view(located)
  }

  /** An output after a run, wherever it is; valid until the next. */
  result(name: string): HostTensor {
    const located = this.plan.outputs.get(name)
    const elementType = this.plan.prepared.declared.get(name)
    if (located) return fromFloats(elementType as HostElementType, located.shape, this.#view(located))
    const value = this.#host.get(name) ?? this.assembly.constant(name)
    return fromDense({ ...value, elementType: elementType ?? value.elementType })
  }

  /** A run of which every task is timed by itself (see profile.ts). */
  async runTasks(
    feeds: ReadonlyMap<string, HostTensor>,
    report: (task: Task, timeMs: number) => void,
    turn: Turn,
  ): Promise<void> {
    const pool = await this.#threads()
    this.#load(feeds)
    for (const part of this.#parts()) {
      await turn()
      const start = performance.now()
      await this.#part(pool, part)
      report(part.task, performance.now() - start)
    }
  }

  /** Bytes outside of the plan's memory: what the reference has made for other nodes of its own, and for one at most. */
  get hostBytes(): number {
    return [...this.#host.values()].reduce((sum, value) => sum + bytesOf(value), this.#mostMade)
  }

  dispose(): void {
    this.#bodies?.dispose()
    this.#bodies = undefined
    this.#pool?.dispose()
    this.#pool = undefined
  }

  /** The threads, new ones where a worker has died. */
  async #threads(): Promise<Pool> {
    if (this.#pool?.isBroken) {
      const broken = this.#pool
      this.#pool = undefined
      await broken.dispose()
    }
    this.#pool ??= await Pool.start(
      this.#variant,
      this.assembly.memory.memory,
      this.#options.threads,
      this.#options.spawn,
    )
    return this.#pool
  }

  #load(feeds: ReadonlyMap<string, HostTensor>): void {
    this.#host.clear()
    for (const [name, tensor] of feeds) {
      const place = this.plan.inputs.get(name)
      if (place) writeFloats(tensor, this.#view(place))
      else this.#host.set(name, toDense(tensor))
    }
  }

  async #all(pool: Pool, pace?: Pace): Promise<void> {
    // Calling the kernels task by task costs threads time, so a network that is quick as a whole is not divided for others' turns.
    const isDivided = pace !== undefined && (pace.progress !== undefined || this.#lastMs > quickMs)
    const parts: readonly (Part | Segment)[] = isDivided ? this.#parts() : this.assembly.segments
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

  #parts(): Part[] {
    return this.assembly.segments.flatMap((segment): readonly Part[] =>
      segment.kind === 'program' ? segment.tasks : [segment],
    )
  }

  async #part(pool: Pool, part: Part | Segment, turn?: Turn): Promise<void> {
    if ('address' in part) pool.run(part.address, part.steps)
    else if (part.task.job.unit.operator.control) await this.#runControl(part.task, turn)
    else this.#runOnHost(part.task)
  }

  #runOnHost(task: HostTask): void {
    const { node, call } = task.job.unit
    const results = calculate(node, call.opset, this.#inputsOf(task))
    this.#mostMade = Math.max(
      this.#mostMade,
      results.reduce((sum, result) => sum + bytesOf(result), 0),
    )
    this.#keep(task, results)
  }

  /** A node that runs bodies: what it asks for is run, one after the other. */
  async #runControl(task: HostTask, turn?: Turn): Promise<void> {
    const { operator, call } = task.job.unit
    this.#bodies ??= new Bodies(this.plan.prepared, this.assembly.constant, (model, shapes) =>
      WasmRunner.make(model, shapes, { ...this.#options, keepsInputs: false }),
    )
    const inputs = this.#inputsOf(task)
    const known = inputs.map((x) => x && { elementType: x.elementType, shape: x.shape, value: x })
    const rounds = operator.control!.run({ ...call, inputs: known }, inputs)
    const around = (name: string) => this.#value(name, task.captured.get(name))
    let state = rounds.next()
    while (!state.done) {
      await turn?.()
      const { graph, inputs } = state.value
      const ran = await this.#bodies.run(graph, inputs, around).catch((error) => ({ error }))
      state = 'error' in ran ? rounds.throw(ran.error) : rounds.next(ran)
    }
    this.#keep(task, state.value)
  }

  #value(name: string, place: Located | undefined): Dense {
    if (place) {
      const elementType = this.plan.prepared.inference.values.get(name)?.elementType ?? 'float32'
      return { elementType, shape: place.shape, data: this.#view(place) }
    }
    return this.#host.get(name) ?? this.assembly.constant(name)
  }

  #inputsOf({ job, inputs }: HostTask): (Dense | undefined)[] {
    return job.unit.node.inputs.map((name, i) => (name === '' ? undefined : this.#value(name, inputs[i])))
  }

  #keep({ job, outputs }: HostTask, results: readonly Dense[]): void {
    job.unit.node.outputs.forEach((name, i) => {
      const place = outputs[i]
      const result = results[i]
      if (name === '' || !result) return
      if (place) this.#view(place).set(result.data)
      else this.#host.set(name, this.#own(result))
    })
  }

  /** A result that some operator hands on as it is lies in memory that others will write to. */
  #own(value: Dense): Dense {
    const { data, sequence } = value
    if (sequence) return { ...value, sequence: sequence.map((element) => this.#own(element)) }
    const isLent = data instanceof Float32Array && data.buffer === this.assembly.memory.memory.buffer
    return isLent ? { ...value, data: data.slice() } : value
  }

  /** Made once: the memory stays as it is after planning. */
  #view(located: Located): Float32Array {
    let view = this.#views.get(located)
    if (!view) {
      const count = located.shape.reduce((p, d) => p * d, 1)
      view = new Float32Array(this.assembly.memory.memory.buffer, this.assembly.addressOf(located), count)
      this.#views.set(located, view)
    }
    return view
  }
}

/** Plain arrays hold doubles. */
const bytesOf = ({ data }: Dense): number => ('byteLength' in data ? Number(data.byteLength) : 8 * data.length)
