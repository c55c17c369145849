import type { GemmAttributes } from '../../../ops/index.ts'
import { lowerDense } from '../conv-layer.ts'
import { type Lowering, shapeOf } from '../lowering.ts'

/** Y = alpha · A·B + beta · C with stored B, and C one value per column. */
export const gemm: Lowering<GemmAttributes> = {
  layout: 'plain',
  refuses({ attributes, inputs, outputs }, isConstant) {
    if (attributes.transA) return 'its left matrix is transposed'
    if (isConstant(0) || !isConstant(1)) return 'its right matrix is not stored'
    if (!inputs[2]) return undefined
    const columns = outputs[0]?.shape?.[1]
    const shape = inputs[2].shape ?? []
    const perColumn = shape.at(-1) === columns && shape.slice(0, -1).every((d) => d === 1)
    return isConstant(2) && (perColumn || shape.every((d) => d === 1))
      ? undefined
      : 'its bias is not one stored value per column'
  },
  fuses: { clamp: true },
  lower(context) {
    const { alpha, beta, transB } = context.call.attributes
    const [rows, inFeatures] = shapeOf(context.call.inputs[0]) as [number, number]
    const outFeatures = context.call.outputs[0]?.shape?.[1] as number
    const scaled = (values: Float32Array, factor: number) => (factor === 1 ? values : values.map((v) => v * factor))
    const given = context.floats(2)
    const bias =
      given &&
      scaled(given.length === outFeatures ? given : new Float32Array(outFeatures).fill(given[0] as number), beta)
    return lowerDense(
      { rows, inFeatures, outFeatures },
      {
        x: context.input(0).address,
        y: context.output(0).address,
        weights: scaled(context.floats(1) as Float32Array, alpha),
        transposed: transB,
        bias,
        lo: context.epilogue.lo,
        hi: context.epilogue.hi,
      },
      context.alloc,
    )
  },
}

/** A matrix product with a stored matrix on the right. */
export const matMul: Lowering<void> = {
  layout: 'plain',
  refuses: ({ inputs }, isConstant) =>
    isConstant(1) && !isConstant(0) && inputs[1]?.shape?.length === 2 && (inputs[0]?.shape?.length ?? 0) >= 2
      ? undefined
      : 'its right matrix is not stored',
  fuses: { clamp: true },
  lower(context) {
    const shape = shapeOf(context.call.inputs[0])
    const [inFeatures, outFeatures] = shapeOf(context.call.inputs[1]) as [number, number]
    return lowerDense(
      { rows: shape.slice(0, -1).reduce((p, d) => p * d, 1), inFeatures, outFeatures },
      {
        x: context.input(0).address,
        y: context.output(0).address,
        weights: context.floats(1) as Float32Array,
        transposed: false,
        lo: context.epilogue.lo,
        hi: context.epilogue.hi,
      },
      context.alloc,
    )
  },
}
