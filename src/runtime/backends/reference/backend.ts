import { atOnce, elementCount, getOrAdd, inTurns, KerfError, type Task } from '../../../base/index.ts'
import type { Dense } from '../../../graph/index.ts'
import type { Plan } from '../../../plan/index.ts'
import { type Backend, type Program, unknownValue } from '../../backend.ts'
import { paceOf } from '../../pace.ts'
import { calculateGraph } from './run.ts'

/**
 * Every node by its operator's scalar definition, in the file's order. It takes a plan's graph and nothing of how that was planned: what checks the
 * planner must not share its mistakes.
 */
export const reference: Backend = {
  name: 'reference',
  threads: 1,
  supports: (_call, _isConstant, { forward, run }) =>
    forward || run ? { layout: 'plain' } : 'it has no scalar reference',
  compile: async (plan) => new ReferenceProgram(plan),
}

class ReferenceProgram implements Program {
  readonly plan: Plan
  readonly threads = 1
  readonly memory = undefined
  readonly onHost: readonly string[] = []
  readonly #inputs = new Map<string, Dense>()
  #results: ReadonlyMap<string, Dense> = new Map()

  constructor(plan: Plan) {
    this.plan = plan
  }

  write(input: string, value: Dense): void {
    if (value.elementType === 'float32' && this.plan.inputs.has(input)) this.input(input).set(value.data)
    else if (this.plan.prepared.model.graph.inputs.some(({ name }) => name === input)) this.#inputs.set(input, value)
    else throw unknownValue('input', input)
  }

  input(name: string): Float32Array {
    const shape = this.plan.inputs.get(name)?.shape
    if (!shape || this.plan.prepared.declared.get(name) !== 'float32') throw unknownValue('input', name)
    const floats = () => ({ elementType: 'float32', shape, data: new Float32Array(elementCount(shape)!) }) as const
    return getOrAdd(this.#inputs, name, floats).data as Float32Array
  }

  async run(work: Task = {}): Promise<void> {
    const pace = paceOf(work)
    const { model, operators } = this.plan.prepared
    const rounds = calculateGraph(model, operators, this.#inputs)
    this.#results = pace ? await inTurns(rounds, 'running', pace) : atOnce(rounds)
  }

  profile(): Promise<void> {
    throw new KerfError('bad-options', "The backend 'reference' cannot be timed part by part: use 'wasm'.")
  }

  read(output: string): Dense {
    const value = this.#results.get(output)
    if (!value) throw unknownValue('output', output)
    return value
  }

  async dispose(): Promise<void> {}
}
