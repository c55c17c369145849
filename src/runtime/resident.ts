import { elementCount, KerfError, type Task } from '../base/index.ts'
import { graphInputs, type Model } from '../graph/index.ts'
import { lowerings } from './backends/wasm/lowerings/index.ts'
import { profileTasks, type RunProfile } from './backends/wasm/profile.ts'
import type { WasmRunner } from './backends/wasm/session.ts'
import { type Backend, chooseBackend, chooseThreads, paceOf, runReference, type SessionOptions } from './session.ts'
import { startRunner } from './start-runner.ts'
import { hostTensor } from './tensor.ts'

/**
 * A network that is run again and again on memory that its caller shares: inputs are written and outputs are read in place, and inputs keep their
 * content. Training works so: weights are inputs, gradients outputs, and a step changes the weights where they are.
 */
export interface Resident {
  readonly backend: Backend
  readonly threads: number
  /** The plan's memory in bytes; undefined for the reference. */
  readonly memory: { readonly arena: number; readonly sum: number; readonly total: number } | undefined
  /** Nodes that no kernel does. */
  readonly onHost: readonly string[]
  /** An input's memory, row-major as ONNX has it. The array stays valid. @throws KerfError `unknown-input` */
  input(name: string): Float32Array
  /** An output of the last run; valid until the next. @throws KerfError `unknown-output` */
  output(name: string): Float32Array
  /** @throws KerfError `aborted`, after which it can be run again */
  run(task?: Task): Promise<void>
  /** How long every part of a run takes (see Session.profile). */
  profile(seconds?: number, task?: Task): Promise<RunProfile>
  dispose(): void
}

export type ResidentOptions = Task & Pick<SessionOptions, 'backend' | 'threads' | 'onNotice' | 'worker' | 'spawn'>

/**
 * Plans a network for one set of input shapes.
 * @param inputShapes concrete; all inputs and outputs are float32
 * @throws UnsupportedError for an operator that is not known; KerfError `out-of-memory`, `wrong-element-type`, `aborted`
 */
export async function createResident(
  model: Model,
  inputShapes: ReadonlyMap<string, readonly number[]>,
  options: ResidentOptions = {},
): Promise<Resident> {
  const notice = options.onNotice ?? ((text: string) => console.warn(`kerf: ${text}`))
  for (const { name, type } of graphInputs(model.graph))
    if (type?.kind !== 'tensor' || type.elementType !== 'float32')
      throw new KerfError(
        'wrong-element-type',
        `Input "${name}" is not float32; a resident plan has float32 inputs only.`,
        {
          input: name,
        },
      )
  if (chooseBackend(options, notice) === 'reference') return new ReferenceResident(model, inputShapes)
  const asked = chooseThreads(options, notice)
  const { runner, threads } = await startRunner(model, inputShapes, options, asked, notice, {
    lowerings,
    keepsInputs: true,
  })
  return new WasmResident(runner, threads)
}

const unknown = (kind: 'input' | 'output', name: string): KerfError =>
  new KerfError(`unknown-${kind}`, `The plan has no ${kind} "${name}".`, { name })

class WasmResident implements Resident {
  readonly backend = 'wasm'
  readonly threads: number
  readonly #runner: WasmRunner

  constructor(runner: WasmRunner, threads: number) {
    this.#runner = runner
    this.threads = threads
  }

  get memory() {
    return this.#runner.assembly.sizes
  }

  get onHost() {
    return this.#runner.plan.onHost
  }

  input(name: string): Float32Array {
    const place = this.#runner.plan.inputs.has(name) ? this.#runner.place(name) : undefined
    if (!place) throw unknown('input', name)
    return place
  }

  output(name: string): Float32Array {
    if (!this.#runner.plan.prepared.model.graph.outputs.some((o) => o.name === name)) throw unknown('output', name)
    return this.#runner.place(name) ?? (this.#runner.result(name).data as Float32Array)
  }

  run(task: Task = {}): Promise<void> {
    return this.#runner.step(paceOf(task))
  }

  profile(seconds = 1, task: Task = {}): Promise<RunProfile> {
    return profileTasks(this.#runner, new Map(), seconds, task)
  }

  dispose(): void {
    this.#runner.dispose()
  }
}

/** The same by the operators' scalar definitions. */
class ReferenceResident implements Resident {
  readonly backend = 'reference'
  readonly threads = 1
  readonly memory = undefined
  readonly onHost: readonly string[] = []
  readonly #model: Model
  readonly #shapes: ReadonlyMap<string, readonly number[]>
  readonly #inputs: ReadonlyMap<string, Float32Array>
  #outputs: ReadonlyMap<string, { readonly data: ArrayLike<unknown> }> = new Map()

  constructor(model: Model, shapes: ReadonlyMap<string, readonly number[]>) {
    this.#model = model
    this.#shapes = shapes
    this.#inputs = new Map([...shapes].map(([name, s]) => [name, new Float32Array(elementCount(s)!)]))
  }

  input(name: string): Float32Array {
    const data = this.#inputs.get(name)
    if (!data) throw unknown('input', name)
    return data
  }

  output(name: string): Float32Array {
    const data = this.#outputs.get(name)?.data
    if (!data) throw unknown('output', name)
    return data as Float32Array
  }

  async run(task: Task = {}): Promise<void> {
    const feeds = [...this.#inputs].map(
      ([name, data]) => [name, hostTensor('float32', this.#shapes.get(name)!, data)] as const,
    )
    this.#outputs = await runReference(this.#model, new Map(feeds), paceOf(task))
  }

  profile(): Promise<RunProfile> {
    throw new KerfError('bad-options', "Only the backend 'wasm' can be timed part by part.")
  }

  dispose(): void {}
}
