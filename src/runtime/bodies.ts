import {
  capturedNames,
  type Dense,
  type Graph,
  graphInputs,
  type Model,
  tensorOf,
  type ValueInfo,
} from '../graph/index.ts'
import type { Plan } from '../plan/index.ts'
import type { Program } from './backend.ts'

/** Makes a program of a body, which is a network of its own. */
export type CompileBody = (model: Model, inputShapes: ReadonlyMap<string, readonly number[]>) => Promise<Program>

/**
 * Runs the bodies of nodes (If, Loop, Scan) as networks of their own, each planned when it first runs, and again for other sizes. What a body reads from the
 * graph around it is an input of its network; what is known beforehand there, a stored tensor.
 */
export class Bodies {
  readonly #plan: Plan
  readonly #compile: CompileBody
  readonly #content: (constant: string) => Dense
  readonly #programs = new Map<Graph, { readonly key: string; readonly program: Program }>()

  constructor(plan: Plan, content: (constant: string) => Dense, compile: CompileBody) {
    this.#plan = plan
    this.#content = content
    this.#compile = compile
  }

  /** @param around values of the graph around, by name */
  async run(body: Graph, inputs: readonly Dense[], around: (name: string) => Dense): Promise<Dense[]> {
    const { isConstant } = this.#plan.prepared
    const read = [...capturedNames(body)].filter((name) => !isConstant(name))
    const values = new Map([
      ...graphInputs(body).map(({ name }, i) => [name, inputs[i]!] as const),
      ...read.map((name) => [name, around(name)] as const),
    ])
    const key = JSON.stringify([...values.values()].map(({ elementType, shape }) => [elementType, ...shape]))
    let known = this.#programs.get(body)
    if (known?.key !== key) {
      await known?.program.dispose()
      this.#programs.delete(body)
      const shapes = new Map([...values].flatMap(([name, v]) => (v.sequence ? [] : [[name, v.shape] as const])))
      known = { key, program: await this.#compile(this.#network(body, values), shapes) }
      this.#programs.set(body, known)
    }
    const { program } = known
    for (const [name, value] of values) program.write(name, value)
    await program.run()
    return body.outputs.map(({ name }) => {
      const value = program.read(name)
      return program.plan.outputs.has(name) ? copied(value) : value
    })
  }

  async dispose(): Promise<void> {
    const programs = [...this.#programs.values()]
    this.#programs.clear()
    await Promise.all(programs.map(({ program }) => program.dispose()))
  }

  #network(body: Graph, values: ReadonlyMap<string, Dense>): Model {
    const { model, stored, declared, isConstant } = this.#plan.prepared
    const constants = [...capturedNames(body)].filter(isConstant).map((name) => {
      const tensor = model.graph.initializers.get(name) ?? stored.get(name)
      const { elementType, shape, data } = tensor ? { ...tensor, data: [] } : this.#content(name)
      return [name, tensor ?? tensorOf(elementType, shape, data)] as const
    })
    const types = new Map(
      body.inputs.map(({ name, type }) => [name, type?.kind === 'tensor' ? type.elementType : undefined]),
    )
    const inputs = [...values].map(([name, value]): ValueInfo => {
      if (value.sequence) return { name, type: { kind: 'other' } }
      const elementType = types.get(name) ?? declared.get(name) ?? value.elementType
      return { name, type: { kind: 'tensor', elementType, shape: undefined } }
    })
    return { ...model, graph: { ...body, inputs, initializers: new Map([...body.initializers, ...constants]) } }
  }
}

/** The next round writes to the program's memory. */
function copied(value: Dense): Dense {
  const { data } = value
  return data instanceof Float32Array || data instanceof Float64Array ? { ...value, data: data.slice() } : value
}
