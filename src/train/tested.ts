import type { Loader } from '../data/index.ts'
import type { Model } from '../graph/index.ts'
import { type EvaluateOptions, type Evaluation, Evaluator } from './evaluate.ts'
import type { TrainingPosition } from './train.ts'

/** How well a network did on the test images. */
export interface TestedNetwork extends Pick<Evaluation, 'accuracy' | 'loss' | 'top5'> {
  /** Updates done. */
  readonly step: number
  /** Epochs done. */
  readonly epoch: number
}

/** Of the networks that training leaves, at its end. */
export interface TestResults {
  /** How many images there were. */
  readonly images: number
  /** The network at the end of training. */
  readonly last: TestedNetwork
  /** The one that the validation images chose; null where there are none. */
  readonly best: TestedNetwork | null
}

/**
 * Measures the last network, and the best one where that is another.
 * @param test images that nothing was chosen by
 * @param best reads the network that validation chose
 * @throws what `Evaluator` throws
 */
export async function testNetworks(
  last: Model,
  best: () => Model,
  position: TrainingPosition,
  test: Loader,
  options: EvaluateOptions,
): Promise<TestResults> {
  let images = 0
  const evaluator = new Evaluator(test, options)
  const measured = async (model: Model, { step, epoch }: Pick<TestedNetwork, 'step' | 'epoch'>) => {
    const { accuracy, loss, top5, ...result } = await evaluator.evaluate(model, options)
    images = result.images
    return { step, epoch, accuracy, loss, top5 }
  }
  try {
    const ofLast = await measured(last, position)
    const chosen = position.best
    const ofBest = !chosen ? null : chosen.step === position.step ? ofLast : await measured(best(), chosen)
    return { images, last: ofLast, best: ofBest }
  } finally {
    await evaluator.dispose()
  }
}
