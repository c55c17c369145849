// `kerf/nets`: well-known architectures and blocks, with weights drawn from a seed or put in by their PyTorch names.
// Not here: training them (train.ts).
// May import: every room, through its index.

// Networks

export {
  adderConvolution,
  buildNet,
  type CifarResNetOptions,
  type Classifier,
  type ConvolutionOperator,
  cifarResNet,
  defaultInitialization,
  type Initialization,
  type LenetOptions,
  type NamedNet,
  type NamedNetOptions,
  type Net,
  type NetName,
  type NetOptions,
  netDescriptions,
  netNameOf,
  nets,
  parseNetName,
  type ResNetOptions,
  trainingInitialization,
} from '../nets/index.ts'

// Blocks, and networks of your own

export {
  type BlockName,
  type BlockOptions,
  blockDescriptions,
  blockNames,
  buildBlock,
  type ConvSpec,
  type FeatureMap,
  type LayerName,
  Layers,
  type PoolSpec,
} from '../nets/index.ts'

// Weights from elsewhere

export {
  encodeSafetensors,
  float32Tensor,
  type OpenSafetensors,
  readSafetensors,
  type Safetensors,
  type SafetensorsEntry,
  type SafetensorsHeader,
  type SafetensorsTensor,
  type SafetensorsType,
  type SafetensorsWeight,
  type WeightSource,
  weightsOf,
} from '../formats/index.ts'
export { type ImportedNet, importNet, type StoredWeight, type WeightMismatch } from '../nets/index.ts'
