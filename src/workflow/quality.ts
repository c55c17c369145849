import { KerfError, stoppable, type Task, turns } from '../base/index.ts'
import { graphInputs, type Model } from '../graph/index.ts'
import type { ScoringImages } from '../prune/index.ts'
import {
  type HostTensor,
  hostTensor,
  hostValues,
  openSession,
  type RunningOptions,
  type Session,
} from '../runtime/index.ts'
import { forBatch } from './images.ts'

/*
 * How good a changed network is, against the network as it was given, on images that neither was changed by. With labels: the part of the images whose
 * largest output is their label's. Without: the part whose largest output is the one that the given network has, and how far the outputs are from its
 * outputs, √(Σ(y − y₀)² ÷ Σy₀²). A network with other outputs than a number per class has the distance alone.
 */

/** How good a network is on some images. */
export interface Quality {
  /** How many there were. */
  readonly images: number
  /** Part of the images whose largest output is their label's, 0..1. Undefined without labels. */
  readonly accuracy?: number
  /** Part whose largest output is that of the given network, 0..1. Undefined where the first output is no number per class. */
  readonly agreement?: number
  /** √(Σ(y − y₀)² ÷ Σy₀²) over all outputs and images; 0 for the given network itself, infinite where outputs are no numbers. */
  readonly outputError: number
}

/** What networks are judged by. */
export interface QualityOptions extends RunningOptions {
  /** False: labels are not looked at. Default: they are, where the images come with any. */
  readonly labels?: boolean
}

/**
 * The one number that a network is judged by, 0..1: its accuracy; without labels its agreement with the given network; where there are no classes
 * 1 − the error of its outputs.
 */
export const qualityValue = ({ accuracy, agreement, outputError }: Quality): number =>
  accuracy ?? agreement ?? 1 - Math.min(1, outputError)

/** What that number is called. */
export const qualityName = ({ accuracy, agreement }: Quality): 'accuracy' | 'agreement' | '1 − output error' =>
  accuracy !== undefined ? 'accuracy' : agreement !== undefined ? 'agreement' : '1 − output error'

/** What the given network makes of a batch. */
interface Known {
  readonly images: number
  readonly outputs: readonly Float64Array[]
  /** The class of each image: its label, undefined without. */
  readonly labels: Int32Array | undefined
  /** Of the given network. */
  readonly classes: Int32Array | undefined
}

/** Judges networks against the given one, on the same images each time. */
export class QualityJudge {
  readonly #images: ScoringImages
  readonly #options: QualityOptions
  readonly #known: readonly Known[]
  /** Of the given network. */
  readonly given: Quality
  /** How many the first output tells apart; undefined where it is no number per class. */
  readonly classes: number | undefined

  private constructor(
    images: ScoringImages,
    options: QualityOptions,
    known: readonly Known[],
    classes: number | undefined,
  ) {
    this.classes = classes
    this.#images = images
    this.#options = options
    this.#known = known
    const tally = new Tally()
    for (const batch of known) tally.add(batch, batch.outputs, batch.classes)
    this.given = tally.result()
  }

  /** How many images there are. */
  get count(): number {
    return this.given.images
  }

  /**
   * Runs the given network, and keeps what it makes of the images.
   * @throws KerfError `no-images`, `wrong-classes` for labels that do not fit, `unsupported-input`, `aborted`, and what running it throws
   */
  static of(model: Model, images: ScoringImages, options: QualityOptions = {}, task: Task = {}): Promise<QualityJudge> {
    return stoppable('The evaluation', async () => {
      const known: Known[] = []
      let told: number | undefined
      await withSession(model, images, options, async (session) => {
        for await (const { outputs, count, targets } of runs(session, images, model, task)) {
          const classes = largestOf(outputs[0]!)
          const labels = options.labels === false ? undefined : labelsOf(targets, images.batchSize, outputs[0]!)
          const values = outputs.map((o) => hostValues(o))
          told = classes && outputs[0]!.shape[1]
          known.push({ images: count, outputs: values, labels, classes })
        }
      })
      if (known.length === 0)
        throw new KerfError('no-images', 'There are no images to judge the network by. Give some.')
      return new QualityJudge(images, options, known, told)
    })
  }

  /**
   * @param model with the inputs and outputs of the given one
   * @throws KerfError `aborted`, and what running it throws
   */
  judge(model: Model, task: Task = {}): Promise<Quality> {
    return stoppable('The evaluation', () =>
      withSession(model, this.#images, this.#options, (session) => this.#judged(session, model, task)),
    )
  }

  /**
   * Networks of the same nodes and shapes, with weights of their own, one after the other: plan, memory and threads stay.
   * @param work is given what judges a network
   */
  judging<T>(model: Model, work: (judge: (variant: Model, task?: Task) => Promise<Quality>) => Promise<T>): Promise<T> {
    const { batchSize } = this.#images
    return withSession(model, this.#images, this.#options, (session) =>
      work((variant, task = {}) => {
        session.setWeights(forBatch(variant, batchSize))
        return this.#judged(session, model, task)
      }),
    )
  }

  async #judged(session: Session, model: Model, task: Task): Promise<Quality> {
    const tally = new Tally()
    let i = 0
    for await (const { outputs } of runs(session, this.#images, model, task)) {
      const known = this.#known[i++]!
      tally.add(known, outputs.map(hostValues), known.classes && largestOf(outputs[0]!))
    }
    return tally.result()
  }
}

class Tally {
  #images = 0
  #right = 0
  #agreeing = 0
  #labelled = false
  #classified = false
  #squares = 0
  #of = 0

  add(
    { images, outputs, labels, classes: known }: Known,
    made: readonly Float64Array[],
    classes: Int32Array | undefined,
  ) {
    this.#images += images
    for (let i = 0; i < images; i++) {
      if (labels && classes) {
        this.#labelled = true
        if (labels[i] === classes[i]) this.#right++
      }
      if (known && classes) {
        this.#classified = true
        if (known[i] === classes[i]) this.#agreeing++
      }
    }
    outputs.forEach((before, o) => {
      const after = made[o]!
      for (let i = 0; i < before.length; i++) {
        // Outputs whose number depends on the image are wrong where they are missing.
        this.#squares += (before[i]! - (after[i] ?? 0)) ** 2
        this.#of += before[i]! ** 2
      }
    })
  }

  result(): Quality {
    const error = Math.sqrt(this.#squares / this.#of)
    return {
      images: this.#images,
      ...(this.#labelled ? { accuracy: this.#right / this.#images } : {}),
      ...(this.#classified ? { agreement: this.#agreeing / this.#images } : {}),
      outputError: this.#squares === 0 ? 0 : Number.isNaN(error) ? Number.POSITIVE_INFINITY : error,
    }
  }
}

async function withSession<T>(
  model: Model,
  { batchSize, shape }: ScoringImages,
  options: QualityOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const network = forBatch(model, batchSize)
  const [input, ...others] = graphInputs(network.graph)
  if (!input || others.length > 0)
    throw new KerfError('unsupported-input', `The model has ${others.length + 1} inputs; it is given images alone.`)
  const inputShapes = new Map([[input.name, [batchSize, ...shape]]])
  const session = await openSession(network, { onNotice: () => {}, ...options }, { inputShapes })
  try {
    return await work(session)
  } finally {
    await session.dispose()
  }
}

interface Run {
  readonly outputs: readonly HostTensor[]
  readonly count: number
  readonly targets: Float32Array | undefined
}

async function* runs(
  session: Session,
  { batches, batchSize, shape }: ScoringImages,
  { graph }: Model,
  { signal, progress }: Task,
): AsyncGenerator<Run> {
  const turn = turns(signal, 'The evaluation')
  const [input] = graphInputs(graph)
  const elementType = input?.type?.kind === 'tensor' ? input.type.elementType : 'float32'
  let done = 0
  for await (const { images, count, targets } of batches) {
    await turn()
    const given = hostTensor(elementType, [batchSize, ...shape], images)
    const outputs = await session.run({ [session.inputNames[0]!]: given }, { signal })
    yield { outputs: session.outputNames.map((name) => ofImages(outputs[name]!, count, batchSize)), count, targets }
    done += count
    progress?.({ what: 'evaluating', done, unit: 'images' })
  }
}

/** Without what fills the last batch up. */
function ofImages(output: HostTensor, count: number, batchSize: number): HostTensor {
  const [first, ...rest] = output.shape
  if (first !== batchSize || count === batchSize) return output
  const each = output.data.length / batchSize
  return { ...output, shape: [count, ...rest], data: output.data.subarray(0, count * each) } as HostTensor
}

/** Per image the class with the largest output, the first of equals; undefined for what is no number per class. */
function largestOf(output: HostTensor): Int32Array | undefined {
  const [images = 0, classes = 0, ...rest] = output.shape
  if (output.shape.length < 2 || classes < 2 || rest.some((d) => d !== 1)) return undefined
  const values = hostValues(output)
  return Int32Array.from({ length: images }, (_, i) => {
    let best = 0
    for (let c = 1; c < classes; c++) if (values[i * classes + c]! > values[i * classes + best]!) best = c
    return best
  })
}

/** The labels in one-hot rows. @throws KerfError `wrong-classes` where they are not those of the output */
function labelsOf(targets: Float32Array | undefined, batchSize: number, output: HostTensor): Int32Array | undefined {
  if (!targets || targets.length === 0) return undefined
  const classes = targets.length / batchSize
  const [, outputs] = output.shape
  if (largestOf(output) === undefined || outputs !== classes)
    throw new KerfError(
      'wrong-classes',
      `The images are of ${classes} ${classes === 1 ? 'class' : 'classes'}, the first output of the model is [${output.shape}]. Give data whose labels are the model's, or look at the images alone: --no-labels.`,
      { expected: outputs, received: classes },
    )
  return Int32Array.from({ length: batchSize }, (_, i) => targets.subarray(i * classes, (i + 1) * classes).indexOf(1))
}
