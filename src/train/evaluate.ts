import { type Bounded, stoppable, type Task, turns } from '../base/index.ts'
import type { Batch, Loader } from '../data/index.ts'
import type { Model } from '../graph/index.ts'
import { type ModelSource, modelOf } from '../onnx/index.ts'
import { hostTensor, openSession, type RunningOptions, type Session, warn } from '../runtime/index.ts'
import { proveFreedBatch } from './batch-proof.ts'
import { type Classifier, classifierOf } from './graph/classifier.ts'
import { networkForImages } from './graph/images.ts'
import { crossEntropyOf, largest, rankOf, squaredErrorOf } from './scores.ts'

/** What is stopped. */
const what = 'The evaluation'

/** How well a network does on a set of images. */
export interface Evaluation {
  /** How many there were. */
  readonly images: number
  /** Mean over the images. */
  readonly loss: number
  /** Part of the images whose largest output is their label's, 0..1. */
  readonly accuracy: number
  /** Part whose label is among the five largest; 1 where there are at most five classes. */
  readonly top5: number
  /** In the order of the network's outputs. */
  readonly perClass: readonly {
    /** How many there were. */
    readonly images: number
    /** Those whose largest output is their label's. */
    readonly correct: number
  }[]
  /** Computing and loading, without making the plan. */
  readonly imagesPerSecond: number
}

/** What runs the network, and what is measured. */
export interface EvaluateOptions extends RunningOptions, Task, Bounded {
  /** Cross-entropy by default: of the logits, or where the network ends with Softmax, of its probabilities. */
  readonly loss?: 'crossEntropy' | 'meanSquaredError'
  /** Told of every image, in the loader's order. */
  readonly onImage?: (image: EvaluatedImage) => void
}

/** What a network says of an image. */
export interface EvaluatedImage {
  /** Its place in the loader's order, from 0. */
  readonly index: number
  /** The number of its class. */
  readonly label: number
  /** The class that the network takes it for. */
  readonly predicted: number
  /** Of this image alone. */
  readonly loss: number
}

/**
 * Runs a network, in its form for inference, over a data set. Its first output counts.
 * @param source a model in any form; in browsers a text is an address, in Node a path
 * @param loader of evaluation: in order, the last batch filled up
 * @throws as `openModel`; KerfError `wrong-model`, `wrong-shape`, `wrong-classes`, `fixed-batch`, `aborted`; UnsupportedError for an operator that is not known
 */
export async function evaluate(
  source: ModelSource,
  loader: Loader,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const model = await modelOf(source, options)
  const network = networkForImages(model, [loader.batchSize, ...loader.shape], options.operators)
  const notice = options.onNotice ?? warn
  network.notices.forEach(notice)
  await stoppable(what, () => proveFreedBatch(network, loader.shape, options), options)
  const evaluator = new Evaluator(loader, options)
  try {
    return await evaluator.evaluate(network.model, options)
  } finally {
    await evaluator.dispose()
  }
}

/** Measures a network again and again while it learns: on one session, whose plan, memory and threads stay. */
export class Evaluator implements AsyncDisposable {
  readonly #loader: Loader
  readonly #options: EvaluateOptions
  #opened: { readonly session: Session; readonly classifier: Classifier } | undefined

  /** @param loader of evaluation, as `evaluate` takes it */
  constructor(loader: Loader, options: EvaluateOptions = {}) {
    this.#loader = loader
    this.#options = options
  }

  /**
   * As `evaluate`, but for the notices and the proof that a batch size could be freed: the same network each time, with weights of its own.
   * @param task of this evaluation
   */
  evaluate(model: Model, task: Task = {}): Promise<Evaluation> {
    return stoppable(
      what,
      async () => {
        const { batchSize, shape, classes } = this.#loader
        const imageShape = [batchSize, ...shape]
        const network = networkForImages(model, imageShape, this.#options.operators).model
        if (this.#opened) this.#opened.session.setWeights(network)
        else {
          const classifier = classifierOf(network, imageShape, classes, this.#options.operators)
          const options = { ...this.#options, signal: task.signal }
          const session = await openSession(network, options, {
            inputShapes: new Map([[classifier.image, imageShape]]),
          })
          this.#opened = { session, classifier }
        }
        const { session, classifier } = this.#opened
        return await runOver(session, classifier, this.#loader, { ...this.#options, ...task })
      },
      this.#options,
    )
  }

  async dispose(): Promise<void> {
    await this.#opened?.session.dispose()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }
}

async function runOver(
  session: Session,
  classifier: Classifier,
  loader: Loader,
  { loss: kind = 'crossEntropy', signal, progress, onImage }: EvaluateOptions,
): Promise<Evaluation> {
  const tally = new Tally(classifier, kind, onImage)
  const shape = [loader.batchSize, ...loader.shape]
  const turn = turns(signal, what)
  const start = performance.now()
  for await (const batch of loader.epoch(0)) {
    await turn()
    const feeds = { [classifier.image]: hostTensor('float32', shape, batch.images) }
    const output = (await session.run(feeds, { signal }))[classifier.output]?.data as Float32Array
    tally.add(output, batch)
    progress?.({ what: 'evaluating', done: tally.images, total: loader.images, unit: 'images' })
  }
  return tally.result((performance.now() - start) / 1000)
}

class Tally {
  images = 0
  #loss = 0
  #top5 = 0
  readonly #classifier: Classifier
  readonly #kind: 'crossEntropy' | 'meanSquaredError'
  readonly #perClass: { images: number; correct: number }[]

  readonly #told: EvaluateOptions['onImage']

  constructor(classifier: Classifier, kind: 'crossEntropy' | 'meanSquaredError', told: EvaluateOptions['onImage']) {
    this.#told = told
    this.#classifier = classifier
    this.#kind = kind
    this.#perClass = Array.from({ length: classifier.classes }, () => ({ images: 0, correct: 0 }))
  }

  add(output: Float32Array, { labels, targets, count }: Batch): void {
    const { classes, kind } = this.#classifier
    for (let i = 0; i < count; i++) {
      const [start, label] = [i * classes, labels[i]!]
      const rank = rankOf(output, start, classes, label)
      const own = this.#perClass[label]!
      own.images++
      if (rank === 0) own.correct++
      if (rank < 5) this.#top5++
      const loss =
        this.#kind === 'crossEntropy'
          ? crossEntropyOf(output, start, targets, classes, kind)
          : squaredErrorOf(output, start, targets, classes)
      this.#loss += loss
      if (this.#told) {
        const predicted = largest(output, start, classes)
        this.#told({ index: this.images + i, label, predicted, loss })
      }
    }
    this.images += count
  }

  result(seconds: number): Evaluation {
    const n = this.images
    return {
      images: n,
      loss: this.#loss / n,
      accuracy: this.#perClass.reduce((sum, c) => sum + c.correct, 0) / n,
      top5: this.#top5 / n,
      perClass: this.#perClass,
      imagesPerSecond: n / seconds,
    }
  }
}
