import { KerfError } from '../../base/index.ts'
import type { Program } from '../../runtime/index.ts'
import type { TrainingGraph } from '../graph/training-graph.ts'
import { applyMask, type Parameter } from '../optimisers/parameter.ts'
import type { NamedArrays } from '../optimisers/state.ts'
import { type SparsityOptions, sparsityMethodOf } from './catalogue.ts'
import type { ChannelLayout, LiveTensor, SparseWeight, Sparsifier, SparsityContext } from './method.ts'

/** What a trainer gives to the sparsity method of its options. */
export interface SparsityParts {
  readonly graph: TrainingGraph
  readonly program: Program
  /** By weight; changed in place. What is masked already stays so, whatever a method says. */
  readonly masks: Map<string, Uint8Array>
  readonly layout: (() => ChannelLayout) | undefined
  /** Whether there is a moving average of the weights. */
  readonly average: boolean
  restart(): void
}

/** A sparsity method at work in a trainer. */
export class Sparsity implements SparsityContext {
  readonly weights: readonly SparseWeight[]
  readonly statistics: readonly LiveTensor[]
  readonly #parts: SparsityParts
  readonly #method: string
  /** Masks that were there before the method began. */
  readonly #given: ReadonlyMap<string, Uint8Array>
  readonly #sparsifier: Sparsifier

  /** @throws KerfError `bad-options`, `unknown-sparsity-method` */
  constructor(parts: SparsityParts, options: SparsityOptions) {
    this.#parts = parts
    const { graph } = parts
    this.weights = graph.weights.map(({ name, shape, group, layers }) => {
      const role = graph.scales.has(name) ? 'scale' : group === 'noDecay' ? 'other' : 'layer'
      return new LiveWeight(parts.program, name, shape, role, layers)
    })
    this.statistics = graph.statistics.map(({ name }) => new Live(parts.program, name))
    this.#given = new Map(parts.masks)
    const method = sparsityMethodOf(options.method)
    this.#method = method.name
    if (parts.average && !method.averages)
      throw new KerfError(
        'bad-options',
        `A moving average of the weights has not the zeros that ${method.name} makes: they move from step to step. Leave the average (ema) out.`,
        { method: method.name },
      )
    this.#sparsifier = method.start(this, options)
  }

  layout(): ChannelLayout {
    const layout = this.#parts.layout?.()
    if (!layout)
      throw new KerfError(
        'bad-options',
        `The sparsity method ${this.#method} works on channels: give the trainer their layout (channelLayout of kerf/workflow makes it).`,
        { method: this.#method },
      )
    return layout
  }

  hold(weight: string, mask: Uint8Array): void {
    const { program, masks } = this.#parts
    const value = program.input(weight)
    if (mask.length !== value.length)
      throw new KerfError(
        'bad-options',
        `The sparsity method ${this.#method} masks ${mask.length} elements of "${weight}", which has ${value.length}.`,
        { weight, expected: value.length, received: mask.length },
      )
    const given = this.#given.get(weight)
    masks.set(weight, given ? mask.map((kept, i) => (given[i] === 0 ? 0 : kept)) : mask)
    applyMask(value, masks.get(weight))
  }

  restart(): void {
    this.#parts.restart()
  }

  beforeUpdate(parameters: readonly Parameter[], steps: number): void {
    if (!this.#sparsifier.beforeUpdate) return
    const gradients = new Map(parameters.map((p) => [p.name, p.gradient]))
    this.#sparsifier.beforeUpdate((weight) => gradients.get(weight)!, steps)
  }

  undo(): void {
    this.#sparsifier.undo?.()
  }

  afterUpdate(steps: number): void {
    this.#sparsifier.afterUpdate?.(steps)
  }

  settled(steps: number): boolean {
    return this.#sparsifier.settled(steps)
  }

  metrics(): Readonly<Record<string, number>> {
    return this.#sparsifier.metrics?.() ?? { sparsity: this.#zeros() }
  }

  /** The part of the layers' weights that is 0. */
  #zeros(): number {
    let [zeros, all] = [0, 0]
    for (const { role, value } of this.weights) {
      if (role !== 'layer') continue
      all += value.length
      for (let i = 0; i < value.length; i++) if (value[i] === 0) zeros++
    }
    return zeros / all
  }

  exportState(): Readonly<Record<string, NamedArrays>> {
    return { masks: this.#parts.masks, sparsity: this.#sparsifier.exportState?.() ?? new Map() }
  }

  /** @throws KerfError `bad-state` */
  importState(sections: Readonly<Record<string, NamedArrays>>, steps: number): void {
    const { masks, sparsity } = sections
    if (!masks || !sparsity)
      throw new KerfError(
        'bad-state',
        `The state lacks the part of the sparsity method ${this.#method}: it was made without one.`,
      )
    this.#parts.masks.clear()
    for (const [name, mask] of masks) {
      const { length } = this.#parts.program.input(name)
      if (!(mask instanceof Uint8Array) || mask.length !== length)
        throw new KerfError('bad-state', `The mask of "${name}" has ${mask.length} elements, the weight ${length}.`, {
          name,
          expected: length,
          received: mask.length,
        })
      // A copy. (Not `slice`, which of a Node Buffer is none.)
      this.#parts.masks.set(name, new Uint8Array(mask))
    }
    this.#sparsifier.importState?.(sparsity, steps)
  }
}

/** Values are views of the program's memory, which may move: they are asked for anew. */
class Live implements LiveTensor {
  readonly name: string
  readonly #program: Program

  constructor(program: Program, name: string) {
    this.#program = program
    this.name = name
  }

  get value(): Float32Array {
    return this.#program.input(this.name)
  }
}

class LiveWeight extends Live implements SparseWeight {
  readonly shape: readonly number[]
  readonly role: SparseWeight['role']
  readonly layers: readonly string[]

  constructor(
    program: Program,
    name: string,
    shape: readonly number[],
    role: SparseWeight['role'],
    layers: readonly string[],
  ) {
    super(program, name)
    this.shape = shape
    this.role = role
    this.layers = layers
  }
}
