// Random networks that are cut, recovered, exchanged or quantised: what comes out must be what was promised, on every backend, in the written file and in ONNX Runtime.

import { elementCount, KerfError, namePattern, type Random, seededRandom } from '../../src/base/index.ts'
import { profileModel } from '../../src/cost/index.ts'
import { type Model, tensorValues } from '../../src/graph/index.ts'
import { modelBytes, readModel } from '../../src/onnx/index.ts'
import { pruneModel, recover } from '../../src/prune/index.node.ts'
import {
  criteria,
  outputLoss,
  type PruneMethod,
  type PruneOptions,
  type PruneResult,
  type RecoveryStep,
  recoverySteps,
  replaceMeans,
  type ScoringImages,
} from '../../src/prune/index.ts'
import { quantize } from '../../src/quantize/index.node.ts'
import { rewriteModel, rewrites } from '../../src/rewrite/index.node.ts'
import { randomNetwork, stepNames } from '../../src/testing/random-network.ts'
import { type Feed, prove, randomFeeds } from '../../src/workflow/index.node.ts'
import { chance, pick, times } from '../mutate.ts'
import { describe, networkOf, type Recipe, randomRecipe, smallerRecipes } from '../networks.ts'
import { ofRightNetwork, type Target, WrongResult } from '../outcome.ts'
import { compare, type Outputs, onnxRuntime, outputsOf, roundingOf, tolerance } from '../outputs.ts'
import { smallerJson } from '../shrink.ts'

/** Of one kind: any operators, or everything that ties channels together. */
type Network = { readonly recipe: Recipe } | { readonly seed: number; readonly path: readonly string[] }

interface Pruning
  extends Pick<PruneOptions, 'methods' | 'scope' | 'target' | 'pattern' | 'inexact' | 'outputsMayShrink'> {
  readonly kind: 'prune'
  readonly criterion: string
  /** Of all groups alike, in the place of `scope`: the part of the channels that stays. */
  readonly widths?: number
  readonly recover?: 'without-images' | 'auto' | readonly RecoveryStep[]
}

interface Swapping {
  readonly kind: 'swap'
  readonly to: string
  /** Of full rank, where there is one: what comes out must be what it was. */
  readonly exact: boolean
  readonly settings?: Readonly<Record<string, unknown>>
}

interface Quantising {
  readonly kind: 'quantise'
  readonly bits: 5 | 6 | 7 | 8
  readonly range: 'mse' | 'minmax'
  readonly biasCorrection: boolean
}

interface Case {
  readonly network: Network
  readonly seed: number
  readonly work: Pruning | Swapping | Quantising
}

const caseIn = (bytes: Uint8Array): Case => JSON.parse(new TextDecoder().decode(bytes))
const bytesOf = (value: Case): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

/** As it is read from its file: what is made in memory has attributes in float64, files have them in float32. */
const modelOf = (network: Network): Model =>
  readModel(modelBytes('recipe' in network ? networkOf(network.recipe) : randomNetwork(network.seed, network.path)))

function randomPruning(random: Random): Pruning {
  const methods = pick<readonly PruneMethod[]>(random, [
    ...[['filter'], ['filter'], ['filter', 'neuron'], ['filter', 'neuron'], ['neuron']],
    ...[['input'], ['weight'], ['nm']],
  ] as PruneMethod[][])
  const ratio = pick(random, [0.1, 0.3, 0.5, 0.7, 0.9, random.uniform()])
  const isCut = methods.includes('filter') || methods.includes('neuron')
  const rounding = chance(random, 0.2) ? { roundTo: 2 + random.below(3) } : {}
  const scope = { ratio, ...(chance(random, 0.3) ? { global: true } : {}), ...(isCut ? rounding : {}) }
  const part = { part: 1 - ratio }
  const target = { of: pick(random, ['macs', 'params', 'bytes'] as const), ...part } as const
  const allocate = chance(random, 0.5)
    ? { allocate: pick(random, ['uniform', 'global', 'cost', 'outputs'] as const) }
    : {}
  const amount = methods.includes('nm')
    ? {
        pattern: pick(random, [
          { n: 2, m: 4 },
          { n: 1, m: 2 },
          { n: 1, m: 3 },
        ]),
      }
    : isCut && chance(random, 0.25)
      ? { target: { ...target, ...allocate } }
      : isCut && chance(random, 0.2)
        ? { widths: 1 - ratio }
        : { scope }
  const steps = [...recoverySteps].filter(() => chance(random, 0.5))
  return {
    kind: 'prune',
    methods,
    criterion: chance(random, 0.5) ? pick(random, criteria).name : pick(random, ['l2', 'random']),
    ...amount,
    ...(chance(random, 0.15) ? { inexact: true } : {}),
    ...(chance(random, 0.4) ? { outputsMayShrink: true } : {}),
    ...(chance(random, 0.3) ? { recover: pick(random, ['without-images', 'auto', steps] as const) } : {}),
  }
}

function randomSwapping(random: Random): Swapping {
  const { name, settings } = pick(random, rewrites)
  const given = Object.keys(settings).filter(() => chance(random, 0.3))
  const value = () => pick(random, [1, 2, 3, 4, 0.25, 0.5, true])
  return {
    kind: 'swap',
    to: name,
    exact: chance(random, 0.6),
    ...(given.length > 0 ? { settings: Object.fromEntries(given.map((key) => [key, value()])) } : {}),
  }
}

function randomCase(random: Random): Case {
  const seed = random.below(2 ** 31)
  const recipe = { recipe: randomRecipe(random, 7) }
  const path = times(1 + random.below(10), () => pick(random, stepNames))
  const network = chance(random, 0.5) ? recipe : { seed, path }
  const kind = random.below(10)
  if (kind < 6) return { network, seed, work: randomPruning(random) }
  if (kind < 9) return { network, seed, work: randomSwapping(random) }
  const range = pick(random, ['mse', 'minmax'] as const)
  const bits = pick(random, [5, 6, 7, 8] as const)
  return { network, seed, work: { kind: 'quantise', bits, range, biasCorrection: chance(random, 0.5) } }
}

function inputShape(model: Model): readonly number[] {
  const [input] = model.graph.inputs
  return (input?.type?.kind === 'tensor' ? input.type.shape : undefined) as readonly number[]
}

/**
 * Images of random numbers.
 * @param batchSize by default another one than most files fix
 */
function imagesOf(model: Model, seed: number, batchSize = 4): ScoringImages {
  const [, ...shape] = inputShape(model)
  const random = seededRandom(seed)
  const batches = times(3, (n) => ({
    images: Float32Array.from({ length: batchSize * elementCount(shape)! }, () => random.normal()),
    count: n === 2 ? Math.max(1, batchSize - 1) : batchSize,
  }))
  return {
    shape,
    batchSize,
    batches: {
      async *[Symbol.asyncIterator]() {
        yield* batches
      },
    },
  }
}

/** Runs a network on both backends, as it is and as it is read again, and in ONNX Runtime. */
async function everywhere(
  model: Model,
  feeds: readonly Feed[],
  what: string,
  at: (stage: string) => void,
  { exact = false, toOrt = tolerance as number | undefined } = {},
): Promise<Outputs> {
  const bytes = modelBytes(model)
  at(`${what}: reference`)
  const expected = await outputsOf(model, feeds, { backend: 'reference' })
  const allowed = exact ? 0 : await roundingOf(model, feeds, expected)
  at(`${what}: wasm`)
  const wasm = await outputsOf(model, feeds)
  compare(expected, wasm, 'wasm', allowed)
  at(`${what}: written and read`)
  const again = readModel(bytes)
  compare(wasm, await outputsOf(again, feeds), 'the written file', 0)
  if (toOrt === undefined) return expected
  at(`${what}: ONNX Runtime`)
  const other = await onnxRuntime(bytes, feeds)
  if (!(other instanceof KerfError)) compare(expected, other, 'ONNX Runtime', Math.max(allowed, toOrt))
  return expected
}

/** @throws WrongResult where a weight is neither what it was nor 0 */
function checkMasked(masked: Model, given: Model): void {
  for (const [name, tensor] of masked.graph.initializers) {
    const before = given.graph.initializers.get(name)
    // What a network computes from its weights is stored now.
    if (!before || before === tensor) continue
    const values = tensorValues(before)
    const at = tensorValues(tensor).findIndex((v, i) => v !== 0 && !Object.is(v, values[i]))
    if (at >= 0) throw new WrongResult(`masked: ${name}[${at}] is neither what it was nor 0`)
  }
}

/** @throws WrongResult */
function checkCounts(result: PruneResult): void {
  const { totals } = profileModel(readModel(modelBytes(result.model)))
  for (const key of ['params', 'macs'] as const)
    if (totals[key] !== result.after[key])
      throw new WrongResult(`the written file has ${totals[key]} ${key}, not ${result.after[key]} as was said`)
  if (result.after.params > result.before.params) throw new WrongResult('it has more parameters than before')
}

function checkZeros(result: PruneResult, model: Model, { scope, pattern }: Pruning): void {
  for (const { name, channels, kept } of result.groups)
    if (kept < 0 || kept > channels) throw new WrongResult(`${name}: ${kept} of ${channels} stay`)
  checkMasked(result.model, model)
  if (!scope && !pattern) throw new WrongResult('no amount')
}

async function runPruning(
  model: Model,
  { work, seed, network }: Case & { work: Pruning },
  at: (stage: string) => void,
) {
  const { kind: _, criterion, widths, recover: steps, ...options } = work
  const images = imagesOf(model, seed)
  at('prune')
  const asked: PruneOptions = { ...options, criterion, seed, images, loss: outputLoss }
  const named = async () => {
    const { groups } = await pruneModel(model, { ...asked, criterion: 'l2', scope: { ratio: 0.5 } })
    return new Map(groups.map((g) => [g.name, Math.max(1, Math.round(g.channels * widths!))]))
  }
  const result = await pruneModel(model, widths === undefined ? asked : { ...asked, widths: await named() })
  at('counts')
  checkCounts(result)
  const feeds = randomFeeds(model, undefined, seed)
  const exact = 'recipe' in network && network.recipe.codes
  if (!result.masked) {
    checkZeros(result, model, work)
    await everywhere(result.model, feeds, 'zeroed', at, { exact })
    return
  }
  checkMasked(result.masked, result.analysis.model)
  at('masked = cut')
  const proof = await prove(result, { beside: async () => undefined })
  if (result.inexact.length === 0 && !proof.check && !proof.why) throw new WrongResult('a cut without a proof')
  await everywhere(result.model, feeds, 'cut', at, { exact })
  if (steps === undefined) return
  at('recover')
  const recovered = steps === 'without-images' ? await replaceMeans(result) : await recover(result, { images, steps })
  at('recovered: finite')
  for (const [name, tensor] of recovered.model.graph.initializers)
    if (tensor.elementType === 'float32' && !tensorValues(tensor).every(Number.isFinite))
      throw new WrongResult(`recovery made ${name} NaN or infinite`)
  if ('steps' in recovered)
    for (const { name, outputError } of recovered.steps)
      if (!(outputError.after <= outputError.before)) throw new WrongResult(`the step ${name} made it worse`)
  await everywhere(recovered.model, feeds, 'recovered', at)
}

/** Whose factors of full rank give what the layer gave. */
const exactKinds = new Set(['separable', 'low-rank', 'low-rank-space', 'tucker'])

async function runSwapping(model: Model, { work, seed }: Case & { work: Swapping }, at: (stage: string) => void) {
  const { to, exact, settings } = work
  const isExact = exact && exactKinds.has(to)
  at(`swap to ${to}`)
  const options = isExact ? { target: { energy: 1 } } : settings ? { settings } : {}
  const { model: made } = await rewriteModel(model, to, { layers: namePattern('*'), seed, ...options })
  const feeds = randomFeeds(model, undefined, seed)
  const outputs = await everywhere(made, feeds, 'swapped', at)
  if (!isExact) return
  at('swapped = given')
  const expected = await outputsOf(model, feeds, { backend: 'reference' })
  const allowed = await roundingOf(model, feeds, expected)
  compare(expected, outputs, 'of full rank', allowed)
}

async function runQuantising(model: Model, { work, seed }: Case & { work: Quantising }, at: (stage: string) => void) {
  at('swap to adder')
  const { model: adders } = await rewriteModel(model, 'adder', { seed, settings: { keepWeights: true } })
  at('quantise')
  const { kind: _, ...options } = work
  const result = await quantize(adders, { ...options, images: imagesOf(model, seed, inputShape(model)[0]) })
  for (const { input, drift } of result.layers)
    if (!(drift >= 0)) throw new WrongResult(`what reads ${input} has a drift of ${drift}`)
  if (!(result.outputDrift >= 0)) throw new WrongResult(`a drift of ${result.outputDrift}`)
  const feeds = randomFeeds(model, undefined, seed)
  at('quantised: reference')
  const expected = await outputsOf(result.model, feeds, { backend: 'reference' })
  at('quantised: wasm')
  const wasm = await outputsOf(result.model, feeds)
  // Where rounding moves a code, all behind it is another number: what is compared is how much of it there is.
  compare(expected, wasm, 'wasm', 0.2)
  at('quantised: written and read')
  compare(wasm, await outputsOf(readModel(modelBytes(result.model)), feeds), 'the written file', 0)
}

export const cut: Target = {
  name: 'cut',
  extension: 'json',
  weight: 0,
  make: (random) => bytesOf(randomCase(random)),
  async run(bytes, at) {
    const { work, ...rest } = caseIn(bytes)
    at('build')
    const model = modelOf(rest.network)
    try {
      if (work.kind === 'prune') await runPruning(model, { ...rest, work }, at)
      else if (work.kind === 'swap') await runSwapping(model, { ...rest, work }, at)
      else await runQuantising(model, { ...rest, work }, at)
    } catch (error) {
      throw ofRightNetwork(error, `${JSON.stringify(work)}\n${describe(model)}`)
    }
  },
  *smaller(bytes) {
    const given = caseIn(bytes)
    const { network } = given
    if ('recipe' in network)
      for (const recipe of smallerRecipes(network.recipe)) yield bytesOf({ ...given, network: { recipe } })
    else
      for (const path of smallerJson(network.path) as Iterable<readonly string[]>)
        if (path.every((step) => stepNames.includes(step))) yield bytesOf({ ...given, network: { ...network, path } })
    for (const key of ['recover', 'inexact', 'outputsMayShrink', 'settings'])
      if (key in given.work) yield bytesOf({ ...given, work: { ...given.work, [key]: undefined } })
  },
}
