import { KerfError } from '../../base/index.ts'

/** State by name, for checkpoints: `momentum/conv1.weight`, `steps` …; masks are bytes. The order is that of the parameters. */
export type NamedArrays = ReadonlyMap<string, Float32Array | Float64Array | Uint8Array>

/** One array of zeros per parameter and kind of state, made when first asked for. */
export class StateArrays {
  readonly #kinds: readonly string[]
  readonly #arrays = new Map<string, Map<string, Float32Array>>()
  steps = 0

  constructor(kinds: readonly string[]) {
    this.#kinds = kinds
    for (const kind of kinds) this.#arrays.set(kind, new Map())
  }

  /** @throws KerfError `bad-state` when what was imported has another length */
  of(kind: string, name: string, length: number): Float32Array {
    const byName = this.#arrays.get(kind)!
    let array = byName.get(name)
    if (!array) {
      array = new Float32Array(length)
      byName.set(name, array)
    }
    if (array.length !== length)
      throw new KerfError(
        'bad-state',
        `The ${kind} of "${name}" has ${array.length} elements, the parameter ${length}. The state belongs to another network.`,
        { kind, parameter: name, expected: length, received: array.length },
      )
    return array
  }

  has(kind: string, name: string): boolean {
    return this.#arrays.get(kind)?.has(name) ?? false
  }

  /** As `of`, but it must be there already. */
  existing(kind: string, name: string, length: number): Float32Array {
    if (!this.has(kind, name))
      throw new KerfError('bad-state', `There is no ${kind} of "${name}" yet. Update it with this tensor first.`, {
        kind,
        parameter: name,
      })
    return this.of(kind, name, length)
  }

  /** The live arrays, not copies: write them out before the next step. */
  export(): NamedArrays {
    const all = new Map<string, Float32Array | Float64Array | Uint8Array>([['steps', Float64Array.of(this.steps)]])
    for (const [kind, arrays] of this.#arrays) for (const [name, array] of arrays) all.set(`${kind}/${name}`, array)
    return all
  }

  /** Replaces everything by copies. @throws KerfError `bad-state` */
  import(state: NamedArrays): void {
    const steps = state.get('steps')?.[0]
    if (steps === undefined || !Number.isSafeInteger(steps) || steps < 0)
      throw new KerfError(
        'bad-state',
        `The state has no count of steps (it has ${[...state.keys()].join(', ') || 'nothing'}).`,
      )
    const read = new Map(this.#kinds.map((kind) => [kind, new Map<string, Float32Array>()]))
    for (const [key, array] of state) {
      if (key === 'steps') continue
      const slash = key.indexOf('/')
      const byName = read.get(key.slice(0, slash))
      if (!byName || !(array instanceof Float32Array))
        throw new KerfError(
          'bad-state',
          `The state has "${key}", which this optimiser has not; it keeps ${this.#kinds.join(', ')}. Resume with the optimiser that the state was made with.`,
          { key, expected: this.#kinds },
        )
      byName.set(key.slice(slash + 1), array.slice())
    }
    for (const [kind, arrays] of read) this.#arrays.set(kind, arrays)
    this.steps = steps
  }
}
