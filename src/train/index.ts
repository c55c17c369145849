// Training: optimisers, schedules, recipes, checkpoints, curves.
// Not here: gradients (autodiff/), running (runtime/), data sets (data/), files (index.node.ts).
// May import: base, graph, ops, cost, autodiff, runtime, data, image, onnx, formats, nets, report.
export { trainingCurves } from './curves.ts'
export { type EvaluatedImage, type EvaluateOptions, type Evaluation, Evaluator, evaluate } from './evaluate.ts'
export { scoresOf } from './graph/classifier.ts'
export { type FreshWeightsOptions, withFreshWeights } from './graph/fresh.ts'
export { type ClassifierHead, classifierHead, type NewHeadOptions, withNewHead } from './graph/head.ts'
export { networkForImages } from './graph/images.ts'
export type { DistillationOptions, LossOptions } from './graph/loss.ts'
export { type TrainingGraph, trainingGraph } from './graph/training-graph.ts'
export { withCrossEntropy } from './graph/with-loss.ts'
export { inClassesOf } from './image-metadata.ts'
export type { AdamWOptions } from './optimisers/adamw.ts'
export { createOptimiser, type OptimiserOptions } from './optimisers/create.ts'
export type { GradientClip } from './optimisers/gradients.ts'
export type { CommonOptions } from './optimisers/optimiser.ts'
export {
  type GroupOptions,
  type GroupSettings,
  type GroupTable,
  type ParameterGroup,
  parameterGroups,
} from './optimisers/parameter.ts'
export type { SgdOptions } from './optimisers/sgd.ts'
export type { NamedArrays } from './optimisers/state.ts'
export type { WeightAverageOptions } from './optimisers/weight-average.ts'
export { type PreparedTraining, prepareTraining, type TrainingParts, type TrainingSets } from './prepare.ts'
export { describeRecipe } from './recipe/describe.ts'
export { parseRecipe } from './recipe/parse.ts'
export { path as recipePath } from './recipe/paths.ts'
export { problemsOf, type RecipeProblem } from './recipe/problems.ts'
export { batchSizeFor, type Recipe, type RecipeInput, recipeJsonSchema, recipeSchema } from './recipe/schema.ts'
export { gradientChoices, lossOf, optimiserSettings, scheduleOf, sparsitySettings } from './recipe/settings.ts'
export { type Checkpoint, type CheckpointState, checkpointChunks, readCheckpoint } from './run-folder/checkpoint.ts'
export type { Metrics } from './run-folder/metrics.ts'
export {
  type ConstantSchedule,
  type CosineSchedule,
  createSchedule,
  type OneCycleSchedule,
  type Schedule,
  type ScheduleOptions,
  type StepSchedule,
  type WarmUp,
} from './schedules/schedule.ts'
export {
  type OwnSparsity,
  type SparsityOptions,
  sparsityMethodOf,
  sparsityMethods,
} from './sparsity/catalogue.ts'
export type { GradualMagnitudeOptions } from './sparsity/gmp.ts'
export type { GroupSparsityOptions } from './sparsity/group-sparsity.ts'
export type { GrowingOptions } from './sparsity/growing.ts'
export type { LotteryOptions } from './sparsity/lottery.ts'
export type {
  ChannelLayout,
  ChannelMember,
  ChannelSet,
  LayoutOf,
  LayoutOptions,
  LiveTensor,
  SparseWeight,
  Sparsifier,
  SparsityContext,
  SparsityMethod,
} from './sparsity/method.ts'
export type { SoftFilterOptions } from './sparsity/sfp.ts'
export type { SlimmingOptions } from './sparsity/slimming.ts'
export type { StructuredSparsityOptions } from './sparsity/sr-ste.ts'
export type { CommonSparsityOptions } from './sparsity/targets.ts'
export type { TestedNetwork, TestResults } from './tested.ts'
export {
  type BestNetwork,
  type TrainingEvent,
  type TrainingPosition,
  type TrainOptions,
  type TrainResult,
  train,
  trainingStart,
} from './train.ts'
export { createTrainer, type StepResult, type Trainer, type TrainerOptions } from './trainer.ts'
