// Well-known architectures, built node by node with weights drawn from a seed when they are read.
// Not here: trained weights, training, files (onnx/ writes what is built here).
// May import: base, graph, ops.
export { type NetName, netDescriptions, nets } from './catalogue.ts'
export { type CifarResNetOptions, cifarResNet } from './cifar-resnet.ts'
export { defaultInitialization, type Initialization } from './init.ts'
export type { ConvSpec, FeatureMap, PoolSpec } from './layer-spec.ts'
export { Layers } from './layers.ts'
export type { ConvolutionOperator, Net, NetOptions } from './options.ts'
