import { Emitter } from '../autodiff/index.ts'
import { elementCount, KerfError, type Task, turns } from '../base/index.ts'
import { createLoader, type ImageSet, type Loader, type Transform } from '../data/index.ts'
import { editGraph, graphInputs, type Model } from '../graph/index.ts'
import { type HostTensor, hostTensor, openSession, type RunningOptions, type Session } from '../runtime/index.ts'
import { networkForImages } from '../train/index.ts'

/*
 * Outputs of any meaning as one row of numbers for each image, each divided by the root of its variance over the images: so boxes in pixels count no more than
 * probabilities, and the mean of the squares is the part of the variance that is not met.
 */

/** An element whose variance is below this part of its output's mean variance is divided by that: nearly constant ones would drown the others. */
const leastVariance = 1e-4

/** Numbers of a batch's outputs, at most: more take smaller batches. */
const mostElements = 2 ** 24

/** One output that is learnt. */
export interface LearntOutput {
  readonly name: string
  /** Of an image: 1 ÷ the root of each element's variance. */
  readonly scale: Float32Array
}

/** The network as it was, and what it says of images. */
export class OutputTeacher {
  readonly #session: Session
  readonly #shape: readonly number[]
  readonly outputs: readonly LearntOutput[]

  private constructor(session: Session, shape: readonly number[], outputs: readonly LearntOutput[]) {
    this.#session = session
    this.#shape = shape
    this.outputs = outputs
  }

  /** Images of a batch. */
  get batchSize(): number {
    return this.#shape[0]!
  }

  /**
   * Looks at all images once.
   * @throws KerfError `wrong-model` where no output is a float for every image; `not-finite`; as `networkForImages`
   */
  static async of(
    model: Model,
    images: ImageSet,
    transforms: readonly Transform[],
    mostOfBatch: number,
    running: RunningOptions,
    task: Task,
  ): Promise<OutputTeacher> {
    const open = async (batchSize: number) => {
      const loader = createLoader(images, { batchSize, transforms, training: false })
      const shape = [batchSize, ...loader.shape]
      const network = networkForImages(model, shape, running.operators).model
      const inputShapes = new Map([[graphInputs(network.graph)[0]!.name, shape]])
      return { loader, shape, session: await openSession(network, running, { inputShapes }) }
    }
    let { loader, shape, session } = await open(Math.min(mostOfBatch, images.count))
    try {
      const moments = new Map<string, Moments>()
      const turn = turns(task.signal, 'Distillation')
      let done = 0
      for await (const { images: pixels, count } of loader.epoch(0)) {
        await turn()
        for (const [name, output] of await learnable(session, shape, pixels)) {
          const size = elementCount(output.shape.slice(1))!
          const of = moments.get(name) ?? new Moments(size)
          moments.set(name, of)
          of.add(output.data as Float32Array, count)
        }
        done += count
        task.progress?.({ what: 'looking at outputs', done, total: images.count, unit: 'images' })
      }
      const outputs = [...moments].map(([name, of]) => ({ name, scale: of.scale(name) }))
      const size = outputs.reduce((sum, o) => sum + o.scale.length, 0)
      if (size === 0)
        throw new KerfError('wrong-model', 'The network has no output of floats for every image that could be learnt.')
      const batchSize = Math.max(1, Math.min(shape[0]!, Math.floor(mostElements / size)))
      if (batchSize < shape[0]!) {
        await session.dispose()
        ;({ loader, shape, session } = await open(batchSize))
      }
      return new OutputTeacher(session, shape, outputs)
    } catch (error) {
      await session.dispose()
      throw error
    }
  }

  /** The batches of a loader with what the teacher says of them as targets. */
  teaching(loader: Loader): Loader {
    const size = this.outputs.reduce((sum, o) => sum + o.scale.length, 0)
    const targets = new Float32Array(loader.batchSize * size)
    const session = this.#session
    const [shape, outputs] = [this.#shape, this.outputs]
    async function* epoch(batches: ReturnType<Loader['epoch']>) {
      for await (const batch of batches) {
        const said = await learnable(session, shape, batch.images)
        let at = 0
        for (const { name, scale } of outputs) {
          const { data } = said.get(name)!
          for (let i = 0; i < loader.batchSize; i++)
            for (let k = 0; k < scale.length; k++)
              targets[i * size + at + k] = Number(data[i * scale.length + k]) * scale[k]!
          at += scale.length
        }
        yield { ...batch, targets }
      }
    }
    return { ...loader, classes: size, epoch: (e, first) => epoch(loader.epoch(e, first)) }
  }

  dispose(): Promise<void> {
    return this.#session.dispose()
  }
}

/** Outputs of float32 with a part of their own for every image. */
async function learnable(
  session: Session,
  shape: readonly number[],
  pixels: Float32Array,
): Promise<Map<string, HostTensor>> {
  const results = await session.run({ [session.inputNames[0]!]: hostTensor('float32', shape, pixels) })
  const isLearnable = ([, { elementType, shape: of, data }]: [string, HostTensor]) =>
    elementType === 'float32' && of[0] === shape[0] && data.length > 0
  return new Map(Object.entries(results).filter(isLearnable))
}

class Moments {
  readonly #sums: Float64Array
  readonly #squares: Float64Array
  #count = 0

  constructor(size: number) {
    this.#sums = new Float64Array(size)
    this.#squares = new Float64Array(size)
  }

  add(data: Float32Array, images: number): void {
    const size = this.#sums.length
    this.#count += images
    for (let i = 0; i < images; i++)
      for (let k = 0; k < size; k++) {
        const value = data[i * size + k]!
        this.#sums[k] = this.#sums[k]! + value
        this.#squares[k] = this.#squares[k]! + value * value
      }
  }

  /** @throws KerfError `not-finite` */
  scale(name: string): Float32Array {
    const n = this.#count
    const variance = this.#squares.map((s, k) => Math.max(0, s / n - (this.#sums[k]! / n) ** 2))
    const mean = variance.reduce((sum, v) => sum + v, 0) / variance.length
    if (!Number.isFinite(mean))
      throw new KerfError('not-finite', `The network gives NaN or infinite numbers at "${name}": nothing is learnt.`)
    // An output that is one number for all images tells nothing.
    return Float32Array.from(variance, (v) => (mean > 0 ? 1 / Math.sqrt(Math.max(v, leastVariance * mean)) : 0))
  }
}

/** A network whose only output is all that it learns, [N, size]. */
export interface ComparedNetwork {
  readonly model: Model
  readonly size: number
  /** Of learning, by name: 0 for what was added to it. */
  readonly rate: (name: string) => number
}

export function comparedOutputs(model: Model, outputs: readonly LearntOutput[]): ComparedNetwork {
  const editor = editGraph(model)
  const emit = new Emitter(editor)
  emit.prefix = 'distillation'
  const factors = new Set<string>()
  const rows = outputs.map(({ name, scale }) => {
    const factor = emit.floats([...scale], [scale.length])
    factors.add(factor)
    return emit.node('Mul', [emit.node('Flatten', [name], { axis: 1 }), factor])
  })
  const output = rows.length === 1 ? rows[0]! : emit.node('Concat', rows, { axis: 1 })
  return {
    model: editor.setOutputs([output]).model(),
    size: outputs.reduce((sum, o) => sum + o.scale.length, 0),
    rate: (name) => (factors.has(name) ? 0 : 1),
  }
}

/** The network with what was learnt, and its own outputs. */
export const withoutComparison = (learnt: Model, given: Model): Model =>
  editGraph(learnt).setOutputs(given.graph.outputs).dropUnread().model()
