import type { ChannelRule } from '../graph/index.ts'
import { activations } from './activations.ts'
import { argExtremeChannels, argExtremes } from './argExtremes.ts'
import { arithmetic } from './arithmetic.ts'
import { batchNormalizationChannels } from './batchNormalization/channels.ts'
import { castLikeChannels } from './cast.ts'
import { centerCropPadChannels } from './centerCropPad.ts'
import { clipChannels } from './clip.ts'
import { concatChannels } from './concat.ts'
import { convChannels, convSum, slidChannels, weightAndBias } from './conv/channels.ts'
import { convTransposeChannels } from './convTranspose/convTranspose.ts'
import { deformConvChannels } from './deformConv/deformConv.ts'
import { depthToSpaceChannels, spaceToDepthChannels } from './depthToSpace.ts'
import { einsumChannels } from './einsum/channels.ts'
import { expandChannels } from './expand.ts'
import type { Listed } from './facts.ts'
import { functions } from './functions.ts'
import { fusedMatMulChannels } from './fusedMatMul.ts'
import { gatherChannels } from './gather/gather.ts'
import { gemmChannels } from './gemm.ts'
import { firstAxis } from './layerNormalization.ts'
import { lpNormalizationAxes } from './lpNormalization.ts'
import { maxPoolChannels } from './maxPool.ts'
import { maxUnpoolChannels } from './maxUnpool.ts'
import { padChannels } from './pad/channels.ts'
import { tieQGemm } from './qGemm.ts'
import { random, randomChannels } from './random.ts'
import { recurrent } from './recurrent.ts'
import { reductions } from './reductions.ts'
import { reshapeChannels } from './reshape.ts'
import { resizeChannels } from './resize/resize.ts'
import { reverseSequenceChannels } from './reverseSequence.ts'
import { runningChannels } from './running.ts'
import { sequenceChannels, sequences } from './sequences.ts'
import { tieReshaped } from './shared/blocks.ts'
import {
  amongPlaces,
  binaryChannels,
  broadcasting,
  elementwise,
  mixes,
  perChannel,
  sizesOnly,
  unaryChannels,
  unchannelled,
  variadicChannels,
} from './shared/channel-rules.ts'
import { productChannels, productSum } from './shared/matrix.ts'
import {
  groupStatistics,
  normalising,
  normalisingTrailing,
  perChannelParameters,
  scaling,
  trailing,
} from './shared/normalise.ts'
import { quantisedChannels, symmetricOnly } from './shared/quantised.ts'
import { quantisedFormChannels } from './shared/quantised-form.ts'
import { recurrentChannels } from './shared/recurrent-channels.ts'
import { reductionChannels } from './shared/reduce.ts'
import { perRegion } from './shared/regions.ts'
import { sliceChannels } from './slice/channels.ts'
import { softmaxAxes, softmaxes } from './softmax.ts'
import { splitChannels } from './split.ts'
import { squeezeChannels, unsqueezeChannels } from './squeeze.ts'
import { tileChannels } from './tile.ts'
import { topKChannels } from './topK.ts'
import { transposeChannels } from './transpose.ts'
import { triluChannels } from './trilu.ts'
import { upsampleChannels } from './upsample.ts'

/*
 * What pruning asks of operators, by their names in `Listed`: families first, then the others, one line each.
 */

/** The same for all of a family. */
const each = <F extends object, A>(family: F, rule: ChannelRule<A>) =>
  Object.fromEntries(Object.keys(family).map((name) => [name, rule])) as { readonly [K in keyof F]: ChannelRule<A> }

const sums = reductionChannels('neutral')

const trainingOnly = mixes('it belongs to a training graph')

export const channelRules: { readonly [K in keyof Listed]: ChannelRule<ReturnType<Listed[K]['attributes']>> } = {
  ...each(activations, unaryChannels),
  ...each(argExtremes, argExtremeChannels),
  ...each(arithmetic, broadcasting),
  add: binaryChannels,
  div: binaryChannels,
  mul: binaryChannels,
  pow: binaryChannels,
  sub: binaryChannels,
  max: variadicChannels,
  mean: variadicChannels,
  min: variadicChannels,
  sum: variadicChannels,
  ...each(functions, unaryChannels),
  globalAveragePool: amongPlaces(perChannel),
  globalLpPool: perChannel,
  globalMaxPool: amongPlaces(perChannel),
  ...each(random, randomChannels),
  ...each(recurrent, recurrentChannels),
  ...each(reductions, reductionChannels('changes')),
  reduceL1: sums,
  reduceL2: sums,
  reduceLogSum: reductionChannels('neutral', false),
  reduceLogSumExp: reductionChannels('changes', false),
  reduceSum: sums,
  reduceSumSquare: sums,
  ...each(sequences, sequenceChannels),
  ...each(softmaxes, normalising(softmaxAxes)),

  adderConv: mixes(
    'an absent input channel of an adder convolution still contributes −|w| unless both the input and the weight are zero',
  ),
  adderConvInputGradient: trainingOnly,
  adderConvWeightGradient: trainingOnly,
  affineGrid: mixes('AffineGrid makes coordinates'),
  averagePool: amongPlaces(perChannel),
  averagePoolGradient: trainingOnly,
  batchNormalization: batchNormalizationChannels,
  batchNormalizationGradient: trainingOnly,
  bitShift: broadcasting,
  cast: elementwise,
  castLike: castLikeChannels,
  centerCropPad: centerCropPadChannels,
  clip: clipChannels,
  clipGradient: trainingOnly,
  col2Im: mixes('Col2Im unfolds channels'),
  compress: mixes('what Compress takes depends on a condition'),
  concat: concatChannels,
  constant: unchannelled,
  constantOfShape: unchannelled,
  conv: { ...convChannels(1, [2], slidChannels), zeros: weightAndBias, sum: convSum },
  convInteger: symmetricOnly([[1, 3]], convChannels(1, [3])),
  convTranspose: convTransposeChannels,
  convWeightGradient: trainingOnly,
  cumProd: runningChannels,
  cumProdGradient: trainingOnly,
  cumSum: runningChannels,
  deformConv: deformConvChannels,
  depthToSpace: depthToSpaceChannels,
  dequantizeLinear: quantisedChannels,
  dropout: elementwise,
  dynamicQuantizeLinear: mixes('the scale is taken from the range of all channels'),
  einsum: einsumChannels,
  expand: expandChannels,
  eyeLike: mixes('EyeLike makes a matrix of the same size'),
  flatten: { tie: tieReshaped },
  fusedMatMul: fusedMatMulChannels,
  gather: gatherChannels,
  gatherElements: mixes('GatherElements takes single elements'),
  gatherND: mixes('GatherND takes single elements'),
  gemm: gemmChannels,
  gridSample: perChannel,
  gridSampleGradient: trainingOnly,
  groupNormalization: scaling(
    groupStatistics(
      (call) => call.attributes.groups,
      (call) => (call.attributes.perGroup ? [] : [1, 2]),
    ),
  ),
  identity: elementwise,
  ifOperator: mixes('which branch of If runs depends on the data'),
  instanceNormalization: scaling(perChannelParameters([1, 2], (call) => trailing(call, 2))),
  layerNormalization: scaling(normalisingTrailing(firstAxis, [1, 2])),
  loop: mixes('how often Loop runs depends on the data'),
  lpNormalization: normalising(lpNormalizationAxes),
  lpPool: perChannel,
  lrn: normalising(() => [1]),
  matMul: { ...productChannels({ a: 0, b: 1 }), sum: productSum },
  matMulInteger: symmetricOnly(
    [
      [0, 2],
      [1, 3],
    ],
    productChannels({ a: 0, b: 1 }, [2], [3]),
  ),
  maxPool: maxPoolChannels,
  maxPoolGradient: trainingOnly,
  maxRoiPool: perRegion,
  maxRoiPoolGradient: trainingOnly,
  maxUnpool: maxUnpoolChannels,
  // Per channel by default, so that one could go; but ONNX Runtime 1.30 makes NaN of a constant channel (no epsilon).
  meanVarianceNormalization: mixes(
    'ONNX Runtime divides 0 by 0 in a channel of zeros, so the cut could not be proven against a mask',
  ),
  mod: broadcasting,
  nonMaxSuppression: mixes('NonMaxSuppression reads boxes and scores'),
  nonZero: mixes('NonZero asks where elements are 0'),
  oneHot: mixes('OneHot reads indices'),
  pad: padChannels,
  pRelu: broadcasting,
  qGemm: symmetricOnly([[3, 5]], { tie: tieQGemm }),
  // The form of quantised numbers does what the other does.
  qLinearAdd: quantisedFormChannels(binaryChannels),
  qLinearAveragePool: quantisedFormChannels(perChannel),
  qLinearConcat: quantisedFormChannels(concatChannels),
  qLinearConv: symmetricOnly([[3, 5]], convChannels(3, [4, 5, 8])),
  qLinearGlobalAveragePool: quantisedFormChannels(perChannel),
  qLinearLeakyRelu: quantisedFormChannels(unaryChannels),
  qLinearMatMul: symmetricOnly(
    [
      [0, 2],
      [3, 5],
    ],
    productChannels({ a: 0, b: 3 }, [1, 2, 6, 7], [4, 5]),
  ),
  qLinearMul: quantisedFormChannels(binaryChannels),
  qLinearReduceMean: quantisedFormChannels(reductionChannels('changes')),
  qLinearSigmoid: quantisedFormChannels(unaryChannels),
  qLinearSoftmax: quantisedFormChannels(normalising(softmaxAxes)),
  quantizeLinear: quantisedChannels,
  range: mixes('Range counts from its inputs'),
  resample: trainingOnly,
  reshape: reshapeChannels,
  resize: resizeChannels,
  reverseSequence: reverseSequenceChannels,
  rmsNormalization: scaling(normalisingTrailing(firstAxis, [1])),
  roiAlign: perRegion,
  roiAlignGradient: trainingOnly,
  scan: mixes('how often Scan runs depends on the data'),
  scatter: mixes('Scatter puts single elements'),
  scatterElements: mixes('ScatterElements puts single elements'),
  scatterND: mixes('ScatterND puts single elements'),
  shape: sizesOnly,
  size: sizesOnly,
  slice: sliceChannels,
  spaceToDepth: spaceToDepthChannels,
  split: splitChannels,
  squeeze: squeezeChannels,
  tile: tileChannels,
  topK: topKChannels,
  transpose: transposeChannels,
  trilu: triluChannels,
  unique: mixes('Unique compares all elements'),
  unsqueeze: unsqueezeChannels,
  upsample: upsampleChannels,
  where: broadcasting,
  wherePositive: trainingOnly,
}
