import { elementCount } from '../base/index.ts'
import { type Dense, type Node, producersOf, runForward, tensorValues, valueLimit } from '../graph/index.ts'
import type { ChannelTrace } from './trace.ts'

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
  readonly #trace: ChannelTrace
  readonly #remaining: Remaining
  readonly #producers: ReadonlyMap<string, Node>
  readonly #known = new Map<string, Dense | undefined>()

  constructor(
    trace: ChannelTrace,
    remaining: Remaining,
    producers: ReadonlyMap<string, Node> = producersOf(trace.model.graph),
  ) {
    this.#trace = trace
    this.#remaining = remaining
    this.#producers = producers
  }

  /** undefined where it is not known before the model runs, is large, or loses elements itself. */
  content(value: string): Dense | undefined {
    if (value === '' || !this.#trace.inference.constants.has(value)) return undefined
    if (!this.#known.has(value)) this.#known.set(value, this.#compute(value))
    return this.#known.get(value)
  }

  #compute(value: string): Dense | undefined {
    const tensor = this.#trace.stored.get(value)
    const node = this.#producers.get(value)
    if (tensor && (!node || node.inputs.length === 0)) {
      const { elementType, shape } = tensor
      const whole = shape.every((_, axis) => this.#remaining.ofTensor(value, axis) === undefined)
      if (!whole || elementCount(shape)! > valueLimit || elementType === 'string') return undefined
      return { elementType, shape, data: tensorValues(tensor) }
    }
    const known = node && this.#trace.inference.calls.get(node)
    if (!node || !known) return undefined
    const { operator, call } = known
    const at = node.outputs.indexOf(value)
    if (!operator.forward) {
      const shapes = node.inputs.map((name, i) => {
        const before = call.inputs[i]
        return before && { elementType: before.elementType, shape: this.#remaining.shapeOf(name) ?? before.shape }
      })
      return operator.infer({ ...call, inputs: shapes })[at]?.value
    }
    const inputs = node.inputs.map((name) => this.content(name))
    if (inputs.some((x, i) => x === undefined && node.inputs[i] !== '')) return undefined
    return runForward(operator, call, inputs)?.[at]
  }
}
