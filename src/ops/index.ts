// What every operator says about itself: one file each (a folder where it has several), and the one list.
// Not here: walks over graphs (graph/, cost/, prune/), fast kernels (runtime/).
// May import: base, graph.
import type { Composite, Operator, OperatorSet } from '../graph/index.ts'
import { abs } from './abs.ts'
import { acos } from './acos.ts'
import { acosh } from './acosh.ts'
import { add } from './add.ts'
import { adderConv } from './adderConv/adderConv.ts'
import { adderConvInputGradient } from './adderConvInputGradient.ts'
import { adderConvWeightGradient } from './adderConvWeightGradient.ts'
import { affineGrid } from './affineGrid.ts'
import { and } from './and.ts'
import { argMax } from './argMax.ts'
import { argMin } from './argMin.ts'
import { asin } from './asin.ts'
import { asinh } from './asinh.ts'
import { atan } from './atan.ts'
import { atanh } from './atanh.ts'
import { averagePool } from './averagePool.ts'
import { averagePoolGradient } from './averagePoolGradient.ts'
import { batchNormalization } from './batchNormalization/batchNormalization.ts'
import { batchNormalizationGradient } from './batchNormalizationGradient.ts'
import { biasGelu } from './biasGelu.ts'
import { bitShift } from './bitShift.ts'
import { bitwiseAnd } from './bitwiseAnd.ts'
import { bitwiseNot } from './bitwiseNot.ts'
import { bitwiseOr } from './bitwiseOr.ts'
import { bitwiseXor } from './bitwiseXor.ts'
import { cast } from './cast.ts'
import { castLike } from './castLike.ts'
import { ceil } from './ceil.ts'
import { celu } from './celu.ts'
import { centerCropPad } from './centerCropPad.ts'
import { clip } from './clip.ts'
import { clipGradient } from './clipGradient.ts'
import { col2Im } from './col2Im.ts'
import { compress } from './compress.ts'
import { concat } from './concat.ts'
import { concatFromSequence } from './concatFromSequence.ts'
import { constant } from './constant.ts'
import { constantOfShape } from './constantOfShape.ts'
import { conv } from './conv/conv.ts'
import { convInteger } from './convInteger.ts'
import { convTranspose } from './convTranspose/convTranspose.ts'
import { convWeightGradient } from './convWeightGradient.ts'
import { cos } from './cos.ts'
import { cosh } from './cosh.ts'
import { cumProd } from './cumProd.ts'
import { cumProdGradient } from './cumProdGradient.ts'
import { cumSum } from './cumSum.ts'
import { deformConv } from './deformConv/deformConv.ts'
import { depthToSpace } from './depthToSpace.ts'
import { dequantizeLinear } from './dequantizeLinear.ts'
import { div } from './div.ts'
import { dropout } from './dropout/dropout.ts'
import { dynamicQuantizeLinear } from './dynamicQuantizeLinear.ts'
import { dynamicQuantizeLSTM } from './dynamicQuantizeLSTM.ts'
import { einsum } from './einsum/einsum.ts'
import { elu } from './elu.ts'
import { equal } from './equal.ts'
import { erf } from './erf.ts'
import { exp } from './exp.ts'
import { expand } from './expand.ts'
import { eyeLike } from './eyeLike.ts'
import { fastGelu, fastGeluWithBias } from './fastGelu.ts'
import { flatten } from './flatten.ts'
import { floor } from './floor.ts'
import { fusedConv } from './fusedConv.ts'
import { fusedGemm } from './fusedGemm.ts'
import { gather } from './gather/gather.ts'
import { gatherElements } from './gatherElements.ts'
import { gatherND } from './gatherND.ts'
import { gelu, microsoftGelu } from './gelu.ts'
import { gemm } from './gemm/gemm.ts'
import { globalAveragePool } from './globalAveragePool.ts'
import { globalLpPool } from './globalLpPool.ts'
import { globalMaxPool } from './globalMaxPool.ts'
import { greater } from './greater.ts'
import { greaterOrEqual } from './greaterOrEqual.ts'
import { gridSample } from './gridSample/gridSample.ts'
import { gridSampleGradient } from './gridSampleGradient.ts'
import { groupNormalization } from './groupNormalization.ts'
import { gru } from './gru.ts'
import { hardmax } from './hardmax.ts'
import { hardSigmoid } from './hardSigmoid.ts'
import { hardSwish } from './hardSwish.ts'
import { identity } from './identity.ts'
import { ifOperator } from './if.ts'
import { instanceNormalization } from './instanceNormalization.ts'
import { isInf } from './isInf.ts'
import { isNan } from './isNan.ts'
import { layerNormalization } from './layerNormalization.ts'
import { leakyRelu } from './leakyRelu.ts'
import { less } from './less.ts'
import { lessOrEqual } from './lessOrEqual.ts'
import { log } from './log.ts'
import { logSoftmax } from './logSoftmax.ts'
import { loop } from './loop.ts'
import { lpNormalization } from './lpNormalization.ts'
import { lpPool } from './lpPool.ts'
import { lrn } from './lrn.ts'
import { lstm } from './lstm.ts'
import { matMul } from './matMul/matMul.ts'
import { matMulInteger } from './matMulInteger.ts'
import { max } from './max.ts'
import { maxPool } from './maxPool.ts'
import { maxPoolGradient } from './maxPoolGradient.ts'
import { maxRoiPool } from './maxRoiPool/maxRoiPool.ts'
import { maxRoiPoolGradient } from './maxRoiPoolGradient.ts'
import { maxUnpool } from './maxUnpool.ts'
import { mean } from './mean.ts'
import { meanVarianceNormalization } from './meanVarianceNormalization.ts'
import { min } from './min.ts'
import { mish } from './mish.ts'
import { mod } from './mod.ts'
import { mul } from './mul.ts'
import { neg } from './neg.ts'
import { nonMaxSuppression } from './nonMaxSuppression/nonMaxSuppression.ts'
import { nonZero } from './nonZero.ts'
import { not } from './not.ts'
import { oneHot } from './oneHot.ts'
import { or } from './or.ts'
import { pad } from './pad/pad.ts'
import { pow } from './pow.ts'
import { pRelu } from './pRelu.ts'
import { qGemm } from './qGemm.ts'
import { qLinearAdd } from './qLinearAdd.ts'
import { qLinearAveragePool } from './qLinearAveragePool.ts'
import { qLinearConcat } from './qLinearConcat.ts'
import { qLinearConv } from './qLinearConv.ts'
import { qLinearGlobalAveragePool } from './qLinearGlobalAveragePool.ts'
import { qLinearLeakyRelu } from './qLinearLeakyRelu.ts'
import { qLinearMatMul } from './qLinearMatMul.ts'
import { qLinearMul } from './qLinearMul.ts'
import { qLinearSigmoid } from './qLinearSigmoid.ts'
import { quantizeLinear } from './quantizeLinear.ts'
import { quickGelu } from './quickGelu.ts'
import { randomNormal } from './randomNormal.ts'
import { randomNormalLike } from './randomNormalLike.ts'
import { randomUniform } from './randomUniform.ts'
import { randomUniformLike } from './randomUniformLike.ts'
import { range } from './range.ts'
import { reciprocal } from './reciprocal.ts'
import { reduceL1 } from './reduceL1.ts'
import { reduceL2 } from './reduceL2.ts'
import { reduceLogSum } from './reduceLogSum.ts'
import { reduceLogSumExp } from './reduceLogSumExp.ts'
import { reduceMax } from './reduceMax/reduceMax.ts'
import { reduceMean } from './reduceMean.ts'
import { reduceMin } from './reduceMin.ts'
import { reduceProd } from './reduceProd.ts'
import { reduceSum } from './reduceSum.ts'
import { reduceSumSquare } from './reduceSumSquare.ts'
import { relu } from './relu.ts'
import { resample } from './resample/resample.ts'
import { reshape } from './reshape.ts'
import { resize } from './resize/resize.ts'
import { reverseSequence } from './reverseSequence.ts'
import { rmsNormalization } from './rmsNormalization.ts'
import { rnn } from './rnn.ts'
import { roiAlign } from './roiAlign/roiAlign.ts'
import { roiAlignGradient } from './roiAlignGradient.ts'
import { round } from './round.ts'
import { scan } from './scan.ts'
import { scatter } from './scatter.ts'
import { scatterElements } from './scatterElements.ts'
import { scatterND } from './scatterND.ts'
import { selu } from './selu.ts'
import { sequenceAt } from './sequenceAt.ts'
import { sequenceConstruct } from './sequenceConstruct.ts'
import { sequenceEmpty } from './sequenceEmpty.ts'
import { sequenceErase } from './sequenceErase.ts'
import { sequenceInsert } from './sequenceInsert.ts'
import { sequenceLength } from './sequenceLength.ts'
import { shape } from './shape.ts'
import { sigmoid } from './sigmoid.ts'
import { sign } from './sign.ts'
import { sin } from './sin.ts'
import { sinh } from './sinh.ts'
import { size } from './size.ts'
import { skipLayerNormalization } from './skipLayerNormalization.ts'
import { slice } from './slice/slice.ts'
import { softmax } from './softmax.ts'
import { softplus } from './softplus.ts'
import { softsign } from './softsign.ts'
import { spaceToDepth } from './spaceToDepth.ts'
import { split } from './split.ts'
import { splitToSequence } from './splitToSequence.ts'
import { sqrt } from './sqrt.ts'
import { squeeze } from './squeeze.ts'
import { sub } from './sub.ts'
import { sum } from './sum.ts'
import { swish } from './swish.ts'
import { tan } from './tan.ts'
import { tanh } from './tanh.ts'
import { thresholdedRelu } from './thresholdedRelu.ts'
import { tile } from './tile.ts'
import { topK } from './topK.ts'
import { transpose } from './transpose.ts'
import { trilu } from './trilu.ts'
import { unique } from './unique/unique.ts'
import { unsqueeze } from './unsqueeze.ts'
import { upsample } from './upsample.ts'
import { where } from './where.ts'
import { wherePositive } from './wherePositive.ts'
import { xor } from './xor.ts'

/** Every operator that Kerf knows. A new one adds its folder and its line here. */
export const operatorList: readonly Operator[] = [
  abs,
  acos,
  acosh,
  add,
  adderConv,
  adderConvInputGradient,
  adderConvWeightGradient,
  batchNormalizationGradient,
  clipGradient,
  convWeightGradient,
  affineGrid,
  and,
  argMax,
  argMin,
  asin,
  asinh,
  atan,
  atanh,
  averagePool,
  averagePoolGradient,
  batchNormalization,
  bitShift,
  bitwiseAnd,
  bitwiseNot,
  bitwiseOr,
  bitwiseXor,
  cast,
  castLike,
  ceil,
  celu,
  centerCropPad,
  clip,
  col2Im,
  compress,
  concat,
  constant,
  constantOfShape,
  conv,
  convInteger,
  convTranspose,
  cos,
  cosh,
  cumProd,
  cumProdGradient,
  cumSum,
  deformConv,
  depthToSpace,
  dequantizeLinear,
  div,
  dropout,
  dynamicQuantizeLinear,
  einsum,
  elu,
  equal,
  erf,
  exp,
  expand,
  eyeLike,
  fastGelu,
  flatten,
  floor,
  gather,
  gatherElements,
  gatherND,
  gelu,
  gemm,
  globalAveragePool,
  globalLpPool,
  globalMaxPool,
  greater,
  greaterOrEqual,
  gridSample,
  gridSampleGradient,
  groupNormalization,
  gru,
  hardmax,
  hardSigmoid,
  hardSwish,
  identity,
  instanceNormalization,
  isInf,
  isNan,
  layerNormalization,
  leakyRelu,
  less,
  lessOrEqual,
  log,
  logSoftmax,
  lpNormalization,
  lpPool,
  lrn,
  lstm,
  matMul,
  matMulInteger,
  max,
  maxPool,
  maxPoolGradient,
  maxRoiPool,
  maxRoiPoolGradient,
  maxUnpool,
  mean,
  meanVarianceNormalization,
  microsoftGelu,
  min,
  mish,
  mod,
  mul,
  neg,
  nonMaxSuppression,
  nonZero,
  not,
  oneHot,
  or,
  pad,
  pow,
  pRelu,
  qGemm,
  qLinearAdd,
  qLinearAveragePool,
  qLinearConcat,
  qLinearConv,
  qLinearGlobalAveragePool,
  qLinearLeakyRelu,
  qLinearMatMul,
  qLinearMul,
  qLinearSigmoid,
  quantizeLinear,
  quickGelu,
  randomNormal,
  randomNormalLike,
  randomUniform,
  randomUniformLike,
  range,
  reciprocal,
  reduceL1,
  reduceL2,
  reduceLogSum,
  reduceLogSumExp,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceProd,
  reduceSum,
  reduceSumSquare,
  relu,
  resample,
  reshape,
  resize,
  reverseSequence,
  rmsNormalization,
  rnn,
  roiAlign,
  roiAlignGradient,
  round,
  scatter,
  scatterElements,
  scatterND,
  selu,
  shape,
  sigmoid,
  sign,
  sin,
  sinh,
  size,
  slice,
  softmax,
  softplus,
  softsign,
  spaceToDepth,
  split,
  sqrt,
  squeeze,
  sub,
  sum,
  swish,
  tan,
  tanh,
  thresholdedRelu,
  tile,
  topK,
  transpose,
  trilu,
  unique,
  unsqueeze,
  upsample,
  where,
  wherePositive,
  xor,
  concatFromSequence,
  ifOperator,
  loop,
  scan,
  sequenceAt,
  sequenceConstruct,
  sequenceEmpty,
  sequenceErase,
  sequenceInsert,
  sequenceLength,
  splitToSequence,
]

/** Every operator that is nothing but others put together. */
export const compositeList: readonly Composite[] = [
  biasGelu,
  dynamicQuantizeLSTM,
  fastGeluWithBias,
  fusedConv,
  fusedGemm,
  skipLayerNormalization,
]

const keyed = <T extends { readonly domain: string; readonly name: string }>(list: readonly T[]) =>
  new Map(list.map((o) => [`${o.domain}:${o.name}`, o]))

const byName = keyed(operatorList)
const composites = keyed(compositeList)

/** Looks operators up by domain and ONNX name. */
export const operators: OperatorSet = {
  get: (domain, opType) => byName.get(`${domain}:${opType}`),
  composite: (domain, opType) => composites.get(`${domain}:${opType}`),
}

export type { Difference } from './adderConv/backward.ts'
export { type ClampedWeights, clampAdderWeights } from './adderConv/clamp.ts'
export type { AdderConvInputGradientAttributes } from './adderConvInputGradient.ts'
export type { BatchNormalizationAttributes } from './batchNormalization/batchNormalization.ts'
export type { BatchNormalizationGradientAttributes } from './batchNormalizationGradient.ts'
export type { ClipAttributes } from './clip.ts'
export type { ClipGradientAttributes } from './clipGradient.ts'
export { type ConcatAttributes, concatAxis } from './concat.ts'
export type { ConvAttributes } from './conv/conv.ts'
export type { ConvTransposeAttributes } from './convTranspose/convTranspose.ts'
export { transposedPads } from './convTranspose/forward.ts'
export type { DepthToSpaceAttributes } from './depthToSpace.ts'
export { type GatherAttributes, gatherAxis, indicesOf } from './gather/indices.ts'
export type { GemmAttributes } from './gemm/gemm.ts'
export { firstAxis, type TrailingAttributes } from './layerNormalization.ts'
export type { LpNormalizationAttributes } from './lpNormalization.ts'
export type { LrnAttributes } from './lrn.ts'
export { type PadAttributes, padsOf, padValue } from './pad/pads.ts'
export { type ResampleAttributes, resampleAxis, tapsOf } from './resample/resample.ts'
export { resizeTaps } from './resize/forward.ts'
export type { ResizeAttributes } from './resize/sizes.ts'
export { alignedShape } from './shared/alignment.ts'
export { axisOf, contentOf } from './shared/check.ts'
export { adderLaw, convolutionLaw, inputElements, type LayerLaw, outputElements } from './shared/laws.ts'
export type { PoolAttributes } from './shared/pool.ts'
export { type QuantisationAttributes, quantisationAxis } from './shared/quantised.ts'
export { rangeOf } from './shared/quantised-forward.ts'
export {
  knownSizes,
  type RecurrentAttributes,
  type RecurrentSizes,
  recurrentInputs,
  runsWhole,
} from './shared/recurrent.ts'
export { attributesOf, type RecurrentActivation } from './shared/recurrent-activations.ts'
export type { CellAlgebra } from './shared/recurrent-cells.ts'
export { type ReduceAttributes, reducedAxes } from './shared/reduce.ts'
export { distinctAxes } from './shared/settings.ts'
export { type SlidingWindow, slide, slidingWindow, type Window } from './shared/window.ts'
export { partOf } from './shared/written-out.ts'
export { axisSlice, type SliceAttributes, sliceSettings } from './slice/ranges.ts'
export { type SoftmaxAttributes, softmaxAxes } from './softmax.ts'
export type { SplitAttributes } from './split.ts'
export { permutation } from './transpose.ts'
export { type UpsampleAttributes, upsampleTaps } from './upsample.ts'
