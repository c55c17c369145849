// A third backend, written against the interface alone: what plans give in float64, with everything in ONNX's layout. It shows what a backend needs, and
// how far float32 rounds.

import { constantContent, type Dense, runForward } from '../graph/index.ts'
import { operators } from '../ops/index.ts'
import type { Located, Plan, Task } from '../plan/index.ts'
import { type Backend, Host, type Program, unknownValue } from '../runtime/index.ts'

export const doubles: Backend = {
  name: 'doubles',
  threads: 1,
  // Residuals and clamps are applied to what a node made; the rest of what could be fused stays nodes of its own.
  supports: ({ node }) =>
    operators.get(node.domain, node.opType)?.forward
      ? { layout: 'plain', inPlace: true, fuses: { residual: true, clamp: true } }
      : 'it has no scalar reference',
  compile: async (plan) => new DoublesProgram(plan),
}

class DoublesProgram implements Program {
  readonly plan: Plan
  readonly threads = 1
  readonly #arena: Float64Array
  readonly #host: Host
  /** Of float32 inputs; the arena forgets them while it runs. */
  readonly #inputs = new Map<string, Float32Array>()

  constructor(plan: Plan) {
    this.plan = plan
    // Offsets are those of float32.
    this.#arena = new Float64Array(plan.arena.bytes / 4)
    this.#host = new Host(plan, (place) => this.#view(place), doubles)
    for (const [name, place] of plan.inputs) this.#inputs.set(name, new Float32Array(this.#view(place).length))
  }

  get memory() {
    const { bytes, sum } = this.plan.arena
    return { arena: 2 * bytes, sum: 2 * sum, total: 2 * bytes, host: this.#host.bytes }
  }

  get onHost() {
    return this.plan.onHost
  }

  write(input: string, value: Dense): void {
    const memory = this.#inputs.get(input)
    if (memory) memory.set(value.data)
    else if (this.plan.prepared.model.graph.inputs.some(({ name }) => name === input)) this.#host.write(input, value)
    else throw unknownValue('input', input)
  }

  input(name: string): Float32Array {
    const memory = this.#inputs.get(name)
    if (!memory) throw unknownValue('input', name)
    return memory
  }

  run(): Promise<void> {
    return this.profile(() => {})
  }

  async profile(report: (task: Task, timeMs: number, kernels: readonly string[]) => void): Promise<void> {
    this.#host.start()
    for (const [name, values] of this.#inputs) this.#view(this.plan.inputs.get(name)!).set(values)
    for (const task of this.plan.tasks) {
      const start = performance.now()
      if (task.kind === 'host') await this.#host.run(task)
      else if (task.kind === 'compute') this.#compute(task)
      else throw new Error('one layout is never turned into another')
      report(task, performance.now() - start, [])
    }
  }

  read(output: string): Dense {
    if (!this.plan.prepared.model.graph.outputs.some(({ name }) => name === output))
      throw unknownValue('output', output)
    return this.#host.value(output, this.plan.outputs.get(output))
  }

  dispose(): Promise<void> {
    return this.#host.dispose()
  }

  #view({ buffer, shape }: Located): Float64Array {
    const start = this.plan.offsets.get(buffer)! / 4
    return this.#arena.subarray(start, start + shape.reduce((p, d) => p * d, 1))
  }

  #compute({ job, inputs, outputs, residual }: Extract<Task, { kind: 'compute' }>): void {
    const { node, operator, call } = job.unit
    const { prepared } = this.plan
    const given = node.inputs.map((name, i) => {
      if (name === '') return undefined
      if (prepared.isConstant(name)) return constantContent(prepared, name)
      const { elementType = 'float32' } = call.inputs[i] ?? {}
      return { elementType, shape: inputs[i]!.shape, data: this.#view(inputs[i]!) }
    })
    // Shape and its like answer from sizes alone.
    const made = runForward(operator, call, given) ?? call.outputs.flatMap((output) => output?.value ?? [])
    const added = residual && this.#view(residual)
    for (const [i, place] of outputs.entries()) {
      if (!place) continue
      const { data } = made[i]!
      const clamped = (v: number) => (i > 0 ? v : Math.min(Math.max(v, job.lo), job.hi))
      this.#view(place).set(Float64Array.from(data, (v, n) => clamped(i === 0 && added ? v + added[n]! : v)))
    }
  }
}
