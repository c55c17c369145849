import { elementCount, stridesOf } from '../../../../base/index.ts'
import { type FusedMatMulAttributes, type GemmAttributes, operandAxes, plainProduct } from '../../../../ops/index.ts'
import { type ComputedWeights, unbounded } from '../packing/computed.ts'
import { wholeFloats } from '../packing/weights.ts'
import { lowerDense } from '../steps/convolution/layer.ts'
import { lowerBinary, lowerUnary } from '../steps/elementwise.ts'
import { lowerTranspose } from '../steps/layout.ts'
import type { Step } from '../steps/step.ts'
import { broadcastTo } from '../steps/strides.ts'
import { type Lowering, type LoweringContext, type Place, shapeOf } from './lowering.ts'
import { placed, stored } from './operands.ts'

/*
 * Matrix products: the left matrix row by row, the right one packed; known right matrices when the plan is made, computed ones while it runs.
 */

/** How Gemm's C takes part. */
type Bias =
  | { readonly kind: 'none' }
  /** One value per column, known or at an address. */
  | { readonly kind: 'known'; readonly values: Float32Array }
  | { readonly kind: 'computed'; readonly address: number }
  /** Any other shape: added to the product. */
  | { readonly kind: 'added'; readonly address: number; readonly shape: readonly number[] }

function biasOf(context: LoweringContext<GemmAttributes>, columns: number): Bias {
  const { call } = context
  if ((call.node.inputs[2] ?? '') === '' || call.attributes.beta === 0) return { kind: 'none' }
  const shape = shapeOf(call.inputs[2])
  const values = context.floats(2)
  if (values?.length === 1) return { kind: 'known', values: new Float32Array(columns).fill(values[0]!) }
  const perColumn = shape.at(-1) === columns && elementCount(shape) === columns
  if (perColumn && values) return { kind: 'known', values }
  const address = placed(context, 2)
  return perColumn ? { kind: 'computed', address } : { kind: 'added', address, shape }
}

const filled = (length: number, value: number) => (value === 1 ? undefined : new Float32Array(length).fill(value))

/** Y = alpha · A'·B' + beta · C. */
export const gemm: Lowering<GemmAttributes> = {
  layout: 'plain',
  fuses: { clamp: true },
  lower(context) {
    const { alpha, beta, transA, transB } = context.call.attributes
    const output = context.output(0)
    const [rows, outFeatures] = output.shape as [number, number]
    const shape = shapeOf(context.call.inputs[0]) as [number, number]
    const inFeatures = shape[transA ? 0 : 1]
    const y = output.address
    const steps: Step[] = []
    let x = placed(context, 0)
    if (transA && rows > 1 && inFeatures > 1) {
      const turned = context.alloc.scratch(4 * rows * inFeatures)
      steps.push(...lowerTranspose(x, turned, shape, [1, 0]))
      x = turned
    }
    const bias = biasOf(context, outFeatures)
    const { lo, hi } = context.epilogue
    const limits = bias.kind === 'added' ? unbounded : { lo, hi }
    const known = context.pieces(1)
    const tensors = { x, y, transposed: transB, ...limits }
    const sizes = { rows, inFeatures, outFeatures }
    if (known && bias.kind !== 'computed') {
      const own = bias.kind !== 'known' ? undefined : beta === 1 ? bias.values : bias.values.map((v) => v * beta)
      const scale = filled(outFeatures, alpha)
      steps.push(...lowerDense(sizes, { ...tensors, weights: known, bias: own, scale }, context.packing, context))
    } else {
      const weights: ComputedWeights = {
        weights: placed(context, 1),
        scale: filled(outFeatures, alpha),
        biasScale: filled(outFeatures, beta),
        bias:
          bias.kind === 'known'
            ? stored(bias.values, context.alloc)
            : bias.kind === 'computed'
              ? bias.address
              : undefined,
      }
      steps.push(...lowerDense(sizes, { ...tensors, weights }, context.alloc))
    }
    return bias.kind === 'added' ? [...steps, ...added(context, bias, { lo, hi })] : steps
  },
}

/** y = clamp(y + beta·C), C broadcast. */
function added(
  context: LoweringContext<GemmAttributes>,
  { address, shape }: Extract<Bias, { kind: 'added' }>,
  limits: { lo: number; hi: number },
): Step[] {
  const { beta } = context.call.attributes
  const { address: y, shape: whole } = context.output(0)
  const elements = elementCount(shape)!
  const scaled = beta === 1 ? address : context.alloc.scratch(4 * elements)
  return [
    ...(beta === 1 ? [] : lowerUnary('linear', address, scaled, elements, beta, 0)),
    ...lowerBinary('add', { address: y, shape: whole }, { address: scaled, shape }, y, whole, limits),
  ]
}

/** Two tensors' product as NumPy's matmul: a loop over matrices where the right tensor has several. */
export const matMul: Lowering = {
  layout: 'plain',
  refuses: ({ inputs }) =>
    inputs.some((known) => elementCount(known?.shape) === 0) ? 'one of its inputs is empty' : undefined,
  fuses: { clamp: true },
  lower(context) {
    const [left, right] = [0, 1].map((i) => shapeOf(context.call.inputs[i])) as [readonly number[], readonly number[]]
    const inFeatures = left.at(-1)!
    const outFeatures = right.length === 1 ? 1 : right.at(-1)!
    const [x, y] = [placed(context, 0), context.output(0).address]
    const { lo, hi } = context.epilogue
    const known = context.pieces(1)
    const matrices = right.slice(0, -2)
    if (known && elementCount(matrices) === 1) {
      const sizes = { rows: elementCount(left)! / inFeatures, inFeatures, outFeatures }
      return lowerDense(sizes, { x, y, weights: known, transposed: false, lo, hi }, context.packing, context)
    }
    const whole = known && wholeFloats(known)
    const product = (rows: number, xAt: number, yAt: number, weightsAt: number): Step[] => {
      const matrix = inFeatures * outFeatures
      const weights = whole?.subarray(weightsAt, weightsAt + matrix) ?? {
        weights: context.input(1).address + 4 * weightsAt,
      }
      const tensors = { x: x + 4 * xAt, y: y + 4 * yAt, weights, transposed: false, lo, hi }
      return lowerDense({ rows, inFeatures, outFeatures }, tensors, context.alloc)
    }
    if (elementCount(matrices) === 1) return product(elementCount(left)! / inFeatures, 0, 0, 0)
    const rows = left.length === 1 ? 1 : left.at(-2)!
    const outer = shapeOf(context.call.outputs[0]).slice(0, Math.max(left.length, right.length) - 2)
    const starts = (own: readonly number[], size: number) => {
      const strides = broadcastTo(own, stridesOf(own), outer)
      const places = stridesOf(outer)
      return Array.from({ length: elementCount(outer)! }, (_, i) =>
        strides.reduce((sum, stride, axis) => sum + size * stride * (Math.floor(i / places[axis]!) % outer[axis]!), 0),
      )
    }
    const lefts = starts(left.slice(0, -2), rows * inFeatures)
    return starts(matrices, inFeatures * outFeatures).flatMap((weightsAt, i) =>
      product(rows, lefts[i]!, i * rows * outFeatures, weightsAt),
    )
  },
}

/** A product of operands that lie turned, and may be scaled. */
export const fusedMatMul: Lowering<FusedMatMulAttributes> = {
  layout: 'plain',
  refuses: (call, isConstant) => matMul.refuses?.(plainProduct(call), isConstant),
  lower(context) {
    const { call, alloc } = context
    const { alpha } = call.attributes
    const steps: Step[] = []
    const isAsStored = (perm: readonly number[]) => perm.every((axis, i) => axis === i)
    const operands = [0, 1].map((i): Place | Float32Array => {
      const perm = operandAxes(call, i)
      const stored = context.floats(i)
      if (stored) return turned(stored, shapeOf(call.inputs[i]), perm)
      const x = context.input(i)
      if (isAsStored(perm)) return x
      const address = alloc.scratch(4 * elementCount(x.shape)!)
      steps.push(...lowerTranspose(x.address, address, x.shape, perm))
      return { ...x, address }
    })
    const floats = (i: number) => (operands[i] instanceof Float32Array ? operands[i] : undefined)
    const y = context.output(0)
    return [
      ...steps,
      ...matMul.lower({
        ...context,
        call: plainProduct(call),
        input: (i) => operands[i] as Place,
        floats,
        pieces: floats,
      }),
      ...(alpha === 1 ? [] : lowerUnary('linear', y.address, y.address, elementCount(y.shape)!, alpha, 0)),
    ]
  },
}

/** Stored values with their axes in another order. */
function turned(values: Float32Array, shape: readonly number[], perm: readonly number[]): Float32Array {
  const from = stridesOf(shape)
  const to = stridesOf(perm.map((axis) => shape[axis]!))
  return Float32Array.from(values, (_, i) => {
    const at = perm.reduce((sum, axis, n) => sum + from[axis]! * (Math.floor(i / to[n]!) % shape[axis]!), 0)
    return values[at]!
  })
}
