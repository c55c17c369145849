import { KerfError, MemoryBudget } from '../base/index.ts'
import { bytesOfDense, constantContent, type Dense, type Model } from '../graph/index.ts'
import { type Located, type Plan, planFor, type Task } from '../plan/index.ts'
import type { Backend } from './backend.ts'
import { calculate } from './backends/reference/calculate.ts'
import { Bodies } from './bodies.ts'

/** A task that a backend leaves to the operator's scalar definition. */
export type HostTask = Extract<Task, { kind: 'host' }>

/** What a backend keeps its buffers in. */
export type Numbers = Float32Array | Float64Array

/** The host's part of a program: tasks that the backend leaves to the reference, and all values that lie in none of the plan's buffers. */
export class Host {
  readonly #plan: Plan
  readonly #view: (place: Located) => Numbers
  readonly #bodies: Bodies
  readonly #given = new Map<string, Dense>()
  readonly #made = new Map<string, Dense>()
  /** Of what was made in this run. */
  #memory = new MemoryBudget()
  /** Bytes that the reference has made for one node, at most. */
  #mostMade = 0

  /**
   * The host's part of one program.
   * @param view a value in the backend's memory, as ONNX has it
   */
  constructor(plan: Plan, view: (place: Located) => Numbers, backend: Backend) {
    this.#plan = plan
    this.#view = view
    this.#bodies = new Bodies(
      plan,
      (name) => constantContent(plan.prepared, name),
      async (model: Model, shapes) =>
        backend.compile(await planFor(model, shapes, backend, { operators: plan.prepared.operators })),
    )
  }

  /** Gives a value to `input`, which lies in no buffer. */
  write(input: string, value: Dense): void {
    this.#given.set(input, value)
  }

  /** Forgets what the last run made. */
  start(): void {
    this.#made.clear()
    this.#memory = new MemoryBudget()
  }

  /**
   * Does a `task`.
   * @param turn is awaited before every body that the task runs: lets others have their turn, or ends the run by an error
   */
  async run(task: HostTask, turn?: () => Promise<void>): Promise<void> {
    const { node, operator, call } = task.job.unit
    const inputs = node.inputs.map((name, i) => (name === '' ? undefined : this.value(name, task.inputs[i])))
    if (operator.control) {
      const known = inputs.map((x) => x && { elementType: x.elementType, shape: x.shape, value: x })
      const rounds = operator.run!({ ...call, inputs: known }, inputs)
      const around = (name: string) =>
        this.value(name, task.captured.get(name) ?? task.inputs[node.inputs.indexOf(name)])
      // What a node asks for is run, one body after the other.
      let state = rounds.next()
      while (!state.done) {
        await turn?.()
        const ran = await this.#bodies.run(state.value.graph, state.value.inputs, around).catch((error) => ({ error }))
        state = 'error' in ran ? rounds.throw(ran.error) : rounds.next(ran)
      }
      this.#keep(task, state.value, inputs)
      return
    }
    const results = calculate(operator, node, call.opset, inputs, this.#memory)
    const made = results.reduce((sum, result) => sum + bytesOfDense(result), 0)
    this.#mostMade = Math.max(this.#mostMade, made)
    this.#keep(task, results, inputs)
  }

  /** Value `name` after a task has made it: in the backend's memory at this `place`, with the host, or known before running. */
  value(name: string, place: Located | undefined): Dense {
    if (place) {
      const elementType = this.#plan.prepared.values.get(name)?.elementType ?? 'float32'
      return { elementType, shape: place.shape, data: this.#view(place) }
    }
    return this.#made.get(name) ?? this.#given.get(name) ?? constantContent(this.#plan.prepared, name)
  }

  /** What it holds, and what it took for one node at most. */
  get bytes(): number {
    return [...this.#given.values(), ...this.#made.values()].reduce(
      (sum, value) => sum + bytesOfDense(value),
      this.#mostMade,
    )
  }

  /** Lets go of the programs of bodies. */
  dispose(): Promise<void> {
    return this.#bodies.dispose()
  }

  #keep(
    { job, inputs: places, outputs }: HostTask,
    results: readonly Dense[],
    inputs: readonly (Dense | undefined)[],
  ): void {
    const lent = new Set(inputs.flatMap((x, i) => (places[i] && ArrayBuffer.isView(x?.data) ? [x.data.buffer] : [])))
    job.unit.node.outputs.forEach((name, i) => {
      const place = outputs[i]
      const result = results[i]
      if (name === '' || !result) return
      if (place) this.#view(place).set(fitting(result, place, name).data)
      else {
        const value = own(result, lent)
        this.#memory.take(bytesOfDense(value), `The value "${name}"`, 'Use a smaller batch or input')
        this.#made.set(name, value)
      }
    })
  }
}

/** @throws KerfError `wrong-shape` where an operator has said another shape than it makes: what it had room for would hold what lay there before */
function fitting(value: Dense, { shape }: Located, name: string): Dense {
  if (value.shape.join() === shape.join()) return value
  throw new KerfError(
    'wrong-shape',
    `Value "${name}" is [${value.shape}], where [${shape}] was inferred. Its operator infers another shape than it makes.`,
    { value: name, expected: shape, received: value.shape },
  )
}

/** A result that some operator hands on as it is may lie in memory that others will write to. */
function own(value: Dense, lent: ReadonlySet<ArrayBufferLike>): Dense {
  const { data, sequence } = value
  if (sequence) return { ...value, sequence: sequence.map((element) => own(element, lent)) }
  const isLent = (data instanceof Float32Array || data instanceof Float64Array) && lent.has(data.buffer)
  return isLent ? { ...value, data: data.slice() } : value
}
