// `kerf/graph`: networks as graphs – reading, building, walking and changing them – and what Kerf knows of operators.
// Not here: what is done with networks (the other files of this folder), files on disk (files.node.ts).
// May import: every room, through its index.

// The parts of a model

export {
  type Attribute,
  type FunctionDefinition,
  type Graph,
  graphInputs,
  type Integer,
  type Model,
  type Node,
  nodeLabel,
  type OtherType,
  type Preserved,
  type Tensor,
  type TensorData,
  type TensorType,
  type TypedAttribute,
  type ValueInfo,
} from '../graph/index.ts'

// ONNX

export {
  type ByteSource,
  type Bytes,
  type BytesLater,
  type Content,
  checkExternalData,
  type EncodedModel,
  type EncodeOptions,
  encodeModel,
  memorySource,
  modelBytes,
  type ReadOptions,
  readModel,
} from '../onnx/index.ts'

// Element types, shapes and tensors

export { type Dim, type ElementType, elementCount, isConcrete, type Shape } from '../base/index.ts'
export { inMemory, lazyTensor, tensorOf, tensorValues } from '../graph/index.ts'

// Building

export { type Random, seededRandom } from '../base/index.ts'
export { type AttributeValue, attributeOf, float, floats, GraphBuilder, type NodeOptions } from '../graph/index.ts'

// Walking

export {
  type Analysis,
  AttributeReader,
  analyse,
  bindInputs,
  callOf,
  type Inference,
  type InferenceOptions,
  type InferredCall,
  type Known,
  type KnownCall,
  subgraphsOf,
} from '../graph/index.ts'

// Changing

export { type Choices, type Differentiated, differentiate, type Unreached } from '../autodiff/index.ts'
export {
  editGraph,
  freeBatch,
  type GraphEditor,
  inFloat32,
  inferenceForm,
  inlineFunctions,
  makeNode,
  simplified,
  validated,
  withInputShapes,
} from '../graph/index.ts'

// Operators

export {
  type Accesses,
  type Arithmetic,
  type BackwardCall,
  type BackwardRule,
  type Bounds,
  type Call,
  type ChannelRule,
  type ChannelStrides,
  type Composite,
  type CompositeBody,
  type ContentOf,
  type Cut,
  type Dense,
  type Epilogue,
  type ForwardRule,
  type Fusion,
  type GradientEmitter,
  type GroupedAxis,
  type Labels,
  type NodeLaw,
  type Operator,
  type OperatorFacts,
  type OperatorSet,
  type Pruning,
  type Reference,
  type RootKind,
  type RootOptions,
  type Signature,
  type Ties,
  type Track,
  type Training,
  type TrainingForm,
  type TrainingRule,
  type WeightedSum,
  withOperators,
} from '../graph/index.ts'
export {
  compositeList,
  operatorFacts,
  operatorList,
  operators,
  prunableOperators,
  runnableOperators,
} from '../ops/index.ts'
