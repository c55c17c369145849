// Well-known architectures, built node by node with weights drawn from a seed when they are read, or put in by their PyTorch names.
// Not here: training, files (onnx/ writes what is built here, formats/ reads weights).
// May import: base, graph, ops.
export { adderConvolution } from './adder.ts'
export { type BlockName, type BlockOptions, blockDescriptions, blockNames, buildBlock } from './blocks.ts'
export { type NetName, netDescriptions, nets } from './catalogue.ts'
export { type CifarResNetOptions, cifarResNet } from './cifar-resnet.ts'
export type { Classifier } from './classifier.ts'
export { defaultInitialization, type Initialization, trainingInitialization } from './init.ts'
export type { ConvSpec, FeatureMap, LayerName, PoolSpec } from './layer-spec.ts'
export { Layers } from './layers.ts'
export type { LenetOptions } from './lenet5-bn.ts'
export { buildNet, type NamedNet, type NamedNetOptions, netNameOf, parseNetName } from './named.ts'
export type { ConvolutionOperator, Net, NetOptions } from './options.ts'
export type { ResNetOptions } from './resnet.ts'
export { type ImportedNet, importNet, type StoredWeight, type WeightMismatch } from './weights.ts'
