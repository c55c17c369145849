import type { Dense, Model } from '../../graph/index.ts'
import { calculate } from '../reference/calculate.ts'
import { fromDense, fromFloats, type HostElementType, type HostTensor, toDense, writeFloats } from '../tensor.ts'
import type { Lowerings } from './lowering.ts'
import { hasRelaxedSimd, type Variant } from './module.ts'
import { makePlan, type Plan, type Segment } from './plan.ts'
import { Pool, type SpawnWorker } from './pool.ts'
import type { Located, Task } from './schedule.ts'

export interface WasmOptions {
  readonly threads: number
  readonly spawn: SpawnWorker | undefined
  readonly lowerings: Lowerings
  /** Inputs keep their content from run to run (see resident.ts). Default false. */
  readonly resident?: boolean
}

/** A plan with the threads that run it. */
export class WasmRunner {
  readonly plan: Plan
  readonly #options: WasmOptions
  readonly #variant: Variant
  #pool: Pool | undefined
  /** Values that are not float32, or whose size depends on data. */
  readonly #host = new Map<string, Dense>()
  readonly #views = new Map<Located, Float32Array>()
  /** Bytes that the reference has made for one node, at most. */
  #mostMade = 0

  private constructor(plan: Plan, options: WasmOptions, variant: Variant) {
    this.plan = plan
    this.#options = options
    this.#variant = variant
  }

  static async make(
    model: Model,
    inputShapes: ReadonlyMap<string, readonly number[]>,
    options: WasmOptions,
  ): Promise<WasmRunner> {
    const shared = options.threads > 1 && options.spawn !== undefined
    const plan = makePlan(model, inputShapes, options.lowerings, shared, options.resident)
    const relaxed = hasRelaxedSimd()
    const runner = new WasmRunner(
      plan,
      options,
      shared ? (relaxed ? 'relaxedThreads' : 'simdThreads') : relaxed ? 'relaxed' : 'simd',
    )
    await runner.#threads()
    return runner
  }

  /**
   * @param feeds checked: every input, with the shapes of the plan
   * @returns outputs, as the model has them, valid until the next run: float32 ones lie in the plan's memory
   */
  async run(feeds: ReadonlyMap<string, HostTensor>): Promise<Map<string, HostTensor>> {
    const pool = await this.#threads()
    this.#load(feeds)
    for (const segment of this.plan.segments) this.#do(segment, pool)
    return new Map(this.plan.prepared.model.graph.outputs.map(({ name }) => [name, this.result(name)]))
  }

  /** A run on what the inputs' memory holds; results stay where `place` finds them. */
  async step(): Promise<void> {
    const pool = await this.#threads()
    this.#host.clear()
    for (const segment of this.plan.segments) this.#do(segment, pool)
  }

  /** The memory of an input or output; undefined for one that is no float32 value of the kernels. It stays where it is. */
  place(name: string): Float32Array | undefined {
    const located = this.plan.schedule.inputs.get(name) ?? this.plan.schedule.outputs.get(name)
    return located && this.#view(located)
  }

  /** An output after a run, wherever it is; valid until the next. */
  result(name: string): HostTensor {
    const located = this.plan.schedule.outputs.get(name)
    const elementType = this.plan.prepared.declared.get(name)
    if (located) return fromFloats(elementType as HostElementType, located.shape, this.#view(located))
    const value = this.#host.get(name) ?? this.plan.constant(name)
    return fromDense({ ...value, elementType: elementType ?? value.elementType })
  }

  /** A run of which every task is timed by itself (see profile.ts). */
  async runTasks(feeds: ReadonlyMap<string, HostTensor>, report: (task: Task, timeMs: number) => void): Promise<void> {
    const pool = await this.#threads()
    this.#load(feeds)
    for (const segment of this.plan.segments)
      for (const part of segment.kind === 'program' ? segment.tasks : [segment]) {
        const start = performance.now()
        if ('address' in part) pool.run(part.address, part.steps)
        else this.#runOnHost(part.task)
        report(part.task, performance.now() - start)
      }
  }

  /** Bytes outside of the plan's memory: what the reference has made for other nodes of its own, and for one at most. */
  get hostBytes(): number {
    return [...this.#host.values()].reduce((sum, value) => sum + bytesOf(value), this.#mostMade)
  }

  dispose(): void {
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
    this.#pool ??= await Pool.start(this.#variant, this.plan.memory.memory, this.#options.threads, this.#options.spawn)
    return this.#pool
  }

  #load(feeds: ReadonlyMap<string, HostTensor>): void {
    this.#host.clear()
    for (const [name, tensor] of feeds) {
      const place = this.plan.schedule.inputs.get(name)
      if (place) writeFloats(tensor, this.#view(place))
      else this.#host.set(name, toDense(tensor))
    }
  }

  #do(segment: Segment, pool: Pool): void {
    if (segment.kind === 'program') pool.run(segment.address, segment.steps)
    else this.#runOnHost(segment.task)
  }

  #runOnHost({ job, inputs, outputs }: Extract<Task, { kind: 'host' }>): void {
    const { node, call } = job.unit
    const values = node.inputs.map((name, i) => {
      const place = inputs[i]
      if (name === '') return undefined
      if (place) {
        const elementType = this.plan.prepared.inference.values.get(name)?.elementType ?? 'float32'
        return { elementType, shape: place.shape, data: this.#view(place) }
      }
      return this.#host.get(name) ?? this.plan.constant(name)
    })
    const results = calculate(node, call.opset, values)
    this.#mostMade = Math.max(
      this.#mostMade,
      results.reduce((sum, result) => sum + bytesOf(result), 0),
    )
    node.outputs.forEach((name, i) => {
      const place = outputs[i]
      const result = results[i]
      if (name === '' || !result) return
      if (place) this.#view(place).set(result.data)
      else this.#host.set(name, result)
    })
  }

  /** Made once: the memory stays as it is after planning. */
  #view(located: Located): Float32Array {
    let view = this.#views.get(located)
    if (!view) {
      const count = located.shape.reduce((p, d) => p * d, 1)
      view = new Float32Array(this.plan.memory.memory.buffer, this.plan.addressOf(located), count)
      this.#views.set(located, view)
    }
    return view
  }
}

/** Plain arrays hold doubles. */
const bytesOf = ({ data }: Dense): number => ('byteLength' in data ? Number(data.byteLength) : 8 * data.length)
