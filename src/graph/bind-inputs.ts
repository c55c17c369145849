import { type Dim, KerfError, type Shape } from '../base/index.ts'
import { editGraph } from './editor.ts'
import { axesOf, imageLayoutOf } from './image-layout.ts'
import type { InferenceOptions } from './infer.ts'
import { type Graph, graphInputs, type Model, type ValueInfo } from './model.ts'

/** Sizes that are 1 unless somebody says otherwise: the first axis, and what is named for the batch (a recurrent state has it second). */
const isOne = (symbol: string, axis: number): boolean => axis === 0 || /^(batch.*|bs)$/i.test(symbol)

/**
 * Sizes for the symbolic dimensions of a graph's inputs: what `given` says, and 1 for the batch, where nobody gave it: a first dimension, or one whose
 * name begins with "batch".
 * @param given per input a shape; a single unnamed shape ('') is for the only input. A symbol that one of them fixes is fixed for all inputs
 * @throws KerfError `unknown-input` for a name that is no input, `wrong-shape` for another rank or a negative size, `symbolic-dimension` naming all
 *   inputs of which a size stays unknown
 */
export function bindInputs(graph: Graph, given: ReadonlyMap<string, readonly number[]> = new Map()): InferenceOptions {
  const inputs = graphInputs(graph).flatMap(({ name, type }) => (type?.kind === 'tensor' ? [{ name, ...type }] : []))
  const shapes = givenByName(graphInputs(graph), given)
  const symbols = new Map<string, number>()
  for (const { name, shape = [] } of inputs) {
    const wanted = shapes.get(name)
    checkSizes(name, shape, wanted)
    shape.forEach((d, axis) => {
      const size = wanted?.[axis]
      if (typeof d === 'string' && d !== '' && size !== undefined) symbols.set(d, size)
    })
  }
  const bound = new Map<string, Shape>()
  const unknown: Unknown[] = []
  for (const { name, shape: declared } of inputs) {
    const wanted = shapes.get(name)
    // A size that the file fixes may be asked for differently: the whole graph is then inferred anew.
    const sizes = declared?.map((d, axis): Dim => {
      const known = wanted?.[axis] ?? (typeof d === 'number' ? d : (symbols.get(d) ?? (isOne(d, axis) ? 1 : d)))
      if (typeof d === 'string' && d !== '' && typeof known === 'number') symbols.set(d, known)
      return known
    })
    const shape = sizes ?? wanted
    if (shape?.every((d) => typeof d === 'number')) bound.set(name, shape)
    else unknown.push({ name, declared, shape })
  }
  if (unknown.length > 0) throw sizesMissing(unknown)
  return { inputShapes: bound, symbols }
}

/**
 * The model with inputs of other shapes; what its file says of the shapes of inner values and outputs is dropped.
 * @param model stays as it is
 * @param shapes by the inputs' names; the others keep theirs
 */
export function withInputShapes(model: Model, shapes: ReadonlyMap<string, Shape>): Model {
  const withShape = (input: ValueInfo): ValueInfo => {
    const shape = shapes.get(input.name)
    return shape && input.type?.kind === 'tensor' ? { ...input, type: { ...input.type, shape } } : input
  }
  return editGraph(model).mapInputs(withShape).forgetTypes().model()
}

function givenByName(inputs: readonly ValueInfo[], given: ReadonlyMap<string, readonly number[]>) {
  const names = inputs.map((i) => i.name)
  const shapes = new Map<string, readonly number[]>()
  for (const [key, shape] of given) {
    const name = key === '' && names.length > 0 ? names[0]! : key
    if (!names.includes(name) || (key === '' && names.length !== 1))
      throw new KerfError(
        'unknown-input',
        `${key === '' ? 'A shape without a name needs a model with one input' : `The model has no input "${name}"`}. Its inputs: ${names.join(', ') || 'none'}.`,
      )
    shapes.set(name, shape)
  }
  return shapes
}

function checkSizes(name: string, declared: Shape, wanted: readonly number[] | undefined): void {
  if (wanted && declared.length > 0 && wanted.length !== declared.length)
    throw new KerfError(
      'wrong-shape',
      `Input "${name}" has ${declared.length} dimensions [${declared}], --input gives ${wanted.length} [${wanted}].`,
    )
  if (wanted && imageLayoutOf(declared, wanted) === 'NHWC')
    throw new KerfError(
      'wrong-shape',
      `Input "${name}" [${declared.map((d) => d || '?')}] is NHWC: height, width, channels. --input gives [${wanted}]; give ${axesOf.NHWC.map((axis) => wanted[axis]).join(',')}.`,
    )
  const negative = declared.find((d) => typeof d === 'number' && d < 0)
  if (negative !== undefined)
    throw new KerfError(
      'wrong-shape',
      `Input "${name}" has the negative size ${negative} in [${declared}]. The file is damaged or not an inference model.`,
    )
}

interface Unknown {
  readonly name: string
  /** As in the file. */
  readonly declared: Shape | undefined
  /** With what is known. */
  readonly shape: Shape | undefined
}

/** All at once, with an example that fits each. */
function sizesMissing(unknown: readonly Unknown[]): KerfError {
  const places = unknown.map(({ name, declared, shape }) => {
    if (!shape) return `Input "${name}" has no shape in the file.`
    const missing = shape.flatMap((d, axis) => (typeof d === 'number' ? [] : [d ? `"${d}"` : `axis ${axis}`]))
    return `Input "${name}" [${declared?.map((d) => d || '?')}] has no size for ${missing.join(', ')}.`
  })
  const example = unknown.map(({ name, shape }) => `--input ${name}:${exampleSizes(shape)}`).join(' ')
  return new KerfError(
    'symbolic-dimension',
    `${places.join(' ')} Give ${unknown.length > 1 ? 'them' : 'it'}, for example ${example}.`,
    {
      inputs: unknown.map((u) => u.name),
    },
  )
}

/** 224 × 224 where the input looks like images, channels first or last; 1 elsewhere. */
function exampleSizes(shape: Shape | undefined): string {
  if (!shape) return '1,3,224,224'
  const isLast = typeof shape[3] === 'number' && shape[3] <= 4
  const space = shape.length === 4 ? (isLast ? [1, 2] : [2, 3]) : []
  return shape.map((d, axis) => (typeof d === 'number' ? d : space.includes(axis) ? 224 : 1)).join(',')
}
