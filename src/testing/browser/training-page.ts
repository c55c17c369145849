// What the page under test trains: bundled for a browser by server.ts, with the library's own entry points and nothing of Node.

import { createLoader, generatedImages } from '../../data/index.ts'
import { readModel } from '../../onnx/index.ts'
import { createSchedule, createTrainer, parameterGroups, train } from '../../train/index.ts'

export interface TrainedInPage {
  readonly threads: number
  readonly onHost: readonly string[]
  /** Of every epoch. */
  readonly losses: number[]
  readonly accuracies: number[]
  /** Of the first weight, after training. */
  readonly weights: number[]
  /** Timers of the page that ran while it trained. */
  readonly ticks: number
}

/** Trains `/model.onnx` on generated images for a few epochs. */
async function trainNetwork(threads: number, epochs: number): Promise<TrainedInPage> {
  const model = readModel(new Uint8Array(await (await fetch('/model.onnx')).arrayBuffer()))
  const sets = generatedImages({ classes: 3, trainImages: 240, testImages: 60, channels: 1, size: 8, seed: 4 })
  const batchSize = 16
  const training = createLoader(sets.train, { batchSize, training: true, seed: 4 })
  const validation = createLoader(sets.test, { batchSize, training: false })
  const optimiser = { kind: 'sgd', groups: parameterGroups({ weightDecay: 1e-4 }) } as const
  const trainer = await createTrainer(model, { batchSize, shape: training.shape, classes: 3, optimiser, threads })
  let ticks = 0
  const timer = setInterval(() => ticks++, 10)
  const schedule = createSchedule({ kind: 'cosine' }, 0.1)
  const { metrics } = await train(trainer, { training, validation, epochs, schedule, threads })
  clearInterval(timer)
  const weights = [...(trainer.exportState().weights?.get('conv1.weight') ?? [])]
  const { onHost } = trainer.program
  await trainer.dispose()
  return {
    threads: trainer.program.threads,
    onHost,
    losses: metrics.map((m) => m['train/loss']!),
    accuracies: metrics.map((m) => m['validation/accuracy']!),
    weights,
    ticks,
  }
}

Object.assign(globalThis, { trainNetwork })
