// For tests: gradients by automatic differentiation against central differences, both in float64 by the reference implementations.

import { type Choices, differentiate } from '../autodiff/index.ts'
import { type ElementType, elementCount, type Random, seededRandom } from '../base/index.ts'
import { type AttributeValue, GraphBuilder, type Model, tensorOf } from '../graph/index.ts'
import { type HostTensor, hostTensor, referenceRun } from '../runtime/index.ts'

/** One node to be checked. */
export interface Case {
  readonly op: string
  readonly domain?: string
  readonly opset?: number
  /** Shapes of the inputs that vary, or values of one that is a constant, or '' for one left out. */
  readonly inputs: readonly (readonly number[] | Constant | '')[]
  readonly attributes?: Readonly<Record<string, AttributeValue>>
  readonly outputs?: number
  /** Element type of the outputs; float32 by default. */
  readonly makes?: ElementType
  /** Outputs that the loss takes; all by default. */
  readonly used?: readonly number[]
  /** Draws an element; standard normal by default. Keep away from kinks. */
  readonly draw?: (random: Random) => number
  /** Per input, its elements, where drawing them is not enough. */
  readonly values?: (random: Random, input: number, count: number) => readonly number[]
  readonly seed?: number
}

/** By what is special about them. */
export type Cases = Readonly<Record<string, Case>>

export interface Constant {
  readonly type: 'float32' | 'float64' | 'int64' | 'bool'
  readonly shape: readonly number[]
  readonly values: readonly number[]
  /** An input of the graph rather than a constant: rules do not know its content. */
  readonly fed?: boolean
}

export const ints = (...values: number[]): Constant => ({ type: 'int64', shape: [values.length], values })
export const floats = (...values: number[]): Constant => ({ type: 'float32', shape: [values.length], values })

interface Built {
  readonly loss: string
  readonly model: Model
  readonly names: readonly string[]
  readonly feeds: ReadonlyMap<string, Float64Array>
  /** Inputs that no gradient is asked for. */
  readonly others: ReadonlyMap<string, HostTensor>
  readonly shapes: ReadonlyMap<string, readonly number[]>
}

/** The loss Σ r·y over all used outputs, with fixed random r: so every output element counts differently. */
function build(given: Case): Built {
  const random = seededRandom(given.seed ?? 7)
  const b = new GraphBuilder('check', given.opset ?? 17)
  const feeds = new Map<string, Float64Array>()
  const shapes = new Map<string, readonly number[]>()
  const others = new Map<string, HostTensor>()
  const inputs = given.inputs.map((input, i) => {
    if (input === '') return ''
    if ('type' in input) {
      if (!input.fed) return b.constant(`c${i}`, tensorOf(input.type, input.shape, input.values))
      others.set(`c${i}`, hostTensor(input.type, input.shape, input.values))
      shapes.set(`c${i}`, input.shape)
      return b.input(`c${i}`, input.type, input.shape)
    }
    const count = elementCount(input)!
    const drawn =
      given.values?.(random, i, count) ??
      Array.from({ length: count }, () => (given.draw ?? ((r) => r.normal()))(random))
    feeds.set(`x${i}`, Float64Array.from(drawn))
    shapes.set(`x${i}`, input)
    return b.input(`x${i}`, 'float32', input)
  })
  const outputs = Array.from({ length: given.outputs ?? 1 }, (_, i) => `y${i}`)
  b.node(given.op, inputs, given.attributes, { domain: given.domain, outputs, name: 'checked' })
  const used = given.used ?? outputs.map((_, i) => i)
  for (const i of used) b.output(`y${i}`)
  const forward = b.model()
  const results = referenceRun(forward, asFeeds(feeds, shapes, others), { precision: 'float64' })
  const parts = used.map((i) => {
    const y = results.get(`y${i}`) as { shape: readonly number[]; data: ArrayLike<number> }
    const count = y.data.length
    const weights = b.constant(
      `r${i}`,
      tensorOf(
        given.makes ?? 'float32',
        y.shape,
        Array.from({ length: count }, () => random.normal()),
      ),
    )
    const flat = b.node('Reshape', [b.node('Mul', [`y${i}`, weights]), b.ints(`shape${i}`, [-1])])
    // Of the one axis: by default all are summed, in every opset.
    return b.node('ReduceSum', [flat], { keepdims: 1 })
  })
  let total = parts[0]!
  for (const part of parts.slice(1)) total = b.node('Add', [total, part])
  b.output(total)
  return { model: b.model(), loss: total, names: [...feeds.keys()], feeds, others, shapes }
}

const asFeeds = (
  feeds: ReadonlyMap<string, Float64Array>,
  shapes: ReadonlyMap<string, readonly number[]>,
  others: ReadonlyMap<string, HostTensor>,
) =>
  new Map<string, HostTensor>([
    ...[...feeds].map(([name, data]) => [name, hostTensor('float64', shapes.get(name)!, data)] as const),
    ...others,
  ])

/** The greatest |automatic − numeric| / max(1, |numeric|) over all elements of all inputs, and both for looking at them. */
export function gradientError(given: Case, choices?: Choices): number {
  const { model, loss, names, feeds, others, shapes } = build(given)
  const differentiated = differentiate(model, loss, names, shapes, choices)
  const wanted = names.map((name) => differentiated.gradients.get(name)!)
  const found = referenceRun(differentiated.model, asFeeds(feeds, shapes, others), {
    precision: 'float64',
    outputs: wanted,
  })
  const lossAt = (changed: ReadonlyMap<string, Float64Array>) =>
    referenceRun(model, asFeeds(changed, shapes, others), { precision: 'float64', outputs: [loss] }).get(loss)
      ?.data[0] as number
  let worst = 0
  names.forEach((name, n) => {
    const automatic = found.get(wanted[n]!)?.data as ArrayLike<number>
    const values = feeds.get(name)!
    if (automatic.length !== values.length)
      throw new Error(`${name}: ${automatic.length} gradients for ${values.length} values`)
    const step = 1e-5
    for (let i = 0; i < values.length; i++) {
      const at = (delta: number) => lossAt(new Map(feeds).set(name, values.with(i, values[i]! + delta)))
      const numeric = (at(step) - at(-step)) / (2 * step)
      worst = Math.max(worst, Math.abs(automatic[i]! - numeric) / Math.max(1, Math.abs(numeric)))
    }
  })
  return worst
}
