import { isFloating } from '../base/index.ts'
import { type HostTensor, hostValues } from './tensor.ts'

/** One class of a classifier's answer. */
export interface RankedClass {
  /** From 0. */
  readonly index: number
  /** Undefined where nobody said what the classes are called. */
  readonly name?: string
  /** As the network gives it. */
  readonly value: number
  /** By Softmax, unless the network ends with one. */
  readonly probability: number
}

/** A tensor in a few numbers. */
export interface OutputSummary {
  /** Of the output. */
  readonly name: string
  /** As ONNX calls it. */
  readonly elementType: string
  /** Its sizes. */
  readonly shape: readonly number[]
  /** Of the numbers that are none of NaN and infinities; null where there are none. */
  readonly min: number | null
  /** Likewise. */
  readonly max: number | null
  /** Likewise. */
  readonly mean: number | null
  /** How many are NaN or infinite. */
  readonly notFinite: number
  /** Per image the largest classes, where the output is one row of floats per image. */
  readonly top?: readonly (readonly RankedClass[])[]
}

/**
 * What a network gave, in a few numbers.
 * @param name of the output
 * @param top how many classes to rank; 0 for none
 * @param classes their names; those of an output with as many classes
 */
export function outputSummary(
  name: string,
  tensor: HostTensor,
  top: number,
  classes: readonly string[] = [],
): OutputSummary {
  const { elementType, shape } = tensor
  // As doubles an output takes twice its memory again.
  const data = tensor.data instanceof Float32Array ? tensor.data : hostValues(tensor)
  let [min, max, sum, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0]
  for (let i = 0; i < data.length; i++) {
    const v = data[i]!
    if (!Number.isFinite(v)) continue
    min = Math.min(min, v)
    max = Math.max(max, v)
    sum += v
    count++
  }
  const known = count > 0
  const ranked = top > 0 && isClassifier(tensor) ? { top: rank(data, shape, top, classes) } : {}
  return {
    name,
    elementType,
    shape,
    min: known ? min : null,
    max: known ? max : null,
    mean: known ? sum / count : null,
    notFinite: data.length - count,
    ...ranked,
  }
}

/** More images, or classes, are no classifier's answer that anybody reads. */
const mostRanked = 2 ** 17

/** [classes] or [batch, classes], with sizes of 1 behind. */
function isClassifier({ elementType, shape }: HostTensor): boolean {
  const [first = 0, second = first, ...rest] = shape
  const isReadable = first <= mostRanked && second <= mostRanked
  return isFloating(elementType) && second > 1 && first > 0 && isReadable && rest.every((d) => d === 1)
}

function rank(
  data: ArrayLike<number>,
  shape: readonly number[],
  top: number,
  names: readonly string[],
): RankedClass[][] {
  const [first = 1, second] = shape
  const [rows, classes] = second === undefined ? [1, first] : [first, second]
  const nameOf = (index: number) => (names.length === classes ? { name: names[index]! } : {})
  return Array.from({ length: rows }, (_, row) => {
    const values = Array.from({ length: classes }, (_, c) => data[row * classes + c]!)
    const probabilities = isDistribution(values) ? values : softmax(values)
    return values
      .map((value, index) => ({ index, ...nameOf(index), value, probability: probabilities[index]! }))
      .sort((a, b) => b.value - a.value || a.index - b.index)
      .slice(0, top)
  })
}

/** What a network with Softmax at its end gives: another softmax would be wrong. */
const isDistribution = (values: readonly number[]): boolean =>
  values.every((v) => v >= 0) && Math.abs(values.reduce((s, v) => s + v, 0) - 1) < 1e-3

function softmax(values: readonly number[]): number[] {
  const max = values.reduce((most, v) => Math.max(most, v))
  const powers = values.map((v) => Math.exp(v - max))
  const sum = powers.reduce((s, v) => s + v, 0)
  return powers.map((v) => v / sum)
}
