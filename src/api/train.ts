// `kerf/train`: training and fine-tuning – trainers, optimisers, schedules, recipes, curves – and measuring accuracy.
// Not here: data (data.ts), folders that runs are kept in (files.node.ts).
// May import: every room, through its index. In Node, train.node.ts stands in its place, with the same names.

// Training

export {
  type BestNetwork,
  createTrainer,
  type Metrics,
  type StepResult,
  type Trainer,
  type TrainerOptions,
  type TrainingEvent,
  type TrainingPosition,
  type TrainOptions,
  type TrainResult,
  train,
  trainingCurves,
  trainingStart,
} from '../train/index.ts'

// Measuring

export { type EvaluatedImage, type EvaluateOptions, type Evaluation, evaluate } from '../train/index.ts'

// Losses, optimisers, schedules

export {
  type AdamWOptions,
  type CommonOptions,
  type ConstantSchedule,
  type CosineSchedule,
  createSchedule,
  type DistillationOptions,
  type GradientClip,
  type GroupOptions,
  type GroupSettings,
  type GroupTable,
  type LossOptions,
  type NamedArrays,
  type OneCycleSchedule,
  type OptimiserOptions,
  type ParameterGroup,
  parameterGroups,
  type Schedule,
  type ScheduleOptions,
  type SgdOptions,
  type StepSchedule,
  type WarmUp,
  type WeightAverageOptions,
} from '../train/index.ts'

// Training for sparsity

export type { InputRuns } from '../base/index.ts'
export {
  type ChannelLayout,
  type ChannelMember,
  type ChannelSet,
  type CommonSparsityOptions,
  type GradualMagnitudeOptions,
  type GroupSparsityOptions,
  type GrowingOptions,
  type LayoutOf,
  type LayoutOptions,
  type LiveTensor,
  type LotteryOptions,
  type OwnSparsity,
  type SlimmingOptions,
  type SoftFilterOptions,
  type SparseWeight,
  type Sparsifier,
  type SparsityContext,
  type SparsityMethod,
  type SparsityOptions,
  type StructuredSparsityOptions,
  sparsityMethodOf,
  sparsityMethods,
} from '../train/index.ts'

// The graph that is trained

export {
  type ClassifierHead,
  classifierHead,
  type FreshWeightsOptions,
  type NewHeadOptions,
  withCrossEntropy,
  withFreshWeights,
  withNewHead,
} from '../train/index.ts'

// Recipes and checkpoints

export {
  type Checkpoint,
  type CheckpointState,
  checkpointChunks,
  describeRecipe,
  gradientChoices,
  lossOf,
  optimiserSettings,
  type PreparedTraining,
  parseRecipe,
  prepareTraining,
  type Recipe,
  type RecipeInput,
  type RecipeProblem,
  readCheckpoint,
  recipeJsonSchema,
  scheduleOf,
  sparsitySettings,
  type TrainingParts,
  type TrainingSets,
} from '../train/index.ts'
