import { broadcastShapes, type ElementType, elementCount } from '../../base/index.ts'
import type { Arithmetic, BackwardCall, Dense, OperatorFacts } from '../../graph/index.ts'
import { defineOperator } from '../operator.ts'
import { type Alignment, alignedBackward, alignedDense, alignedShape, alignmentOf } from './alignment.ts'
import { asElement } from './as-element.ts'
import { gradientOf, shapeIn, shapeOut } from './backward.ts'
import { commonType, dense, required, typed, wrong } from './check.ts'
import { broadcastStrides, fromIndices, offsetOf } from './indices.ts'
import { timesElements } from './unary.ts'

export interface BinaryOptions {
  readonly forward: (a: number, b: number, elementType: ElementType) => number
  /** Operations per output element. */
  readonly cost: Arithmetic
  /** Element type of the output: 'bool' for comparisons. By default the first input's. */
  readonly result?: ElementType
  /** What elements it takes: numbers, where nothing else is said. */
  readonly takes?: 'numeric' | 'whole' | 'bool' | 'any'
  /** Whether the second may be of another type than the first. */
  readonly mixes?: boolean
  readonly epilogue?: OperatorFacts['epilogue']
  readonly range?: OperatorFacts['range']
}

/** Applies f over operands broadcast to one shape; f gets one array again and again. */
export function mapBroadcast(
  inputs: readonly Dense[],
  elementType: ElementType,
  f: (values: readonly number[]) => number,
): Dense {
  const shape = broadcastShapes(...inputs.map((i) => i.shape)) as number[]
  const strides = inputs.map((input) => broadcastStrides(input.shape, shape))
  const values = new Array<number>(inputs.length)
  const data = fromIndices(shape, (index) => {
    for (const [n, input] of inputs.entries()) values[n] = input.data[offsetOf(strides[n]!, index)]!
    return f(values)
  })
  return dense(elementType, shape, data)
}

/** @param rule gradients of A and B of the output's shape; they are summed where A or B was broadcast */
export function binaryBackward(
  given: BackwardCall<Alignment>,
  rule: (dy: string, call: BackwardCall) => readonly [a: () => string, b: () => string],
): (string | undefined)[] {
  const { call, back } = alignedBackward(given)
  const parts = rule(gradientOf(call), call)
  return parts.map((part, i) =>
    call.needs(i) ? back(call.emit.unbroadcast(part(), shapeOut(call), shapeIn(call, i)), i) : undefined,
  )
}

/** An operator on two tensors with multidirectional broadcasting: Y = f(A, B). Before operator set 7: see `alignment.ts`. */
export function binary<const N extends string>(name: N, options: BinaryOptions): OperatorFacts<Alignment, N, ''> {
  const { forward, cost, result, takes = 'numeric', mixes, epilogue, range } = options
  return defineOperator({
    name,
    inputs: takes === 'any' ? ['A', 'B'] : [`A: ${takes}`, `B: ${takes}`],
    attributes: alignmentOf,
    infer: (call) => {
      const a = required(call, 0)
      const b = required(call, 1)
      if (!mixes) commonType(call, [0, 1])
      const to = alignedShape(call, 1)
      const shape = a.shape && to ? broadcastShapes(a.shape, to) : undefined
      if (a.shape && to && !shape) throw wrong(call, 'the shapes cannot be broadcast together')
      return [typed(result ?? a.elementType ?? b.elementType, shape)]
    },
    forward: (call, [a, given]) => {
      if (!a || !given) return []
      const type = result ?? a.elementType
      const b = alignedDense(call, 1, given)
      return [mapBroadcast([a, b], type, ([x, y]) => asElement(type, forward(x!, y!, a.elementType)))]
    },
    cost: (call) => timesElements(cost, elementCount(call.outputs[0]?.shape)!),
    epilogue,
    range,
    // What is compared with is a threshold, nothing that is learnt.
    parameters: result === 'bool' ? undefined : 'operands',
  })
}
