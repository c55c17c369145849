import { isConcrete } from '../base/index.ts'
import type { Analysis } from './analysis.ts'
import type { InferredCall } from './call.ts'
import type { Node } from './model.ts'
import { accessesOf, type Operator } from './operator.ts'

/*
 * Channel shuffles (ShuffleNet, Zhang et al., 2017) are Reshape → Transpose → Reshape in files: nodes that spread an axis over several, turn these round
 * and join them again. All that comes of it is that the axis has another order.
 *
 * Every axis of a value between is followed as digits of the axes that it came from: [N, g·s] as [[N], [g s]], after the first Reshape [[N], [g], [s]],
 * after the Transpose [[N], [s], [g]], at the end [[N], [s g]].
 */

export interface Shuffle {
  /** The value that enters the chain and the one that leaves it: same shape, channels on `axis`. */
  readonly from: string
  readonly to: string
  readonly axis: number
  /** The node that makes `to`. */
  readonly last: Node
  /** The values in between. */
  readonly through: readonly string[]
  /** For each index that leaves, which one that entered it is. */
  readonly order: Int32Array
}

/** A part of an axis's index: index / stride mod size. */
interface Digit {
  readonly axis: number
  readonly size: number
  readonly stride: number
}

/** Per axis of a value its digits, the most significant first. */
type Digits = readonly (readonly Digit[])[]

const whole = (shape: readonly number[]): Digits =>
  shape.map((size, axis) => (size === 1 ? [] : [{ axis, size, stride: 1 }]))

/** The digits of the same elements under another shape; undefined where a new axis begins or ends within what cannot be split. */
function underShape(digits: Digits, shape: readonly number[]): Digits | undefined {
  const left = digits.flat()
  const found: Digit[][] = []
  for (const size of shape) {
    const own: Digit[] = []
    let missing = size
    while (missing > 1) {
      const next = left.shift()
      if (!next) return undefined
      if (missing % next.size === 0) {
        own.push(next)
        missing /= next.size
      } else if (next.size % missing === 0) {
        const stride = next.size / missing
        own.push({ ...next, size: missing, stride: next.stride * stride })
        left.unshift({ ...next, size: stride })
        missing = 1
      } else return undefined
    }
    found.push(own)
  }
  return left.length === 0 ? found : undefined
}

/** Which digits a node's output has, where it only gives elements other places. */
function moved(operator: Operator, call: InferredCall, digits: Digits): Digits | undefined {
  const shape = call.outputs[0]?.shape
  if (operator.permutes) return operator.permutes(call).map((axis) => digits[axis]!)
  return accessesOf(operator, call) === 'view' && isConcrete(shape) ? underShape(digits, shape) : undefined
}

/** Whether the digits are those of one axis, all of it. */
const isWhole = (digits: readonly Digit[], axis: number, size: number): boolean =>
  digits.every((d) => d.axis === axis) && digits.reduce((n, d) => n * d.size, 1) === size

/** Whether such digits count upwards. Asked of the digits, since a file may say that a batch is 2^31 large. */
const isAscending = (digits: readonly Digit[]): boolean =>
  digits.every(({ stride }, i) => stride === digits.slice(i + 1).reduce((n, d) => n * d.size, 1))

/** For each index that an axis has now, which one of its own it is. */
const orderOf = (digits: readonly Digit[], size: number): Int32Array =>
  Int32Array.from({ length: size }, (_, place) => {
    let rest = place
    let index = 0
    for (const { size, stride } of digits.toReversed()) {
      index += (rest % size) * stride
      rest = Math.floor(rest / size)
    }
    return index
  })

/** The order of `axis`, where every other one is as it was; undefined where a value is not the one that was followed, in another order. */
function returned(digits: Digits, shape: readonly number[], axis: number): Int32Array | undefined {
  const isBack =
    digits.length === shape.length &&
    digits.every((own, i) => isWhole(own, i, shape[i]!) && (i === axis || isAscending(own)))
  return isBack ? orderOf(digits[axis]!, shape[axis]!) : undefined
}

/** No shuffle is written in more nodes. */
const mostMoves = 32

/**
 * What becomes of an axis of a value behind a node that reads it first: where it is whole again in another order.
 * @returns undefined where anybody on the way does more than move elements
 */
export function shufflesBehind(
  { model, values, consumers, calls }: Pick<Analysis, 'model' | 'values' | 'consumers' | 'calls'>,
  from: string,
  axis: number,
  first: Node,
): Shuffle[] | undefined {
  const shape = values.get(from)?.shape
  if (!isConcrete(shape) || shape[axis] === undefined) return undefined
  const found: Shuffle[] = []
  const follow = (node: Node, at: string, digits: Digits, through: readonly string[]): boolean => {
    const known = calls.get(node)
    const [to] = node.outputs
    const alone = known && to && node.inputs[0] === at && node.outputs.every((o, i) => i === 0 || o === '')
    const own = alone && moved(known.operator, known.call, digits)
    if (!own) return false
    const order = returned(own, shape, axis)
    if (order && values.get(to)?.shape?.join() === shape.join()) {
      found.push({ from, to, axis, last: node, through, order })
      return true
    }
    if (through.length === mostMoves || model.graph.outputs.some((o) => o.name === to)) return false
    const readers = consumers.get(to) ?? []
    return readers.length > 0 && readers.every((reader) => follow(reader, to, own, [...through, to]))
  }
  return follow(first, from, whole(shape), []) ? found : undefined
}
