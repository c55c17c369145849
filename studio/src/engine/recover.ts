import type { Task } from 'kerf'
import type { PruneResult, Recovered } from 'kerf/prune'
import type { TrainingEvent } from 'kerf/train'
import { type CutRecoveryMemory, recoverCut } from 'kerf/workflow'
import type { Pictures } from './picture-set.ts'
import type { RecoverWish, TrainedStep } from './prune-types.ts'
import { threadedRuntime } from './threaded-runtime.ts'

const steps = {
  auto: 'auto',
  solve: ['least-squares', 'statistics'],
  train: ['least-squares', 'statistics', 'distillation'],
} as const

/**
 * Recovery on pictures. Loaded when it is asked for.
 * @param told is given every update of training
 * @throws KerfError as `recoverCut`
 */
export function recoverPruned(
  cut: PruneResult,
  { images, transforms }: Pictures,
  wish: RecoverWish,
  memory: CutRecoveryMemory | undefined,
  told: (step: TrainedStep) => void,
  task: Task,
): Promise<Recovered> {
  const distillation = {
    ...{ epochs: wish.epochs, labels: images.classes.length > 0 },
    onEvent(event: TrainingEvent) {
      if (event.kind !== 'step') return
      const { step, steps, epoch, loss, meanLoss } = event
      told({ step, steps, epoch, loss, meanLoss })
    },
  }
  const running = { runtime: threadedRuntime, threads: wish.threads, onNotice: () => {} }
  return recoverCut(cut, { ...running, images, transforms, memory, distillation, steps: steps[wish.steps] }, task)
}
