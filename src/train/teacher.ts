import { isConcrete, KerfError } from '../base/index.ts'
import { editGraph, type Model } from '../graph/index.ts'
import { openProgram, type RunningOptions } from '../runtime/index.ts'
import { proveFreedBatch } from './batch-proof.ts'
import { classifierOf } from './graph/classifier.ts'
import { networkForImages } from './graph/images.ts'
import type { DistillationOptions } from './graph/loss.ts'
import type { TrainingGraph } from './graph/training-graph.ts'

/** A network that another one learns from; it stays as it is. */
export interface Teacher {
  /** Computes what it says of a batch, and writes it where the training graph reads it. */
  run(images: Float32Array, place: (name: string) => Float32Array): Promise<void>
  dispose(): Promise<void>
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
  options: RunningOptions & { readonly classes: number },
): Promise<Teacher> {
  if (!given || !inputs) throw new KerfError('bad-options', 'Distillation needs a teacher: give one.')
  const network = networkForImages(given, imageShape, options.operators)
  await proveFreedBatch(network, imageShape.slice(1), options)
  const { model } = network
  const { image, logits, analysis } = classifierOf(model, imageShape, options.classes, options.operators)
  features.forEach(({ teacher, student }, i) => {
    const shape = analysis.values.get(teacher)?.shape
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
  const program = await openProgram(
    editGraph(model)
      .setOutputs([...new Set(wanted)])
      .model(),
    new Map([[image, imageShape]]),
    options,
  )
  const targets = [inputs.logits, ...inputs.features]
  return {
    run: async (images, place) => {
      program.input(image).set(images)
      await program.run()
      wanted.forEach((name, i) => {
        place(targets[i]!).set(program.read(name).data)
      })
    },
    dispose: () => program.dispose(),
  }
}
