// What networks give in Kerf and in ONNX Runtime, and how far it may be apart.

import { KerfError } from '../src/base/index.ts'
import { editGraph, type Model, tensorOf, tensorValues } from '../src/graph/index.ts'
import { createSession } from '../src/runtime/index.node.ts'
import { type BackendOptions, hostTensor, hostValues, isHostElementType } from '../src/runtime/index.ts'
import { type Feed, loadOrt } from '../src/workflow/index.node.ts'
import { WrongResult } from './outcome.ts'
import { reachOf } from './range.ts'

export interface Values {
  readonly shape: readonly number[]
  readonly values: ArrayLike<number>
}
export type Outputs = ReadonlyMap<string, Values>

/**
 * Largest difference, as a part of the output's largest value. Sums of up to a thousand float32 products are off by 1e-6 of it, those by Winograd's products
 * by 5e-6, and nine layers with normalisations between them carry that on. What is computed wrongly is off by more than a hundredth.
 */
export const tolerance = 1e-4
/**
 * Outputs that are smaller are taken for this large: ONNX Runtime's Sigmoid is a quotient plus ½, off by 1e-7, and 0 where it should be 5e-12; what is
 * multiplied by it is off by as many times more.
 */
const leastSize = 1e-2

/** How far two values are apart, and where. */
export interface Difference {
  /** As a part of the largest value of its output. */
  readonly part: number
  /** In words. */
  readonly where: string
}

/**
 * The largest difference of all outputs.
 * @param finite whether only numbers are compared: sums that overflow do it in one order and not in another
 * @throws WrongResult where an output is missing, or has another shape
 */
export function difference(expected: Outputs, got: Outputs, who: string, finite = false): Difference {
  let worst: Difference = { part: 0, where: '' }
  for (const [name, a] of expected) {
    const b = got.get(name)
    if (b?.shape.join() !== a.shape.join())
      throw new WrongResult(`${who}: ${name} has the shape [${b?.shape}], not [${a.shape}]`)
    let size = leastSize
    for (let i = 0; i < a.values.length; i++)
      if (Number.isFinite(a.values[i])) size = Math.max(size, Math.abs(a.values[i]!))
    for (let i = 0; i < a.values.length; i++) {
      const [x, y] = [a.values[i]!, b.values[i]!]
      if ((finite && !(Number.isFinite(x) && Number.isFinite(y))) || Object.is(x, y) || x === y) continue
      const apart = Math.abs(x - y) / size
      const part = Number.isNaN(apart) ? Infinity : apart
      if (part > worst.part)
        worst = { part, where: `${who}: ${name}[${i}] is ${y}, not ${x}; the largest value is ${size}` }
    }
  }
  return worst
}

/**
 * @param finite as of `difference`
 * @throws WrongResult saying where two runtimes part
 */
export function compare(expected: Outputs, got: Outputs, who: string, allowed: number, finite = false): void {
  const { part, where } = difference(expected, got, who, finite)
  if (part > allowed) throw new WrongResult(where)
}

/** As `tolerance`, for models that were changed at random. */
const toleranceOfChanged = 1e-2

/**
 * Compares what two runs of a model give that was changed at random: its weights may be anything. Where they part, it is looked at why. Outputs that numbers
 * beyond float32's range have a part in are not compared, those that NaN has a part in where both are finite; and another rounding may make as much of it.
 * @param expected by the reference
 * @throws WrongResult saying where they part
 */
export async function compareChanged(
  model: Model,
  feeds: readonly Feed[],
  expected: Outputs,
  got: Outputs,
  who: string,
) {
  if (difference(expected, got, who).part <= toleranceOfChanged) return
  const { beyond, nan } = reachOf(model, feeds)
  const some = (isOne: (name: string) => boolean): Outputs => new Map([...expected].filter(([name]) => isOne(name)))
  const rounding = await roundingOf(
    model,
    feeds,
    some((name) => !beyond.has(name)),
  )
  const allowed = Math.max(toleranceOfChanged, rounding)
  const isNumbers = (name: string) => !beyond.has(name) && !nan.has(name)
  compare(some(isNumbers), got, who, allowed)
  compare(
    some((name) => !isNumbers(name) && !beyond.has(name)),
    got,
    who,
    allowed,
    true,
  )
}

/** Runs a model once in Kerf. @throws KerfError */
export async function outputsOf(model: Model, feeds: readonly Feed[], options: BackendOptions = {}): Promise<Outputs> {
  const tensors = feeds.map(({ name, elementType, shape, values }) => {
    if (!isHostElementType(elementType)) throw new KerfError('unsupported-input', elementType)
    return [name, hostTensor(elementType, shape, values)] as const
  })
  await using session = await createSession(model, { ...options, onNotice: () => {} })
  const outputs = await session.run(Object.fromEntries(tensors))
  return new Map(Object.entries(outputs).map(([key, t]) => [key, { shape: t.shape, values: hostValues(t) }]))
}

/**
 * Runs a file once in ONNX Runtime.
 * @param feeds float32
 * @param optimised by its own optimiser
 * @returns an error where it refuses to, or is not installed
 */
export async function onnxRuntime(
  bytes: Uint8Array,
  feeds: readonly Feed[],
  optimised = false,
): Promise<Outputs | KerfError> {
  const ort = await loadOrt()
  if (!ort) return new KerfError('no-onnx-runtime', 'onnxruntime-node is not installed.')
  try {
    const session = await ort.InferenceSession.create(bytes, {
      graphOptimizationLevel: optimised ? 'all' : 'disabled',
      ...{ intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 4 },
    })
    const tensors = feeds.map(
      ({ name, shape, values }) => [name, new ort.Tensor('float32', Float32Array.from(values), shape)] as const,
    )
    const outputs = await session.run(Object.fromEntries(tensors))
    await session.release()
    return new Map(
      Object.entries(outputs).map(([name, t]) => [name, { shape: t.dims, values: t.data as Float32Array }]),
    )
  } catch (error) {
    return new KerfError('onnx-runtime-refuses', (error as Error).message)
  }
}

/** The same network with every other weight one unit in the last place away. */
function roundedOtherwise(model: Model): Model {
  const editor = editGraph(model)
  for (const [name, tensor] of model.graph.initializers)
    if (tensor.elementType === 'float32')
      editor.set(name, tensorOf('float32', tensor.shape, otherwise(tensorValues(tensor))))
  return editor.model()
}

const otherwise = <T extends ArrayLike<number>>(values: T) =>
  Float64Array.from(values, (v, i) => (i % 2 === 0 ? v * (1 + 2 ** -23) : v))

/** What a normalisation makes of a channel that is the same everywhere: the rounding of its mean, 1/√ε times as large. No other input shows it. */
const ofConstants = 1e-3

/**
 * What rounding alone may make of a network's outputs where they are numbers: `tolerance`, or 16 times what it makes of inputs and weights that are rounded otherwise, where the network
 * amplifies that: nearly the measure of the proof of a cut (src/workflow/prove).
 * @param expected by the reference
 */
export async function roundingOf(model: Model, feeds: readonly Feed[], expected: Outputs): Promise<number> {
  const fed = feeds.map((feed) => (feed.elementType === 'float32' ? { ...feed, values: otherwise(feed.values) } : feed))
  const other = await outputsOf(roundedOtherwise(model), fed, { backend: 'reference' })
  const least = model.graph.nodes.some(({ opType }) => opType === 'InstanceNormalization') ? ofConstants : tolerance
  return Math.max(least, 16 * difference(expected, other, 'rounded otherwise', true).part)
}
