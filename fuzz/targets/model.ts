// ONNX models, changed by the fields of their schema: read, counted, pruned, written, run.

import { toBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema } from 'onnx-buf'
import { elementCount, KerfError, type Random, seededRandom } from '../../src/base/index.ts'
import { type Profile, profileModel } from '../../src/cost/index.ts'
import { float, GraphBuilder, type Model, tensorOf } from '../../src/graph/index.ts'
import { nets } from '../../src/nets/index.ts'
import { modelBytes, readModel } from '../../src/onnx/index.ts'
import { operatorList } from '../../src/ops/index.ts'
import { type PruneResult, pruneModel } from '../../src/prune/index.ts'
import type { BackendOptions } from '../../src/runtime/index.ts'
import { randomNetwork, stepNames } from '../../src/testing/random-network.ts'
import { sampleBytes } from '../../src/testing/sample-model.ts'
import { createTrainer } from '../../src/train/index.node.ts'
import { parameterGroups, scoresOf } from '../../src/train/index.ts'
import { prove, randomFeeds } from '../../src/workflow/index.ts'
import { chance, mutateBytes, pick, times } from '../mutate.ts'
import { classifierNetwork, networkOf, randomRecipe } from '../networks.ts'
import { type Target, WrongResult } from '../outcome.ts'
import { compareChanged, type Outputs, outputsOf } from '../outputs.ts'
import { mutateModel, parse, smallerModels } from '../protobuf.ts'
import { reachOf } from '../range.ts'
import { smallerBytes } from '../shrink.ts'

/** One node of any operator, with inputs of the usual kinds. */
function oneNode(random: Random): Model {
  const { name, domain } = pick(random, operatorList)
  const b = new GraphBuilder('one', pick(random, [9, 11, 13, 17, 21]))
  const shapes = [[2, 4, 5, 5], [4, 4, 3, 3], [4], [2, 4], [1, 4, 6], []]
  const inputs = times(1 + random.below(5), (i) => {
    const kind = random.below(i === 0 ? 2 : 5)
    if (kind === 0)
      return b.input(`x${i}`, pick(random, ['float32', 'float32', 'uint8', 'int64', 'bool']), pick(random, shapes))
    if (kind === 1) return b.input(`x${i}`, 'float32', shapes[0]!)
    if (kind === 2)
      return b.ints(
        `c${i}`,
        times(random.below(5), () => random.below(6) - 1),
      )
    if (kind === 3) return ''
    const shape = pick(random, shapes)
    return b.constant(
      `c${i}`,
      tensorOf(
        'float32',
        shape,
        times(elementCount(shape)!, () => random.normal()),
      ),
    )
  })
  const outputs = times(1 + random.below(3), (i) => `y${i}`)
  b.node(name, inputs, {}, { domain, outputs })
  for (const output of outputs) b.output(output)
  return b.model()
}

/** A loop with a count of its own. */
function loop(): Model {
  const body = new GraphBuilder('body')
  for (const [name, type] of [
    ['i', 'int64'],
    ['go', 'bool'],
    ['v', 'float32'],
  ] as const)
    body.input(name, type, name === 'v' ? [1, 3, 4, 4] : [])
  body.output(body.node('Identity', ['go']))
  body.output(body.node('Relu', [body.node('Mul', ['v', 'v'])]))
  const b = new GraphBuilder('loop')
  const x = b.input('x', 'float32', [1, 3, 4, 4])
  const count = b.constant('count', tensorOf('int64', [], [3]))
  b.output(b.node('Loop', [count, '', x], { body: { kind: 'graph', value: body.model().graph } }))
  b.output(b.node('LeakyRelu', [x], { alpha: float(0.2) }))
  return b.model()
}

function original(random: Random): Uint8Array {
  const kind = random.below(20)
  if (kind === 0) return sampleBytes()
  if (kind === 1) return modelBytes(nets.lenet5_bn())
  if (kind === 2) return modelBytes(loop())
  if (kind <= 9)
    return modelBytes(
      randomNetwork(
        random.below(2 ** 31),
        times(1 + random.below(6), () => pick(random, stepNames)),
      ),
    )
  if (kind <= 11) return modelBytes(networkOf(randomRecipe(random, 5)))
  if (kind <= 14) {
    const recipe = randomRecipe(random, 4)
    const shape = [...recipe.shape.slice(0, 2), 1 + random.below(9), 1 + random.below(9)]
    return modelBytes(classifierNetwork({ ...recipe, shape }, 3))
  }
  return modelBytes(oneNode(random))
}

/** What a larger network would only take longer for. */
const largest = { work: 3e6, elements: 3e5 }

/** The counts by which a network is known again. */
const counted = ({ totals, layers }: Profile): string =>
  JSON.stringify([totals, layers.map((l) => [l.op, l.macs, l.params, l.outputs])])

const isSmall = ({ totals, layers }: Profile): boolean =>
  totals.macs + totals.adds + totals.muls + totals.others + totals.accesses < largest.work &&
  layers.every(({ inputs, outputs }) =>
    [...inputs, ...outputs].every(
      ({ shape }) => (elementCount((shape ?? []).map((d) => d ?? 1)) ?? 0) < largest.elements,
    ),
  )

const backends: readonly (readonly [string, BackendOptions])[] = [
  ['run on reference', { backend: 'reference' }],
  ['run on wasm', {}],
  ['run on wasm with threads', { threads: 2 }],
]

/** Runs a model on every backend. */
async function runAll(model: Model, threads: boolean, at: (stage: string) => void): Promise<void> {
  at('feeds')
  const feeds = randomFeeds(model, undefined, 1)
  let expected: Outputs | undefined
  let refused: KerfError | undefined
  for (const [name, options] of threads ? backends : backends.slice(0, 2)) {
    at(name)
    try {
      const values = await outputsOf(model, feeds, options)
      if (expected) await compareChanged(model, feeds, expected, values, name)
      expected ??= values
    } catch (error) {
      if (!(error instanceof KerfError)) throw error
      refused = error
    }
  }
  if (refused) throw refused
}

/** A model as its own file has it. @throws WrongResult where Kerf refuses what it has written */
function readOwn(model: Model): Model {
  const bytes = modelBytes(model)
  try {
    return readModel(bytes)
  } catch (error) {
    if (!(error instanceof KerfError)) throw error
    throw new WrongResult(`the written file is refused: ${error.code}: ${error.message}`)
  }
}

/** Cut = masked, unless numbers of the masked network leave the range in which float32 can be trusted. */
async function checkCut(result: PruneResult, at: (stage: string) => void): Promise<void> {
  at('masked = cut')
  try {
    await prove(result, { beside: async () => undefined })
  } catch (error) {
    if (!(error instanceof KerfError) || error.code !== 'not-faithful') throw error
    const { beyond, nan } = reachOf(result.masked!, randomFeeds(result.masked!, undefined, 1))
    if (beyond.size === 0 && nan.size === 0) throw new WrongResult(error.message)
  }
}

/** Two steps of training, for what takes images and gives a number for each class: their losses are numbers, or it is told. */
async function trainBriefly(model: Model, profile: Profile, at: (stage: string) => void): Promise<void> {
  const [batchSize = 0, ...shape] = (profile.inputs[0]?.shape ?? []).map((d) => d ?? 2)
  if (shape.length !== 3 || batchSize < 1) return
  at('train: classes')
  const classes = scoresOf(model, [batchSize, ...shape])?.classes
  if (classes === undefined) return
  at('train')
  const random = seededRandom(1)
  const trainer = await createTrainer(model, {
    ...{ batchSize, shape: shape as [number, number, number], classes, onNotice: () => {} },
    optimiser: { kind: 'sgd', groups: parameterGroups() },
  })
  try {
    for (let n = 0; n < 2; n++) {
      const images = Float32Array.from({ length: batchSize * elementCount(shape)! }, () => random.normal())
      const labels = Int32Array.from({ length: batchSize }, () => random.below(classes))
      const targets = Float32Array.from({ length: batchSize * classes }, (_, i) =>
        labels[Math.floor(i / classes)] === i % classes ? 1 : 0,
      )
      const { loss, gradientNorm } = await trainer.step({ images, labels, targets, count: batchSize }, 0.01)
      if (!(Number.isFinite(loss) && Number.isFinite(gradientNorm)))
        throw new WrongResult(`a loss of ${loss}, and gradients of the norm ${gradientNorm}`)
    }
    at('write the trained')
    readOwn(trainer.model())
  } finally {
    await trainer.dispose()
  }
}

export const model: Target = {
  name: 'model',
  extension: 'onnx',
  weight: 70,
  make(random) {
    const bytes = original(random)
    if (chance(random, 0.1)) return mutateBytes(bytes, random)
    const proto = parse(bytes)
    mutateModel(proto, random)
    return toBinary(ModelProtoSchema, proto)
  },
  async run(bytes, at) {
    at('read')
    const read = readModel(bytes)
    let refused: unknown
    /** The other steps are done where one is refused. */
    const attempt = async <T>(step: () => T | Promise<T>): Promise<T | undefined> => {
      try {
        return await step()
      } catch (error) {
        if (!(error instanceof KerfError)) throw error
        refused = error
        return undefined
      }
    }
    at('profile')
    const profile = await attempt(() => profileModel(read))
    await attempt(() => {
      at('write')
      const again = readModel(modelBytes(read))
      if (!profile) return
      at('profile what was written')
      if (counted(profileModel(again)) !== counted(profile)) throw new WrongResult('the written file counts otherwise')
    })
    const choices = [['filter'], ['filter', 'neuron'], ['weight'], ['input']] as const
    await attempt(async () => {
      at('prune')
      const result = await pruneModel(read, { methods: choices[bytes.length % 4]!, scope: { ratio: 0.5 } })
      at('write the pruned')
      const pruned = readOwn(result.model)
      at('profile the pruned')
      if (profileModel(pruned).totals.params !== result.after.params)
        throw new WrongResult('the pruned file has another number of parameters than was said')
      if (!isSmall(profileModel(pruned))) return
      await runAll(pruned, false, (stage) => at(`${stage} (pruned)`))
      if (result.masked && result.inexact.length === 0 && profile && isSmall(profile)) await checkCut(result, at)
    })
    if (profile && isSmall(profile)) await attempt(() => trainBriefly(read, profile, at))
    if (profile && isSmall(profile)) await attempt(() => runAll(read, bytes.length % 16 === 0, at))
    if (refused) throw refused
  },
  *smaller(bytes) {
    yield* smallerModels(bytes)
    if (bytes.length < 2000) yield* smallerBytes(bytes)
  },
}
