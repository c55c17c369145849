import {
  capturedNames,
  type Dense,
  type Graph,
  graphInputs,
  type Model,
  tensorOf,
  type ValueInfo,
} from '../../../graph/index.ts'
import type { Prepared } from '../../../plan/index.ts'

/** What runs a body: a network of its own. */
export interface BodyRunner {
  /** @param values of its inputs; @returns those of its outputs, copied */
  runValues(values: ReadonlyMap<string, Dense>): Promise<Dense[]>
  dispose(): void
}

/**
 * Runs the bodies of nodes (If, Loop, Scan) as networks of their own, each planned when it first runs, and again for other sizes. What a body reads from the
 * graph around it is an input of its network; what is known beforehand there, a stored tensor.
 */
export class Bodies {
  readonly #prepared: Prepared
  readonly #make: (model: Model, shapes: ReadonlyMap<string, readonly number[]>) => Promise<BodyRunner>
  readonly #content: (constant: string) => Dense
  readonly #runners = new Map<Graph, { readonly key: string; readonly runner: BodyRunner }>()

  constructor(
    prepared: Prepared,
    content: (constant: string) => Dense,
    make: (model: Model, shapes: ReadonlyMap<string, readonly number[]>) => Promise<BodyRunner>,
  ) {
    this.#prepared = prepared
    this.#content = content
    this.#make = make
  }

  /** @param around values of the graph around, by name */
  async run(body: Graph, inputs: readonly Dense[], around: (name: string) => Dense): Promise<Dense[]> {
    const { isConstant } = this.#prepared
    const read = [...capturedNames(body)].filter((name) => !isConstant(name))
    const values = new Map([
      ...graphInputs(body).map(({ name }, i) => [name, inputs[i]!] as const),
      ...read.map((name) => [name, around(name)] as const),
    ])
    const key = JSON.stringify([...values.values()].map(({ elementType, shape }) => [elementType, ...shape]))
    let known = this.#runners.get(body)
    if (known?.key !== key) {
      known?.runner.dispose()
      const shapes = new Map([...values].flatMap(([name, v]) => (v.sequence ? [] : [[name, v.shape] as const])))
      known = { key, runner: await this.#make(this.#network(body, values), shapes) }
      this.#runners.set(body, known)
    }
    return known.runner.runValues(values)
  }

  dispose(): void {
    for (const { runner } of this.#runners.values()) runner.dispose()
    this.#runners.clear()
  }

  #network(body: Graph, values: ReadonlyMap<string, Dense>): Model {
    const { model, stored, declared, isConstant } = this.#prepared
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
