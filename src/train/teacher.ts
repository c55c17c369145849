import { isConcrete, KerfError, type Task } from '../base/index.ts'
import type { Model } from '../graph/index.ts'
import { proveFreedBatch } from './batch-proof.ts'
import { classifierOf } from './graph/classifier.ts'
import { networkForImages } from './graph/images.ts'
import type { DistillationOptions } from './graph/loss.ts'
import type { TrainingGraph } from './graph/training-graph.ts'
import { coreRuntime, type RunningOptions } from './runtime.ts'

/** A network that another one learns from; it stays as it is. */
export interface Teacher {
  /** Computes what it says of a batch, and writes it where the training graph reads it. */
  run(images: Float32Array, place: (name: string) => Float32Array): Promise<void>
  dispose(): void
}

/**
 * In inference, with a plan of its own: it may speak another operator set than the network that learns.
 * @throws KerfError `bad-options` without a teacher; `unknown-value`, `wrong-shape` for features; as `classifierOf`
 */
export async function createTeacher(
  given: Model | undefined,
  { teacher: inputs, inputShapes }: TrainingGraph,
  { features = [] }: DistillationOptions,
  imageShape: readonly number[],
  {
    runtime = coreRuntime,
    backend,
    threads,
    onNotice,
    signal,
    classes,
  }: RunningOptions & Pick<Task, 'signal'> & { readonly classes: number },
): Promise<Teacher> {
  if (!given || !inputs) throw new KerfError('bad-options', 'Distillation needs a teacher: give one.')
  const network = networkForImages(given, imageShape)
  await proveFreedBatch(network, imageShape.slice(1), { runtime, backend, threads, signal })
  const { model } = network
  const { image, logits, inference } = classifierOf(model, imageShape, classes)
  features.forEach(({ teacher, student }, i) => {
    const shape = inference.values.get(teacher)?.shape
    const wanted = inputShapes.get(inputs.features[i]!)
    if (!isConcrete(shape))
      throw new KerfError('unknown-value', `The teacher has no value "${teacher}" of known shape.`, { value: teacher })
    if (shape.join() !== wanted?.join())
      throw new KerfError(
        'wrong-shape',
        `The feature "${student}" is [${wanted}], the teacher's "${teacher}" [${shape}]: they cannot be compared. Choose a pair of one shape.`,
        { student, teacher, expected: wanted, received: shape },
      )
  })
  // Log-probabilities serve as logits: Softmax takes both to the same.
  const wanted = [logits, ...features.map((f) => f.teacher)]
  const outputs = [...new Set(wanted)].map((name) => ({ name, type: undefined }))
  const resident = await runtime.createResident(
    { ...model, graph: { ...model.graph, outputs } },
    new Map([[image, imageShape]]),
    { backend, threads, onNotice, signal },
  )
  const targets = [inputs.logits, ...inputs.features]
  return {
    run: async (images, place) => {
      resident.input(image).set(images)
      await resident.run()
      wanted.forEach((name, i) => {
        place(targets[i]!).set(resident.output(name))
      })
    },
    dispose: () => resident.dispose(),
  }
}
