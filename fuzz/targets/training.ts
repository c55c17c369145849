// Random networks that are trained for a few steps by random recipes: refused, or finished with the same bits every time; and their gradients.

import { elementCount, namePattern, type Random, seededRandom, seedFrom } from '../../src/base/index.ts'
import type { Batch, Loader } from '../../src/data/index.ts'
import { editGraph, type Model, type Tensor, tensorOf, tensorValues } from '../../src/graph/index.ts'
import { modelBytes, readModel } from '../../src/onnx/index.ts'
import { createProgram } from '../../src/runtime/index.node.ts'
import { floatsOf, type HostTensor, hostTensor, referenceRun } from '../../src/runtime/index.ts'
import { createTrainer, train } from '../../src/train/index.node.ts'
import {
  createSchedule,
  type LossOptions,
  type NamedArrays,
  type OptimiserOptions,
  parameterGroups,
  type ScheduleOptions,
  type SparsityOptions,
  type Trainer,
  type TrainerOptions,
  type TrainingGraph,
  type TrainingPosition,
  trainingStart,
} from '../../src/train/index.ts'
import { channelLayout } from '../../src/workflow/index.node.ts'
import { chance, pick, times } from '../mutate.ts'
import { classifierNetwork, describe, type Recipe, randomRecipe, smallerRecipes } from '../networks.ts'
import { ofRightNetwork, type Target, WrongResult } from '../outcome.ts'
import { compare, difference, type Outputs, outputsOf, tolerance } from '../outputs.ts'

const classes = 3

/** Plain JSON: what `createTrainer` and `train` are given. */
interface Case {
  readonly recipe: Recipe
  readonly seed: number
  readonly batchSize: number
  readonly epochs: number
  readonly images: 'normal' | 'large' | 'nan'
  readonly learningRate: number
  readonly schedule: ScheduleOptions
  readonly optimiser: OptimiserOptions
  readonly clip?: { readonly norm?: number; readonly value?: number }
  readonly weightDecay: number
  readonly loss: LossOptions
  readonly average?: { readonly decay?: number; readonly warmUp?: boolean }
  readonly sparsity?: SparsityOptions
  readonly statistics?: 'batch' | 'kept'
  /** A pattern of names. */
  readonly freeze?: string
  /** Whether a third of the weights is 0 and stays so. */
  readonly zeros?: boolean
  readonly threads: number
}

const caseIn = (bytes: Uint8Array): Case => JSON.parse(new TextDecoder().decode(bytes))
const bytesOf = (value: Case): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

const batchesOfEpoch = 2

function randomSparsity(random: Random): SparsityOptions {
  const ratio = pick(random, [0.1, 0.5, 0.9, random.uniform()])
  const begin = random.below(2)
  const end = begin + 1 + random.below(3)
  return pick<SparsityOptions>(random, [
    { method: 'gmp', ratio, begin, end, every: 1, global: chance(random, 0.5) },
    { method: 'sr-ste', n: 1 + random.below(2), m: 2 + random.below(3) },
    { method: 'lottery-ticket', ratio, rounds: 1 + random.below(2), rewindTo: begin, roundSteps: begin + 1 },
    { method: 'slimming', penalty: pick(random, [1e-4, 0.1]) },
    { method: 'group-sparsity', penalty: pick(random, [1e-4, 0.1]), contrast: pick(random, [0, 4, 32]) },
    { method: 'growing-regularisation', ratio, increment: 0.1, every: 1, begin, end },
    { method: 'sfp', ratio, begin, every: 1, ...(chance(random, 0.5) ? { end } : {}) },
  ])
}

function randomCase(random: Random): Case {
  const drawn = randomRecipe(random, 6)
  // Something to learn in front of all.
  const first = [drawn.codes ? 'quantisedConvolution' : 'convolution', random.below(2 ** 31)] as const
  const at = drawn.codes ? 1 : 0
  const recipe = { ...drawn, steps: drawn.steps.toSpliced(at, 0, first) }
  // Images have two axes.
  const [n = 1, c = 1] = recipe.shape
  const shape = [n, c, 1 + random.below(12), 1 + random.below(12)]
  const some = <T>(part: number, key: string, make: () => T) => (chance(random, part) ? { [key]: make() } : {})
  const labels = { ...some(0.3, 'labelSmoothing', () => pick(random, [0.1, 0.5, 1])) }
  const distillation = { temperature: pick(random, [1, 4, 0.1]), weight: pick(random, [0, 0.5, 1]) }
  return {
    recipe: { ...recipe, shape },
    seed: random.below(2 ** 31),
    batchSize: chance(random, 0.5) ? n : 1 + random.below(5),
    epochs: 2,
    images: pick(random, ['normal', 'normal', 'normal', 'normal', 'normal', 'large', 'nan'] as const),
    learningRate: pick(random, [0.1, 0.01, 1e-4, 0, 10, 1e10, 1e38]),
    schedule: {
      ...pick<ScheduleOptions>(random, [
        { kind: 'constant' },
        { kind: 'step', atEpochs: [1], factor: 0.1 },
        { kind: 'cosine', per: pick(random, ['step', 'epoch'] as const) },
        { kind: 'oneCycle', rise: 0.3, shape: pick(random, ['cosine', 'linear'] as const) },
      ]),
      ...some(0.3, 'warmUp', () => ({ epochs: pick(random, [0.5, 1, 3]) })),
    },
    optimiser: pick<OptimiserOptions>(random, [
      { kind: 'sgd' },
      { kind: 'sgd', momentum: pick(random, [0, 0.9, 1]), nesterov: chance(random, 0.5) },
      { kind: 'adamw' },
      { kind: 'adamw', betas: [0.5, 0.9], epsilon: pick(random, [1e-8, 1e-3, 0]) },
    ]),
    weightDecay: pick(random, [0, 5e-4, 0.5]),
    loss: {
      kind: pick(random, ['crossEntropy', 'crossEntropy', 'meanSquaredError'] as const),
      ...labels,
      ...some(0.2, 'distillation', () => distillation),
    },
    threads: chance(random, 0.1) ? 2 : 1,
    ...some(0.3, 'clip', () => pick(random, [{ norm: 1 }, { value: 0.1 }, { norm: 0.1, value: 1 }, { norm: 0 }])),
    ...some(0.3, 'average', () => ({ decay: pick(random, [0, 0.5, 0.999]), warmUp: chance(random, 0.5) })),
    ...some(0.5, 'sparsity', () => randomSparsity(random)),
    ...some(0.3, 'statistics', () => 'kept' as const),
    ...some(0.2, 'freeze', () => pick(random, ['w0', 'w*', 'Conv*', 'Gemm*'])),
    ...some(0.3, 'zeros', () => true),
  }
}

/** A third of the weights is 0. */
function withZeros(model: Model, random: Random): Model {
  const editor = editGraph(model)
  for (const [name, tensor] of model.graph.initializers)
    if (tensor.elementType === 'float32' && tensor.shape.length > 1) {
      const values = tensorValues(tensor).map((v) => (chance(random, 0.3) ? 0 : v))
      editor.set(name, tensorOf('float32', tensor.shape, values))
    }
  return editor.model()
}

function batchOf({ recipe, batchSize, seed, images }: Case, name: string): Batch {
  const random = seededRandom(seedFrom(seed, name))
  const pixels = Float32Array.from({ length: batchSize * elementCount(recipe.shape.slice(1))! }, () => random.normal())
  if (images === 'large') for (let i = 0; i < pixels.length; i++) pixels[i]! *= 1e20
  if (images === 'nan') pixels[random.below(pixels.length)] = pick(random, [Number.NaN, Infinity, -Infinity])
  const labels = Int32Array.from({ length: batchSize }, () => random.below(classes))
  const targets = Float32Array.from({ length: batchSize * classes }, (_, i) =>
    labels[Math.floor(i / classes)] === i % classes ? 1 : 0,
  )
  return { images: pixels, targets, labels, count: batchSize }
}

const loaderOf = (given: Case, name: string): Loader => ({
  ...{ classes, batchSize: given.batchSize, batches: batchesOfEpoch, images: batchesOfEpoch * given.batchSize },
  shape: given.recipe.shape.slice(1) as [number, number, number],
  async *epoch(epoch, first = 0) {
    for (let n = first; n < batchesOfEpoch; n++) yield batchOf(given, `${name} ${epoch} ${n}`)
  },
})

function optionsOf(given: Case, model: Model): TrainerOptions {
  const { recipe, optimiser, clip, weightDecay, freeze, zeros, loss, ...rest } = given
  const { batchSize, average, sparsity, statistics, seed, threads } = rest
  return {
    ...{ batchSize, classes, average, sparsity, statistics, seed, threads, loss, layout: channelLayout },
    shape: recipe.shape.slice(1) as [number, number, number],
    optimiser: { ...optimiser, clip, groups: parameterGroups({ weightDecay }) },
    freeze: freeze === undefined ? undefined : [namePattern(freeze)],
    masks: zeros ? 'zeros' : undefined,
    teacher: loss.distillation ? model : undefined,
    onNotice: () => {},
  }
}

type State = Readonly<Record<string, NamedArrays>>
const copied = (state: State): State =>
  Object.fromEntries(
    Object.entries(state).map(([part, arrays]) => [part, new Map([...arrays].map(([k, v]) => [k, v.slice()]))]),
  )

interface Run {
  readonly state: State
  readonly model: Model
  /** Behind the first step. */
  readonly first: { readonly state: State; readonly position: TrainingPosition } | undefined
}

/** Trains from the beginning, or from where a run stood. */
async function trained(given: Case, model: Model, from?: Run['first'], look?: (trainer: Trainer) => Promise<void>) {
  const trainer = await createTrainer(model, optionsOf(given, model))
  try {
    if (from) trainer.importState(copied(from.state), from.position.step)
    let first: Run['first']
    await train(trainer, {
      training: loaderOf(given, 'training'),
      validation: loaderOf(given, 'validation'),
      epochs: given.epochs,
      schedule: createSchedule(given.schedule, given.learningRate),
      checkpointEverySteps: 1,
      from: from?.position ?? trainingStart,
      loss: given.loss.kind,
      onCheckpoint: (position) => {
        const state = trainer.exportState()
        first ??= { state: copied(state), position }
      },
    })
    await look?.(trainer)
    return { state: copied(trainer.exportState()), model: trainer.model(), first } satisfies Run
  } finally {
    await trainer.dispose()
  }
}

/** @throws WrongResult where the bits of two states differ */
function checkSame(a: State, b: State, who: string): void {
  for (const [part, arrays] of Object.entries(a))
    for (const [name, values] of arrays) {
      const other = b[part]?.get(name)
      const at = other?.length === values.length ? values.findIndex((v, i) => !Object.is(v, other[i])) : 0
      if (at >= 0) throw new WrongResult(`${who}: ${part} of ${name}[${at}] is ${other?.[at]}, not ${values[at]}`)
    }
}

const isNumbers = (tensor: Tensor): boolean =>
  ['float32', 'int8', 'uint8', 'int32', 'int64'].includes(tensor.elementType)

/** What no step may change: tensors that are not learnt, and weights that were 0. */
function checkKept(given: Case, model: Model, graph: TrainingGraph, result: Model): void {
  const learnt = new Map([...graph.weights, ...graph.statistics].map((w) => [w.name, w]))
  const groups = new Map(graph.weights.map((w) => [w.name, w.group]))
  for (const [name, tensor] of model.graph.initializers) {
    const after = result.graph.initializers.get(name)
    if (!after || !isNumbers(tensor)) continue
    const [x, y] = [tensorValues(tensor), tensorValues(after)]
    if (!learnt.has(name)) {
      const at = x.findIndex((v, i) => !Object.is(v, y[i]))
      if (at >= 0) throw new WrongResult(`not learnt, and changed: ${name}[${at}]`)
    } else if (given.zeros && groups.has(name) && groups.get(name) !== 'noDecay') {
      const at = x.findIndex((v, i) => v === 0 && y[i] !== 0)
      if (at >= 0) throw new WrongResult(`masked, and not 0: ${name}[${at}]`)
    }
  }
}

/** The scores of the training graph are those of the network as it is, where neither a batch's statistics nor an average make another of it. */
async function checkScores(given: Case, trainer: Trainer): Promise<void> {
  const { graph, program } = trainer
  const isSame =
    !given.average && graph.masks.length === 0 && (graph.statistics.length === 0 || given.statistics === 'kept')
  if (!isSame || given.batchSize !== given.recipe.shape[0]) return
  const { images } = batchOf(given, 'scores')
  program.input(graph.images).set(images)
  await program.run()
  const { shape, data } = program.read(graph.scores)
  const scores: Outputs = new Map([['scores', { shape, values: Float64Array.from(data as Float32Array) }]])
  const values = Float64Array.from(images)
  const feeds = [{ name: 'x', elementType: 'float32' as const, shape: given.recipe.shape, values }]
  const model = trainer.model()
  const run = async (backend: 'wasm' | 'reference') => {
    const [first] = (await outputsOf(model, feeds, { backend })).values()
    return new Map([['scores', first!]])
  }
  // Of the logits, where the network ends with a Softmax.
  if ([...model.graph.nodes].at(-1)?.opType === 'Softmax') return
  const expected = await run('reference')
  const rounding = Math.max(tolerance, 16 * difference(expected, await run('wasm'), 'wasm', true).part)
  compare(expected, scores, 'the trained model', rounding, true)
}

/** Everything that the graph of a step is given. */
function feedsOf(given: Case, graph: TrainingGraph): Map<string, Float64Array> {
  const random = seededRandom(given.seed)
  const stored = new Map([...graph.weights, ...graph.statistics].map((w) => [w.name, w.tensor]))
  const { images, targets } = batchOf(given, 'gradients')
  const masks = new Set(graph.masks.map((m) => m.name))
  return new Map(
    [...graph.inputShapes].map(([name, shape]) => {
      const tensor = stored.get(name)
      const values =
        name === graph.images
          ? images
          : name === graph.targets
            ? targets
            : tensor
              ? tensorValues(tensor)
              : times(elementCount(shape)!, () => (masks.has(name) ? 1 : random.normal()))
      return [name, Float64Array.from(values)] as const
    }),
  )
}

/** How large a gradient is at least taken to be, as a part of the largest one: what is 0 but for rounding, as that of a bias in front of a normalisation. */
const leastGradient = 0.1

/**
 * Gradients: by the kernels and the scalar reference in float32 as in float64, and in float64 as differences say.
 * @param at is told what is done next
 */
async function checkGradients(given: Case, graph: TrainingGraph, at: (stage: string) => void): Promise<void> {
  const names = [graph.loss, ...graph.weights.map((w) => w.gradient)]
  const feeds = feedsOf(given, graph)
  const shapeOf = (name: string) => graph.inputShapes.get(name)!
  const inDoubles = (values: ReadonlyMap<string, Float64Array>, outputs: readonly string[]) =>
    referenceRun(
      graph.model,
      new Map(
        [...values].map(([name, data]): [string, HostTensor] => [name, hostTensor('float64', shapeOf(name), data)]),
      ),
      { precision: 'float64', outputs },
    )
  at('gradients: float64')
  const numbers = (results: ReadonlyMap<string, HostTensor>) =>
    new Map(names.map((name) => [name, Float64Array.from(results.get(name)!.data as ArrayLike<number>)]))
  const exact = numbers(inDoubles(feeds, names))
  const all = [...exact.values()]
  if (!all.every((values) => values.every((v) => Number.isFinite(v) && Math.abs(v) < 1e15))) return
  const largestOf = (values: Float64Array) => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
  const largest = Math.max(0.1, ...all.slice(1).map(largestOf))
  const apart = (found: ReadonlyMap<string, ArrayLike<number>>) => {
    let worst = { part: 0, where: '' }
    for (const [name, values] of exact) {
      const size = Math.max(largestOf(values), leastGradient * largest)
      values.forEach((x, i) => {
        const y = found.get(name)![i]!
        const part = Number.isNaN(y) ? Infinity : Math.abs(x - y) / size
        if (part > worst.part) worst = { part, where: `${name}[${i}] is ${y}, not ${x}; the largest is ${size}` }
      })
    }
    return worst
  }
  const otherwise = new Map(
    [...feeds].map(([name, data]) => [name, data.map((v, i) => (i % 2 === 0 ? v * (1 + 2 ** -23) : v))]),
  )
  const allowed = Math.max(tolerance, 16 * apart(numbers(inDoubles(otherwise, names))).part)
  if (!given.recipe.codes)
    for (const backend of ['reference', 'wasm'] as const) {
      at(`gradients: ${backend}`)
      const program = await createProgram(graph.model, graph.inputShapes, { backend, onNotice: () => {} })
      try {
        for (const [name, data] of feeds) program.input(name).set(data)
        await program.run()
        const found = new Map(names.map((name) => [name, floatsOf(program.read(name))]))
        const { part, where } = apart(found)
        if (part > allowed) throw new WrongResult(`${backend}: ${where}`)
      } finally {
        await program.dispose()
      }
    }
  // Codes let gradients through as if nothing were rounded, which differences do not.
  if (given.recipe.codes) return
  at('gradients: differences')
  const random = seededRandom(given.seed)
  for (let n = 0; n < 4; n++) {
    const weight = pick(random, graph.weights)
    const values = feeds.get(weight.name)!
    const i = random.below(values.length)
    const lossAt = (step: number) =>
      inDoubles(new Map(feeds).set(weight.name, values.with(i, values[i]! + step)), [graph.loss]).get(graph.loss)!
        .data[0] as number
    const slope = (h: number) => (lossAt(h) - lossAt(-h)) / (2 * h)
    const h = 1e-5 * Math.max(1, Math.abs(values[i]!))
    const [wide, narrow] = [slope(h), slope(h / 4)]
    const size = Math.max(Math.abs(narrow), leastGradient * largest)
    // At a kink the one says something else than the other.
    if (!(Math.abs(wide - narrow) <= 1e-5 * size)) continue
    const gradient = exact.get(weight.gradient)![i]!
    if (!(Math.abs(gradient - narrow) <= 1e-3 * size))
      throw new WrongResult(`the gradient of ${weight.name}[${i}] is ${gradient}, not ${narrow}`)
  }
}

async function runCase(given: Case, model: Model, at: (stage: string) => void): Promise<void> {
  at('train')
  let graph: TrainingGraph | undefined
  const run = await trained(given, model, undefined, async (trainer) => {
    graph = trainer.graph
    at('scores')
    await checkScores(given, trainer)
  })
  at('finite')
  for (const [name, tensor] of run.model.graph.initializers)
    if (tensor.elementType === 'float32' && !tensorValues(tensor).every(Number.isFinite))
      throw new WrongResult(`a finished training has made ${name} NaN or infinite`)
  at('what is kept')
  checkKept(given, model, graph!, run.model)
  at('trained again')
  checkSame(run.state, (await trained(given, model)).state, 'the same training')
  at('resumed')
  if (run.first) checkSame(run.state, (await trained(given, model, run.first)).state, 'resumed')
}

export const training: Target = {
  name: 'training',
  extension: 'json',
  weight: 0,
  make: (random) => bytesOf(randomCase(random)),
  async run(bytes, at) {
    const given = caseIn(bytes)
    at('build')
    const built = readModel(modelBytes(classifierNetwork(given.recipe, classes)))
    const model = given.zeros ? withZeros(built, seededRandom(given.seed)) : built
    const { recipe: _, ...asked } = given
    try {
      at('graph')
      const trainer = await createTrainer(model, optionsOf(given, model))
      await trainer.dispose()
      await checkGradients({ ...given, images: 'normal' }, trainer.graph, at)
      await runCase(given, model, at)
    } catch (error) {
      throw ofRightNetwork(error, `${JSON.stringify(asked)}\n${describe(model)}`)
    }
  },
  *smaller(bytes) {
    const given = caseIn(bytes)
    for (const recipe of smallerRecipes(given.recipe)) yield bytesOf({ ...given, recipe })
    for (const key of ['sparsity', 'average', 'freeze', 'zeros', 'clip', 'statistics'] as const)
      if (given[key] !== undefined) yield bytesOf({ ...given, [key]: undefined })
    if (given.batchSize > 1) yield bytesOf({ ...given, batchSize: 1 })
    if (given.epochs > 1) yield bytesOf({ ...given, epochs: 1 })
    if (given.loss.distillation) yield bytesOf({ ...given, loss: { ...given.loss, distillation: undefined } })
  },
}
