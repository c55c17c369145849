// Random networks on every backend and in ONNX Runtime.

import { elementCount, KerfError, seededRandom } from '../../src/base/index.ts'
import { modelBytes } from '../../src/onnx/index.ts'
import type { BackendOptions } from '../../src/runtime/index.ts'
import { describe, networkOf, type Recipe, randomRecipe, smallerRecipes } from '../networks.ts'
import { type Target, WrongResult } from '../outcome.ts'
import { compare, onnxRuntime, outputsOf, tolerance } from '../outputs.ts'

/**
 * Whether ONNX Runtime's optimiser may change what a network calculates: it merges two roundings to codes into one by a scale between theirs, and a Pad
 * of zeros into the MaxPool behind it, whose padding is −∞ (1.30; 1.32 no longer).
 */
const isMisoptimised = ({ codes, steps }: Recipe): boolean =>
  codes || ['pad', 'pool'].every((needed) => steps.some(([name]) => name === needed))

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
    const values = Float64Array.from({ length: elementCount(recipe.shape)! }, () => Math.fround(random.normal()))
    const feeds = [{ name: 'x', elementType: 'float32' as const, shape: recipe.shape, values }]
    at('ONNX Runtime')
    let expected = await onnxRuntime(modelBytes(model), feeds, recipe.seed % 2 === 1 && !isMisoptimised(recipe))
    let refused: KerfError | undefined
    for (const [name, options] of contenders(recipe)) {
      at(name)
      try {
        const values = await outputsOf(model, feeds, options)
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
    for (const less of smallerRecipes(recipeIn(bytes))) yield bytesOf(less)
  },
}
