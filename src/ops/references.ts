// How operators calculate, one line each, by their names in list.ts. What is not here calculates in its facts, or has no scalar reference.
export { adderConvReference as adderConv } from './adderConv/adderConv.ts'
export { affineGridReference as affineGrid } from './affineGrid.ts'
export {
  averagePoolGradientReference as averagePoolGradient,
  averagePoolReference as averagePool,
} from './averagePool.ts'
export {
  batchNormalizationGradientReference as batchNormalizationGradient,
  batchNormalizationReference as batchNormalization,
} from './batchNormalization/batchNormalization.ts'
export { centerCropPadReference as centerCropPad } from './centerCropPad.ts'
export { clipGradientReference as clipGradient } from './clip.ts'
export { col2ImReference as col2Im } from './col2Im.ts'
export { convReference as conv } from './conv/conv.ts'
export {
  adderConvInputGradientReference as adderConvInputGradient,
  adderConvWeightGradientReference as adderConvWeightGradient,
  convWeightGradientReference as convWeightGradient,
} from './convGradients.ts'
export { convIntegerReference as convInteger } from './convInteger.ts'
export { convTransposeReference as convTranspose } from './convTranspose/convTranspose.ts'
export { deformConvReference as deformConv } from './deformConv/deformConv.ts'
export { depthToSpaceReference as depthToSpace, spaceToDepthReference as spaceToDepth } from './depthToSpace.ts'
export { dynamicQuantizeLinearReference as dynamicQuantizeLinear } from './dynamicQuantizeLinear.ts'
export { einsumReference as einsum } from './einsum/einsum.ts'
export { fusedMatMulReference as fusedMatMul } from './fusedMatMul.ts'
export { gemmReference as gemm } from './gemm.ts'
export {
  gridSampleGradientReference as gridSampleGradient,
  gridSampleReference as gridSample,
} from './gridSample/gridSample.ts'
export { groupNormalizationReference as groupNormalization } from './groupNormalization.ts'
export { ifOperatorReference as ifOperator } from './if.ts'
export { instanceNormalizationReference as instanceNormalization } from './instanceNormalization.ts'
export { layerNormalizationReference as layerNormalization } from './layerNormalization.ts'
export { loopReference as loop } from './loop.ts'
export { lpNormalizationReference as lpNormalization } from './lpNormalization.ts'
export { lpPoolReference as lpPool } from './lpPool.ts'
export { lrnReference as lrn } from './lrn.ts'
export { matMulReference as matMul } from './matMul/matMul.ts'
export { matMulIntegerReference as matMulInteger } from './matMulInteger.ts'
export { maxPoolGradientReference as maxPoolGradient, maxPoolReference as maxPool } from './maxPool.ts'
export {
  maxRoiPoolGradientReference as maxRoiPoolGradient,
  maxRoiPoolReference as maxRoiPool,
} from './maxRoiPool/maxRoiPool.ts'
export { maxUnpoolReference as maxUnpool } from './maxUnpool.ts'
export { meanVarianceNormalizationReference as meanVarianceNormalization } from './meanVarianceNormalization.ts'
export { nonMaxSuppressionReference as nonMaxSuppression } from './nonMaxSuppression/nonMaxSuppression.ts'
export { pReluReference as pRelu } from './pRelu.ts'
export { qGemmReference as qGemm } from './qGemm.ts'
export { qLinearConvReference as qLinearConv } from './qLinearConv.ts'
export { qLinearMatMulReference as qLinearMatMul } from './qLinearMatMul.ts'
export { quantizeLinearReference as quantizeLinear } from './quantizeLinear.ts'
export { resampleReference as resample } from './resample/resample.ts'
export { resizeReference as resize } from './resize/resize.ts'
export { reverseSequenceReference as reverseSequence } from './reverseSequence.ts'
export { rmsNormalizationReference as rmsNormalization } from './rmsNormalization.ts'
export { roiAlignGradientReference as roiAlignGradient, roiAlignReference as roiAlign } from './roiAlign/roiAlign.ts'
export { cumProdGradientReference as cumProdGradient } from './running.ts'
export { scanReference as scan } from './scan.ts'
export { scatteringReference as scatter, scatteringReference as scatterElements } from './scatterElements.ts'
export { topKReference as topK } from './topK.ts'
export { uniqueReference as unique } from './unique/unique.ts'
export { upsampleReference as upsample } from './upsample.ts'
export { wherePositiveReference as wherePositive } from './where.ts'
