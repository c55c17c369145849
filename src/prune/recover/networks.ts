import { KerfError, type Turn } from '../../base/index.ts'
import {
  type Analysis,
  analyse,
  fixesBatch,
  freeBatch,
  graphInputs,
  type Model,
  type OperatorSet,
  usedNames,
  withStoredConstants,
} from '../../graph/index.ts'
import type { ScoringImages } from '../criteria/batches.ts'
import type { ImagePieces } from './staged-run.ts'

/** Values of one image that are kept at a time take at most so many bytes, when the network as it was is looked at. */
const mostBytes = 2 ** 27

/** All images, side by side. */
export interface GivenImages {
  /** Of one. */
  readonly shape: readonly number[]
  readonly data: readonly Float32Array[]
  readonly count: number
}

/** @throws KerfError `no-images`, `not-finite` */
export async function collectImages({ shape, batches }: ScoringImages, turn: Turn): Promise<GivenImages> {
  const size = shape.reduce((p, d) => p * d, 1)
  const data: Float32Array[] = []
  for await (const { images, count } of batches) {
    await turn()
    for (let i = 0; i < count; i++) {
      const image = images.slice(i * size, (i + 1) * size)
      if (image.length !== size || !image.every(Number.isFinite))
        throw new KerfError(
          'not-finite',
          `Image ${data.length + 1} of those to recover with holds ${image.length === size ? 'numbers that are NaN or infinite' : `${image.length} numbers instead of ${size}`}. Take it out, or look at how images become the input.`,
          { image: data.length },
        )
      data.push(image)
    }
  }
  if (data.length === 0)
    throw new KerfError('no-images', 'There are no images to recover the network with. Give some (--data).')
  return { shape, data, count: data.length }
}

/** Images in pieces of `size`. */
export function inPieces({ shape, data, count }: GivenImages, size: number): ImagePieces {
  const each = data[0]!.length
  const pieces = Array.from({ length: Math.ceil(count / size) }, (_, p) => {
    const piece = new Float32Array(size * each)
    data.slice(p * size, (p + 1) * size).forEach((image, i) => {
      piece.set(image, i * each)
    })
    return piece
  })
  return { shape: [size, ...shape], pieces, count }
}

/**
 * A network for pieces of so many images, with every constant that nodes read as an initializer.
 * @throws KerfError `unsupported-input`, `fixed-batch`
 */
export function forPieces(model: Model, size: number, image: readonly number[], operators: OperatorSet): Analysis {
  const [input, ...others] = graphInputs(model.graph)
  if (!input || others.length > 0)
    throw new KerfError('unsupported-input', `The model has ${others.length + 1} inputs; it is given images alone.`)
  const free = fixesBatch(model, size) ? freeBatch(model, operators) : model
  const options = { inputShapes: new Map([[input.name, [size, ...image]]]) }
  const analysis = analyse(free, operators, options)
  const isConstant = (name: string) => analysis.constants.has(name)
  const read = analysis.model.graph.nodes
    .filter((node) => !node.outputs.every((o) => o === '' || isConstant(o)))
    .flatMap((node) => usedNames(node).filter(isConstant))
  const stored = withStoredConstants(analysis, new Set(read))
  return stored === free ? analysis : analyse(stored, operators, options)
}

/**
 * How many images are looked at together: as many as fit into memory with the values that are looked at, or what the file fixes.
 * @param values what is looked at in the network as it was
 */
export function pieceSize(
  model: Model,
  { shape, count }: GivenImages,
  batchSize: number,
  operators: OperatorSet,
  values: (analysis: Analysis) => Iterable<string>,
): number {
  if (fixesBatch(model, 1))
    try {
      freeBatch(model, operators)
    } catch (error) {
      if (error instanceof KerfError && error.code === 'fixed-batch') return Number(error.details.size)
      throw error
    }
  const analysis = forPieces(model, 1, shape, operators)
  let elements = 1
  for (const value of values(analysis))
    elements += (analysis.values.get(value)?.shape ?? []).reduce<number>((p, d) => p * Number(d), 1)
  return Math.max(1, Math.min(batchSize, count, Math.floor(mostBytes / (4 * elements)) || 1))
}
