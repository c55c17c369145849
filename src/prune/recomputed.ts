import { elementCount } from '../base/index.ts'
import { type Analysis, type Dense, runForward, sourcesFirst, tensorValues, valueLimit } from '../graph/index.ts'

/** What of the channels is left. */
interface Remaining {
  shapeOf(value: string): readonly number[] | undefined
  ofTensor(tensor: string, axis: number): unknown
}

/**
 * Shape arithmetic done anew for other widths: the content that a constant has when Shape and Size, on which it may depend, see what
 * remains of their inputs.
 */
export class Recomputed {
  readonly #analysis: Analysis
  readonly #remaining: Remaining
  readonly #known = new Map<string, Dense | undefined>()

  constructor(analysis: Analysis, remaining: Remaining) {
    this.#analysis = analysis
    this.#remaining = remaining
  }

  /** undefined where it is not known before the model runs, is large, or loses elements itself. */
  content(value: string): Dense | undefined {
    if (value === '' || !this.#analysis.constants.has(value)) return undefined
    for (const name of sourcesFirst(value, (of) => this.#before(of)))
      if (!this.#known.has(name)) this.#known.set(name, this.#compute(name))
    return this.#known.get(value)
  }

  #before(value: string): string[] {
    const node = this.#analysis.producers.get(value)
    const isAsking = node && this.#analysis.calls.get(node)?.operator.computable === false
    if (!node || isAsking || this.#known.has(value)) return []
    return node.inputs.filter((name) => this.#analysis.constants.has(name))
  }

  #compute(value: string): Dense | undefined {
    const tensor = this.#analysis.stored.get(value)
    const node = this.#analysis.producers.get(value)
    if (tensor && (!node || node.inputs.length === 0)) {
      const { elementType, shape } = tensor
      const whole = shape.every((_, axis) => this.#remaining.ofTensor(value, axis) === undefined)
      if (!whole || elementCount(shape)! > valueLimit || elementType === 'string') return undefined
      return { elementType, shape, data: tensorValues(tensor) }
    }
    const known = node && this.#analysis.calls.get(node)
    if (!node || !known) return undefined
    const { operator, call } = known
    const at = node.outputs.indexOf(value)
    if (operator.computable === false) {
      const shapes = node.inputs.map((name, i) => {
        const before = call.inputs[i]
        return before && { elementType: before.elementType, shape: this.#remaining.shapeOf(name) ?? before.shape }
      })
      return operator.infer({ ...call, inputs: shapes })[at]?.value
    }
    const inputs = node.inputs.map((name) => this.#known.get(name))
    if (inputs.some((x, i) => x === undefined && node.inputs[i] !== '')) return undefined
    return runForward(operator, call, inputs)?.[at]
  }
}
