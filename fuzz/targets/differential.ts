// Random networks on every backend and in ONNX Runtime.

import { InferenceSession, Tensor } from 'onnxruntime-node'
import { elementCount, KerfError, seededRandom } from '../../src/base/index.ts'
import { modelBytes } from '../../src/onnx/index.ts'
import { createSession } from '../../src/runtime/index.node.ts'
import { type BackendOptions, hostTensor, hostValues } from '../../src/runtime/index.ts'
import { describe, networkOf, type Recipe, randomRecipe } from '../networks.ts'
import { type Target, WrongResult } from '../outcome.ts'
import { smallerJson } from '../shrink.ts'

/**
 * Largest difference, as a part of the output's largest value. Sums of up to a thousand float32 products are off by 1e-6 of it, those by Winograd's products
 * by 5e-6, and nine layers with normalisations between them carry that on. What is computed wrongly is off by more than a hundredth.
 */
const tolerance = 1e-4
/**
 * Outputs that are smaller are taken for this large: ONNX Runtime's Sigmoid is a quotient plus ½, off by 1e-7, and 0 where it should be 5e-12; what is
 * multiplied by it is off by as many times more.
 */
const leastSize = 1e-2

interface Values {
  readonly shape: readonly number[]
  readonly values: ArrayLike<number>
}
type Outputs = ReadonlyMap<string, Values>

/**
 * @param finite whether only numbers are compared: sums that overflow do it in one order and not in another
 * @throws WrongResult saying where two runtimes part
 */
export function compare(expected: Outputs, got: Outputs, who: string, allowed: number, finite = false): void {
  for (const [name, a] of expected) {
    const b = got.get(name)
    if (b?.shape.join() !== a.shape.join())
      throw new WrongResult(`${who}: ${name} has the shape [${b?.shape}], not [${a.shape}]`)
    let size = leastSize
    for (let i = 0; i < a.values.length; i++)
      if (Number.isFinite(a.values[i])) size = Math.max(size, Math.abs(a.values[i]!))
    for (let i = 0; i < a.values.length; i++) {
      const [x, y] = [a.values[i]!, b.values[i]!]
      if (finite && !(Number.isFinite(x) && Number.isFinite(y))) continue
      if (!Object.is(x, y) && x !== y && !(Math.abs(x - y) <= allowed * size))
        throw new WrongResult(`${who}: ${name}[${i}] is ${y}, not ${x}; the largest value is ${size}`)
    }
  }
}

/**
 * Whether ONNX Runtime's optimiser may change what a network calculates: it merges two roundings to codes into one by a scale between theirs, and a Pad
 * of zeros into the MaxPool behind it, whose padding is −∞ (1.30; 1.32 no longer).
 */
const isMisoptimised = ({ codes, steps }: Recipe): boolean =>
  codes || ['pad', 'pool'].every((needed) => steps.some(([name]) => name === needed))

async function onnxRuntime(bytes: Uint8Array, recipe: Recipe, data: Float32Array): Promise<Outputs | KerfError> {
  try {
    const session = await InferenceSession.create(bytes, {
      graphOptimizationLevel: recipe.seed % 2 && !isMisoptimised(recipe) ? 'all' : 'disabled',
      ...{ intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 4 },
    })
    const outputs = await session.run({ x: new Tensor('float32', data, recipe.shape) })
    await session.release()
    return new Map(
      Object.entries(outputs).map(([name, t]) => [name, { shape: t.dims, values: t.data as Float32Array }]),
    )
  } catch (error) {
    return new KerfError('onnx-runtime-refuses', (error as Error).message)
  }
}

// Threads take as long to start as all else that is done with a network: those of every sixteenth. Winograd's products are those of 3×3 convolutions in float.
const contenders = ({ seed, steps }: Recipe): readonly (readonly [string, BackendOptions])[] => [
  ['reference', { backend: 'reference' }],
  ['wasm', {}],
  ...(steps.some(([name]) => /^(convolution|winograd)$/.test(name))
    ? [['wasm without Winograd', { winograd: false }] as const]
    : []),
  ...(seed % 16 === 0 ? [['wasm with threads', { threads: 2 + ((seed % 3) % 2) }] as const] : []),
]

const recipeIn = (bytes: Uint8Array): Recipe => JSON.parse(new TextDecoder().decode(bytes))
const bytesOf = (recipe: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(recipe))

export const differential: Target = {
  name: 'differential',
  extension: 'json',
  weight: 0,
  make: (random) => bytesOf(randomRecipe(random)),
  async run(bytes, at) {
    const recipe = recipeIn(bytes)
    at('build')
    const model = networkOf(recipe)
    const random = seededRandom(recipe.seed)
    const data = Float32Array.from({ length: elementCount(recipe.shape)! }, () => random.normal())
    at('ONNX Runtime')
    let expected = await onnxRuntime(modelBytes(model), recipe, data)
    let refused: KerfError | undefined
    for (const [name, options] of contenders(recipe)) {
      at(name)
      try {
        await using session = await createSession(model, { ...options, onNotice: () => {} })
        const outputs = await session.run({ x: hostTensor('float32', recipe.shape, data) })
        const values = new Map(
          Object.entries(outputs).map(([key, t]) => [key, { shape: t.shape, values: hostValues(t) }]),
        )
        // Where ONNX Runtime does not run it, the definition is the measure.
        if (expected instanceof KerfError) [refused, expected] = [expected, values]
        else compare(expected, values, name, recipe.codes ? 0 : tolerance)
      } catch (error) {
        if (error instanceof WrongResult) throw new WrongResult(error.message, describe(model))
        if (!(error instanceof KerfError)) throw error
        if (expected instanceof KerfError) throw expected
        throw new WrongResult(
          `${name} refuses what ${refused ? 'the reference' : 'ONNX Runtime'} runs: ${error.message}`,
        )
      }
    }
    if (refused) throw refused
  },
  *smaller(bytes) {
    const recipe = recipeIn(bytes)
    for (const steps of smallerJson(recipe.steps))
      if ((steps as Recipe['steps']).every((step) => step.length === 2)) yield bytesOf({ ...recipe, steps })
    for (const [axis, size] of recipe.shape.entries())
      if (size > 1)
        for (const less of [1, size >> 1]) yield bytesOf({ ...recipe, shape: recipe.shape.with(axis, less) })
  },
}
