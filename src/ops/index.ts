// What every operator says about itself: one folder each, and the one list.
// Not here: walks over graphs (graph/, cost/, prune/), fast kernels (runtime/).
// May import: base, graph.
import type { Composite, Operator, OperatorSet } from '../graph/index.ts'
import { abs } from './abs/abs.ts'
import { acos } from './acos/acos.ts'
import { acosh } from './acosh/acosh.ts'
import { add } from './add/add.ts'
import { adderConv } from './adderConv/adderConv.ts'
import { adderConvInputGradient } from './adderConvInputGradient/adderConvInputGradient.ts'
import { adderConvWeightGradient } from './adderConvWeightGradient/adderConvWeightGradient.ts'
import { affineGrid } from './affineGrid/affineGrid.ts'
import { and } from './and/and.ts'
import { argMax } from './argMax/argMax.ts'
import { argMin } from './argMin/argMin.ts'
import { asin } from './asin/asin.ts'
import { asinh } from './asinh/asinh.ts'
import { atan } from './atan/atan.ts'
import { atanh } from './atanh/atanh.ts'
import { averagePool } from './averagePool/averagePool.ts'
import { averagePoolGradient } from './averagePoolGradient/averagePoolGradient.ts'
import { batchNormalization } from './batchNormalization/batchNormalization.ts'
import { batchNormalizationGradient } from './batchNormalizationGradient/batchNormalizationGradient.ts'
import { biasGelu } from './biasGelu/biasGelu.ts'
import { bitShift } from './bitShift/bitShift.ts'
import { bitwiseAnd } from './bitwiseAnd/bitwiseAnd.ts'
import { bitwiseNot } from './bitwiseNot/bitwiseNot.ts'
import { bitwiseOr } from './bitwiseOr/bitwiseOr.ts'
import { bitwiseXor } from './bitwiseXor/bitwiseXor.ts'
import { cast } from './cast/cast.ts'
import { castLike } from './castLike/castLike.ts'
import { ceil } from './ceil/ceil.ts'
import { celu } from './celu/celu.ts'
import { centerCropPad } from './centerCropPad/centerCropPad.ts'
import { clip } from './clip/clip.ts'
import { clipGradient } from './clipGradient/clipGradient.ts'
import { col2Im } from './col2Im/col2Im.ts'
import { compress } from './compress/compress.ts'
import { concat } from './concat/concat.ts'
import { concatFromSequence } from './concatFromSequence/concatFromSequence.ts'
import { constant } from './constant/constant.ts'
import { constantOfShape } from './constantOfShape/constantOfShape.ts'
import { conv } from './conv/conv.ts'
import { convInteger } from './convInteger/convInteger.ts'
import { convTranspose } from './convTranspose/convTranspose.ts'
import { convWeightGradient } from './convWeightGradient/convWeightGradient.ts'
import { cos } from './cos/cos.ts'
import { cosh } from './cosh/cosh.ts'
import { cumProd } from './cumProd/cumProd.ts'
import { cumProdGradient } from './cumProdGradient/cumProdGradient.ts'
import { cumSum } from './cumSum/cumSum.ts'
import { deformConv } from './deformConv/deformConv.ts'
import { depthToSpace } from './depthToSpace/depthToSpace.ts'
import { dequantizeLinear } from './dequantizeLinear/dequantizeLinear.ts'
import { div } from './div/div.ts'
import { dropout } from './dropout/dropout.ts'
import { dynamicQuantizeLinear } from './dynamicQuantizeLinear/dynamicQuantizeLinear.ts'
import { dynamicQuantizeLSTM } from './dynamicQuantizeLSTM/dynamicQuantizeLSTM.ts'
import { einsum } from './einsum/einsum.ts'
import { elu } from './elu/elu.ts'
import { equal } from './equal/equal.ts'
import { erf } from './erf/erf.ts'
import { exp } from './exp/exp.ts'
import { expand } from './expand/expand.ts'
import { eyeLike } from './eyeLike/eyeLike.ts'
import { fastGelu, fastGeluWithBias } from './fastGelu/fastGelu.ts'
import { flatten } from './flatten/flatten.ts'
import { floor } from './floor/floor.ts'
import { fusedConv } from './fusedConv/fusedConv.ts'
import { fusedGemm } from './fusedGemm/fusedGemm.ts'
import { gather } from './gather/gather.ts'
import { gatherElements } from './gatherElements/gatherElements.ts'
import { gatherND } from './gatherND/gatherND.ts'
import { gelu, microsoftGelu } from './gelu/gelu.ts'
import { gemm } from './gemm/gemm.ts'
import { globalAveragePool } from './globalAveragePool/globalAveragePool.ts'
import { globalLpPool } from './globalLpPool/globalLpPool.ts'
import { globalMaxPool } from './globalMaxPool/globalMaxPool.ts'
import { greater } from './greater/greater.ts'
import { greaterOrEqual } from './greaterOrEqual/greaterOrEqual.ts'
import { gridSample } from './gridSample/gridSample.ts'
import { gridSampleGradient } from './gridSampleGradient/gridSampleGradient.ts'
import { groupNormalization } from './groupNormalization/groupNormalization.ts'
import { gru } from './gru/gru.ts'
import { hardmax } from './hardmax/hardmax.ts'
import { hardSigmoid } from './hardSigmoid/hardSigmoid.ts'
import { hardSwish } from './hardSwish/hardSwish.ts'
import { identity } from './identity/identity.ts'
import { ifOperator } from './if/if.ts'
import { instanceNormalization } from './instanceNormalization/instanceNormalization.ts'
import { isInf } from './isInf/isInf.ts'
import { isNan } from './isNan/isNan.ts'
import { layerNormalization } from './layerNormalization/layerNormalization.ts'
import { leakyRelu } from './leakyRelu/leakyRelu.ts'
import { less } from './less/less.ts'
import { lessOrEqual } from './lessOrEqual/lessOrEqual.ts'
import { log } from './log/log.ts'
import { logSoftmax } from './logSoftmax/logSoftmax.ts'
import { loop } from './loop/loop.ts'
import { lpNormalization } from './lpNormalization/lpNormalization.ts'
import { lpPool } from './lpPool/lpPool.ts'
import { lrn } from './lrn/lrn.ts'
import { lstm } from './lstm/lstm.ts'
import { matMul } from './matMul/matMul.ts'
import { matMulInteger } from './matMulInteger/matMulInteger.ts'
import { max } from './max/max.ts'
import { maxPool } from './maxPool/maxPool.ts'
import { maxPoolGradient } from './maxPoolGradient/maxPoolGradient.ts'
import { maxRoiPool } from './maxRoiPool/maxRoiPool.ts'
import { maxRoiPoolGradient } from './maxRoiPoolGradient/maxRoiPoolGradient.ts'
import { maxUnpool } from './maxUnpool/maxUnpool.ts'
import { mean } from './mean/mean.ts'
import { meanVarianceNormalization } from './meanVarianceNormalization/meanVarianceNormalization.ts'
import { min } from './min/min.ts'
import { mish } from './mish/mish.ts'
import { mod } from './mod/mod.ts'
import { mul } from './mul/mul.ts'
import { neg } from './neg/neg.ts'
import { nonMaxSuppression } from './nonMaxSuppression/nonMaxSuppression.ts'
import { nonZero } from './nonZero/nonZero.ts'
import { not } from './not/not.ts'
import { oneHot } from './oneHot/oneHot.ts'
import { or } from './or/or.ts'
import { pad } from './pad/pad.ts'
import { pow } from './pow/pow.ts'
import { pRelu } from './pRelu/pRelu.ts'
import { qGemm } from './qGemm/qGemm.ts'
import { qLinearAdd } from './qLinearAdd/qLinearAdd.ts'
import { qLinearAveragePool } from './qLinearAveragePool/qLinearAveragePool.ts'
import { qLinearConcat } from './qLinearConcat/qLinearConcat.ts'
import { qLinearConv } from './qLinearConv/qLinearConv.ts'
import { qLinearGlobalAveragePool } from './qLinearGlobalAveragePool/qLinearGlobalAveragePool.ts'
import { qLinearLeakyRelu } from './qLinearLeakyRelu/qLinearLeakyRelu.ts'
import { qLinearMatMul } from './qLinearMatMul/qLinearMatMul.ts'
import { qLinearMul } from './qLinearMul/qLinearMul.ts'
import { qLinearSigmoid } from './qLinearSigmoid/qLinearSigmoid.ts'
import { quantizeLinear } from './quantizeLinear/quantizeLinear.ts'
import { quickGelu } from './quickGelu/quickGelu.ts'
import { randomNormal } from './randomNormal/randomNormal.ts'
import { randomNormalLike } from './randomNormalLike/randomNormalLike.ts'
import { randomUniform } from './randomUniform/randomUniform.ts'
import { randomUniformLike } from './randomUniformLike/randomUniformLike.ts'
import { range } from './range/range.ts'
import { reciprocal } from './reciprocal/reciprocal.ts'
import { reduceL1 } from './reduceL1/reduceL1.ts'
import { reduceL2 } from './reduceL2/reduceL2.ts'
import { reduceLogSum } from './reduceLogSum/reduceLogSum.ts'
import { reduceLogSumExp } from './reduceLogSumExp/reduceLogSumExp.ts'
import { reduceMax } from './reduceMax/reduceMax.ts'
import { reduceMean } from './reduceMean/reduceMean.ts'
import { reduceMin } from './reduceMin/reduceMin.ts'
import { reduceProd } from './reduceProd/reduceProd.ts'
import { reduceSum } from './reduceSum/reduceSum.ts'
import { reduceSumSquare } from './reduceSumSquare/reduceSumSquare.ts'
import { relu } from './relu/relu.ts'
import { resample } from './resample/resample.ts'
import { reshape } from './reshape/reshape.ts'
import { resize } from './resize/resize.ts'
import { reverseSequence } from './reverseSequence/reverseSequence.ts'
import { rmsNormalization } from './rmsNormalization/rmsNormalization.ts'
import { rnn } from './rnn/rnn.ts'
import { roiAlign } from './roiAlign/roiAlign.ts'
import { roiAlignGradient } from './roiAlignGradient/roiAlignGradient.ts'
import { round } from './round/round.ts'
import { scan } from './scan/scan.ts'
import { scatter } from './scatter/scatter.ts'
import { scatterElements } from './scatterElements/scatterElements.ts'
import { scatterND } from './scatterND/scatterND.ts'
import { selu } from './selu/selu.ts'
import { sequenceAt } from './sequenceAt/sequenceAt.ts'
import { sequenceConstruct } from './sequenceConstruct/sequenceConstruct.ts'
import { sequenceEmpty } from './sequenceEmpty/sequenceEmpty.ts'
import { sequenceErase } from './sequenceErase/sequenceErase.ts'
import { sequenceInsert } from './sequenceInsert/sequenceInsert.ts'
import { sequenceLength } from './sequenceLength/sequenceLength.ts'
import { shape } from './shape/shape.ts'
import { sigmoid } from './sigmoid/sigmoid.ts'
import { sign } from './sign/sign.ts'
import { sin } from './sin/sin.ts'
import { sinh } from './sinh/sinh.ts'
import { size } from './size/size.ts'
import { skipLayerNormalization } from './skipLayerNormalization/skipLayerNormalization.ts'
import { slice } from './slice/slice.ts'
import { softmax } from './softmax/softmax.ts'
import { softplus } from './softplus/softplus.ts'
import { softsign } from './softsign/softsign.ts'
import { spaceToDepth } from './spaceToDepth/spaceToDepth.ts'
import { split } from './split/split.ts'
import { splitToSequence } from './splitToSequence/splitToSequence.ts'
import { sqrt } from './sqrt/sqrt.ts'
import { squeeze } from './squeeze/squeeze.ts'
import { sub } from './sub/sub.ts'
import { sum } from './sum/sum.ts'
import { swish } from './swish/swish.ts'
import { tan } from './tan/tan.ts'
import { tanh } from './tanh/tanh.ts'
import { thresholdedRelu } from './thresholdedRelu/thresholdedRelu.ts'
import { tile } from './tile/tile.ts'
import { topK } from './topK/topK.ts'
import { transpose } from './transpose/transpose.ts'
import { trilu } from './trilu/trilu.ts'
import { unique } from './unique/unique.ts'
import { unsqueeze } from './unsqueeze/unsqueeze.ts'
import { upsample } from './upsample/upsample.ts'
import { where } from './where/where.ts'
import { wherePositive } from './wherePositive/wherePositive.ts'
import { xor } from './xor/xor.ts'

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
export type { AdderConvInputGradientAttributes } from './adderConvInputGradient/adderConvInputGradient.ts'
export { alignedShape } from './alignment.ts'
export type { BatchNormalizationAttributes } from './batchNormalization/batchNormalization.ts'
export type { BatchNormalizationGradientAttributes } from './batchNormalizationGradient/batchNormalizationGradient.ts'
export { axisOf, contentOf } from './check.ts'
export type { ClipAttributes } from './clip/clip.ts'
export type { ClipGradientAttributes } from './clipGradient/clipGradient.ts'
export { type ConcatAttributes, concatAxis } from './concat/concat.ts'
export type { ConvAttributes } from './conv/conv.ts'
export type { ConvTransposeAttributes } from './convTranspose/convTranspose.ts'
export { transposedPads } from './convTranspose/forward.ts'
export type { DepthToSpaceAttributes } from './depthToSpace/depthToSpace.ts'
export { type GatherAttributes, gatherAxis, indicesOf } from './gather/indices.ts'
export type { GemmAttributes } from './gemm/gemm.ts'
export { adderLaw, convolutionLaw, inputElements, type LayerLaw, outputElements } from './laws.ts'
export { firstAxis, type TrailingAttributes } from './layerNormalization/layerNormalization.ts'
export type { LpNormalizationAttributes } from './lpNormalization/lpNormalization.ts'
export type { LrnAttributes } from './lrn/lrn.ts'
export { type PadAttributes, padsOf, padValue } from './pad/pads.ts'
export type { PoolAttributes } from './pool.ts'
export { type QuantisationAttributes, quantisationAxis } from './quantised.ts'
export { rangeOf } from './quantised-forward.ts'
export {
  knownSizes,
  type RecurrentAttributes,
  type RecurrentSizes,
  recurrentInputs,
  runsWhole,
} from './recurrent.ts'
export { attributesOf, type RecurrentActivation } from './recurrent-activations.ts'
export type { CellAlgebra } from './recurrent-cells.ts'
export { type ReduceAttributes, reducedAxes } from './reduce.ts'
export { type ResampleAttributes, resampleAxis, tapsOf } from './resample/resample.ts'
export { resizeTaps } from './resize/forward.ts'
export type { ResizeAttributes } from './resize/sizes.ts'
export { distinctAxes } from './settings.ts'
export { axisSlice, type SliceAttributes, sliceSettings } from './slice/ranges.ts'
export { type SoftmaxAttributes, softmaxAxes } from './softmax/softmax.ts'
export type { SplitAttributes } from './split/split.ts'
export { permutation } from './transpose/transpose.ts'
export { type UpsampleAttributes, upsampleTaps } from './upsample/upsample.ts'
export { type SlidingWindow, slide, slidingWindow, type Window } from './window.ts'
export { partOf } from './written-out.ts'
