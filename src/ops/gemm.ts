import { broadcastShapes, elementCount, type Shape } from '../base/index.ts'
import { type BackwardRule, type Call, type ChannelRule, type Dense, float, type Track } from '../graph/index.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { gradientOf, shapeIn, shapeOut } from './shared/backward.ts'
import { commonType, required, typed, wrong } from './shared/check.ts'
import { contractionCost, contractionLaw, freeAxis, linearSum, tieContraction } from './shared/matrix.ts'
import { multiply } from './shared/matrix-forward.ts'
import { arithmetic, broadcastTo, doubles } from './shared/numbers.ts'

/*
 * Y = alpha · A'·B' + beta · C        (ONNX Gemm, opset 7, 9, 11 with C optional, 13)
 *
 * A' [M, K] is A, or its transpose with transA; B' [K, N] likewise; C broadcasts to [M, N].
 */

export interface GemmAttributes {
  readonly alpha: number
  readonly beta: number
  readonly transA: boolean
  readonly transB: boolean
}

/** Axes of A and B. */
const axesOf = ({ transA, transB }: GemmAttributes) => ({
  m: transA ? 1 : 0,
  kA: transA ? 0 : 1,
  kB: transB ? 1 : 0,
  n: transB ? 0 : 1,
})

function gemmShape(call: Call<GemmAttributes>): Shape | undefined {
  const a = required(call, 0).shape
  const b = required(call, 1).shape
  if (!a || !b) return undefined
  if (a.length !== 2 || b.length !== 2)
    throw wrong(call, `needs two matrices, received ${a.length} and ${b.length} dimensions`, 'Put a Flatten before it.')
  const { m, kA, kB, n } = axesOf(call.attributes)
  if (typeof a[kA] === 'number' && typeof b[kB] === 'number' && a[kA] !== b[kB])
    throw wrong(
      call,
      `${a[kA]} columns of the left matrix ≠ ${b[kB]} rows of the right one`,
      `Check what makes "${call.node.inputs[0]}".`,
    )
  const shape = [a[m]!, b[n]!]
  const c = call.inputs[2]?.shape
  const sum = c && broadcastShapes(shape, c)
  if (
    c &&
    (sum?.length !== 2 || sum.some((d, i) => typeof d === 'number' && typeof shape[i] === 'number' && d !== shape[i]))
  )
    throw wrong(call, `the bias [${c}] cannot be broadcast to [${shape}]`)
  return shape
}

export const gemmChannels: ChannelRule<GemmAttributes> = {
  tie(call, ties) {
    const { m, kA, kB, n } = axesOf(call.attributes)
    tieContraction(ties, { input: 0, axis: kA, free: m }, { input: 1, axis: kB, free: n })
    const tracks: Track[] = []
    const bias = call.inputs[2]?.shape ?? []
    const rows = freeAxis(ties, 0, m, { input: 1, axis: kB })
    const columns = freeAxis(ties, 1, n, { input: 0, axis: kA })
    ;[rows, columns].forEach((labels, axis) => {
      if (!labels) return
      tracks.push({ axes: [axis], labels })
      const own = axis - 2 + bias.length
      if (own >= 0 && bias[own] === labels.length) ties.unite(labels, ties.labels(2, own))
    })
    ties.setOutput(0, tracks)
  },
  zeros: (call) => [0, 1].map((operand) => (call.inputs[2] ? [operand, 2] : [operand])),
  sum: ({ inputs, outputs, attributes: { alpha, beta, transA, transB } }) => {
    const [inChannels, outChannels] = [inputs[0]?.shape?.[1], outputs[0]?.shape?.[1]] as [number, number]
    const isPlain = !transA && alpha === 1 && (beta === 1 || !inputs[2])
    if (!isPlain || (inputs[2] && elementCount(inputs[2].shape) !== outChannels)) return undefined
    return linearSum(1, inChannels, outChannels, 1, transB, 2)
  },
}

/**
 * Cost: M·N·K MACs; C one addition per output; alpha ≠ 1 one multiplication per output, beta ≠ 1 one per element of C (neither of them a
 * MAC). Whichever of A and B is stored is the weight.
 */
export const gemm = defineOperator({
  name: 'Gemm',
  inputs: (opset) => ['A: numeric', 'B: numeric', opset < 11 ? 'C: numeric' : 'C?: numeric'],
  attributes: (a): GemmAttributes => ({
    alpha: a.float('alpha', 1),
    beta: a.float('beta', 1),
    transA: a.flag('transA'),
    transB: a.flag('transB'),
  }),
  infer: (call) => [typed(commonType(call, [0, 1, 2]), gemmShape(call))],
  cost: (call) => {
    const { alpha, beta } = call.attributes
    const a = call.inputs[0]?.shape as readonly number[]
    const outputs = elementCount(call.outputs[0]?.shape)!
    const product = contractionCost(outputs, a[axesOf(call.attributes).kA]!)
    const c = call.inputs[2]
    return {
      ...product,
      adds: (product.adds ?? 0) + (c ? outputs : 0),
      muls: (product.muls ?? 0) + (alpha === 1 ? 0 : outputs) + (c && beta !== 1 ? elementCount(c.shape)! : 0),
    }
  },
  law: ({ inputs, outputs, attributes }) => {
    const a = inputs[0]?.shape as readonly number[]
    return contractionLaw(outputs[0]?.shape as readonly number[], a[axesOf(attributes).kA]!)
  },
  parameters: [0, 1, 2],
  fusion: 'anchor',
})

export const gemmReference: ReferenceOf<typeof gemm> = {
  forward: (call, [a, b, c]) => {
    if (!a || !b) return []
    const { alpha, beta, transA, transB } = call.attributes
    const shape = gemmShape(call) as readonly number[]
    const [m, n] = shape as [number, number]
    const k = a.shape[axesOf(call.attributes).kA]!
    const data = new Float64Array(m * n)
    const view = (x: Dense, transposed: boolean) => {
      const columns = x.shape[1]!
      return { data: doubles(x).data, start: 0, row: transposed ? 1 : columns, column: transposed ? columns : 1 }
    }
    multiply(view(a, transA), view(b, transB), { m, k, n }, data)
    const bias = c && broadcastTo(c, shape)
    const y = data.map((v, i) => alpha * v + (bias ? beta * bias[i]! : 0))
    return [arithmetic(a.elementType, { shape, data: y })]
  },
}

/**
 * With Y = alpha·A'·B' + beta·C:   dA' = alpha · dY·B'ᵀ      dB' = alpha · A'ᵀ·dY      dC = beta · dY, summed where C was broadcast
 *
 * A transposed operand gets the transposed gradient, so each is one product again.
 */
const gemmBackward: BackwardRule<GemmAttributes> = (call) => {
  const { emit } = call
  const { alpha, beta, transA, transB } = call.attributes
  const [a, b] = call.node.inputs as [string, string]
  const dy = gradientOf(call)
  const product = (left: string, transposeLeft: boolean, right: string, transposeRight: boolean) =>
    emit.product(left, right, {
      alpha: float(alpha),
      transA: transposeLeft ? 1 : 0,
      transB: transposeRight ? 1 : 0,
    })
  const toBias = () => {
    const gradient = emit.unbroadcast(dy, shapeOut(call), shapeIn(call, 2))
    return beta === 1 ? gradient : emit.node('Mul', [gradient, emit.floats([beta])])
  }
  const toA = () => (transA ? product(b, transB, dy, true) : product(dy, false, b, !transB))
  const toB = () => (transB ? product(dy, true, a, transA) : product(a, !transA, dy, false))
  return [call.needs(0) ? toA() : undefined, call.needs(1) ? toB() : undefined, call.needs(2) ? toBias() : undefined]
}

export const gemmTraining: TrainingOf<typeof gemm> = {
  backward: gemmBackward,
}
