import type { Loader } from '../data/index.ts'
import type { Model } from '../graph/index.ts'
import { nodeRuntime } from '../runtime/index.node.ts'
import { type EvaluateOptions, type Evaluation, evaluate as evaluateIn } from './evaluate.ts'
import { type TrainOptions, type TrainResult, train as trainIn } from './train.ts'
import { createTrainer as createTrainerIn, type Trainer, type TrainerOptions } from './trainer.ts'

/** `createTrainer` with threads of Node. */
export function createTrainer(model: Model, options: TrainerOptions): Promise<Trainer> {
  return createTrainerIn(model, { runtime: nodeRuntime, ...options })
}

/** `evaluate` with threads of Node. */
export function evaluate(model: Model, loader: Loader, options: EvaluateOptions = {}): Promise<Evaluation> {
  return evaluateIn(model, loader, { runtime: nodeRuntime, ...options })
}

/** `train` with threads of Node. */
export function train(trainer: Trainer, options: TrainOptions): Promise<TrainResult> {
  return trainIn(trainer, { runtime: nodeRuntime, ...options })
}
