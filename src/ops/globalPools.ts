import type { AttributeReader, Dense, OperatorFacts } from '../graph/index.ts'
import { defineOperator, type ReferencesOf, type TrainingsOf } from './operator.ts'
import { derivative, gradientOf, shapeIn } from './shared/backward.ts'
import { required, typed } from './shared/check.ts'
import { arithmetic, doubles } from './shared/numbers.ts'
import { averageCost, globalPoolShape, globalReduction, maxCost, normCost, normOf } from './shared/pool.ts'
import { normBackward } from './shared/pool-backward.ts'
import { norm, poolPlanes } from './shared/pool-forward.ts'
import { amongInput } from './shared/range-rules.ts'

interface GlobalPool<A> extends Pick<OperatorFacts<A>, 'cost' | 'range'> {
  readonly attributes?: (reader: AttributeReader, opset: number) => A
}

/** Y[n,c] = f(all of X[n,c]), as [N, C, 1, …]. */
const globalPool = <const N extends string, A = void>(name: N, { attributes, ...own }: GlobalPool<A>) =>
  defineOperator({
    name,
    inputs: ['X: floating [N, C, _, …]'],
    attributes: attributes ?? (() => undefined as A),
    infer: (call) => [typed(required(call, 0).elementType, globalPoolShape(call))],
    ...own,
  })

export const globalPools = {
  /** Y[n,c] = mean of X[n,c] (ONNX GlobalAveragePool). dX = dY / n, repeated. Cost: one addition per input element, one division per output. */
  globalAveragePool: globalPool('GlobalAveragePool', {
    cost: (call) => averageCost(globalReduction(call)),
    range: amongInput,
  }),
  /** Y[n,c] = (Σ |x|ᵖ)^(1/p) over X[n,c]; p 2 (ONNX GlobalLpPool, opset 1, 2, 22). dX: see `normBackward`. Cost: see `normCost`. */
  globalLpPool: globalPool('GlobalLpPool', {
    attributes: normOf,
    cost: (call) => normCost(globalReduction(call), call.attributes),
  }),
  /** Y[n,c] = max of X[n,c] (ONNX GlobalMaxPool). Cost: one comparison per input element. */
  globalMaxPool: globalPool('GlobalMaxPool', { cost: (call) => maxCost(globalReduction(call)), range: amongInput }),
}

const pooled = (x: Dense | undefined, f: (values: Float64Array) => number): Dense[] =>
  x ? [arithmetic(x.elementType, poolPlanes(doubles(x), f))] : []

export const globalPoolsReference = {
  globalAveragePool: {
    forward: (_, [x]) => pooled(x, (values) => values.reduce((sum, v) => sum + v, 0) / values.length),
  },
  globalLpPool: { forward: (call, [x]) => pooled(x, (values) => norm(values, call.attributes)) },
  globalMaxPool: { forward: (_, [x]) => pooled(x, (values) => values.reduce((a, b) => Math.max(a, b))) },
} satisfies ReferencesOf<typeof globalPools>

export const globalPoolsTraining: TrainingsOf<typeof globalPools> = {
  globalAveragePool: {
    backward: (call) => {
      const { taps } = globalReduction(call)
      return [call.emit.expand(call.emit.node('Div', [gradientOf(call), call.emit.floats([taps])]), shapeIn(call, 0))]
    },
  },
  globalLpPool: {
    backward: (call) =>
      derivative(call, ({ dy, x, y, attributes: p }) => normBackward(call, { dy, x, y, p }, (value) => value)),
  },
  globalMaxPool: {
    backward: (call) => {
      const kernel = { kernel_shape: shapeIn(call, 0).slice(2) }
      return [call.emit.node('MaxPoolGradient', [gradientOf(call), call.node.inputs[0]!], kernel, 'ai.kerf')]
    },
  },
}
