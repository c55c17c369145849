import { withDefaults } from '../base/index.ts'
import type { Loader } from '../data/index.ts'
import { type ModelSource, modelOf } from '../onnx/index.node.ts'
import { nodeRuntime } from '../runtime/index.node.ts'
import { type EvaluateOptions, type Evaluation, evaluate as evaluateIn } from './evaluate.ts'
import { type TrainOptions, type TrainResult, train as trainIn } from './train.ts'
import { createTrainer as createTrainerIn, type Trainer, type TrainerOptions } from './trainer.ts'

/** `createTrainer` with threads of Node, and paths of files. */
export async function createTrainer(source: ModelSource, options: TrainerOptions): Promise<Trainer> {
  return createTrainerIn(await modelOf(source, options), withDefaults(options, { runtime: nodeRuntime }))
}

/** `evaluate` with threads of Node, and paths of files. */
export async function evaluate(
  source: ModelSource,
  loader: Loader,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  return evaluateIn(await modelOf(source, options), loader, withDefaults(options, { runtime: nodeRuntime }))
}

/** `train` with threads of Node. */
export function train(trainer: Trainer, options: TrainOptions): Promise<TrainResult> {
  return trainIn(trainer, withDefaults(options, { runtime: nodeRuntime }))
}
