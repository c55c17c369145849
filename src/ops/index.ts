// What every operator says about itself: one file each (a folder where it has several), and the one list.
// Not here: walks over graphs (graph/, cost/, prune/), fast kernels (runtime/).
// May import: base, graph.
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
export { type AttributesOf, compositeList, type OpName, operatorList, operators, opName } from './operators.ts'
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
