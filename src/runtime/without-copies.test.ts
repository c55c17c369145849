// Networks that cut channels off, put them side by side and shuffle them: nothing of it is copied, and results are those of the reference.

import { describe, expect, it } from 'vitest'
import { elementCount, seededRandom } from '../base/index.ts'
import { float, GraphBuilder, type Model, nodeLabel, tensorOf } from '../graph/index.ts'
import { type NetName, nets } from '../nets/index.ts'
import { copiedBytes, makePlan, type Plan, type Task } from '../plan/index.ts'
import { quantizeIntegers } from '../quantize/index.ts'
import { joiningNetworks } from '../testing/joining-networks.ts'
import { randomNetwork } from '../testing/random-network.ts'
import { abilitiesOf, allLowerings } from './backends/wasm/lowerings/index.ts'
import { createSession, hostTensor, hostValues, referenceRun } from './index.node.ts'

const wasm = abilitiesOf(await allLowerings())
const plans = (model: Model, shapes: ReadonlyMap<string, readonly number[]>): readonly [now: Plan, copying: Plan] => [
  makePlan(model, shapes, wasm),
  makePlan(model, shapes, { ...wasm, parts: false }),
]

/** Tasks that copy, but for those that give inputs and outputs the layout of the network's inside. */
function copiesInside({ tasks, inputs, outputs }: Plan): Task[] {
  const border = new Set([...inputs.values(), ...outputs.values()].map(({ buffer }) => buffer))
  return tasks.filter((task) => {
    const isBorder =
      task.kind === 'convert' &&
      task.from.layout !== task.to.layout &&
      [task.from, task.to].some(({ buffer }) => border.has(buffer))
    return copiedBytes(task) > 0 && !isBorder
  })
}

const copies = (plan: Plan): string[] =>
  copiesInside(plan).map((task) =>
    task.kind === 'convert' ? `${copiedBytes(task)} bytes of [${task.from.shape}]` : nodeLabel(task.job.unit.node),
  )

describe('nothing is copied, and no more memory is taken', () => {
  it.each(Object.entries(joiningNetworks))('%s', (_, build) => {
    const [now, copying] = plans(build(), new Map([['x', [1, 3, 32, 32]]]))
    expect(copies(now)).toEqual([])
    expect(copies(copying).length).toBeGreaterThan(0)
    expect(now.arena.bytes).toBeLessThanOrEqual(copying.arena.bytes)
  })

  const variants = ['t0', 't1', 't2', 's', 'm', 'l'].map((size) => `fasternet_${size}` as NetName)
  it.each<NetName>([...variants, 'ghostnet', 'googlenet', 'squeezenet1_1'])('%s', (name) => {
    const [now, copying] = plans(nets[name]({ batch: 1 }), new Map([['input', [1, 3, 224, 224]]]))
    expect(copies(now)).toEqual([])
    expect(copies(copying).length).toBeGreaterThan(0)
    expect(now.arena.bytes).toBeLessThanOrEqual(copying.arena.bytes)
  })
})

describe('nothing is copied of codes', () => {
  async function* batches() {
    const random = seededRandom(1)
    yield { images: Float32Array.from({ length: 3 * 32 * 32 }, () => random.normal()), count: 1 }
  }

  // Adder layers have codes of their own.
  const networks = Object.entries(joiningNetworks).filter(([name]) => !name.startsWith('adder'))
  it.each(networks)('%s', async (_, build) => {
    const images = { shape: [3, 32, 32], batchSize: 1, batches: batches() }
    const { model } = await quantizeIntegers(build(), { images, threads: 1 })
    const [now, copying] = plans(model, new Map([['x', [1, 3, 32, 32]]]))
    // What the first layer reads becomes bytes, and then channels last.
    const [first, ...others] = now.tasks.filter((task) => copiedBytes(task) > 0)
    expect(first?.kind === 'convert' && first.from.shape).toEqual([1, 3, 32, 32])
    expect(others.filter((task) => copiesInside({ ...now, tasks: [task] }).length > 0)).toEqual([])
    expect(now.arena.bytes).toBeLessThanOrEqual(copying.arena.bytes)
    // A step of the codes of outputs at most: what is rounded is a sum, not rounded products.
    for (const threads of [1, 2]) expect(await difference(model, [1, 3, 32, 32], 1, threads)).toBeLessThan(0.02)
  })
})

it('nothing is copied for the gradient of an activation, of channels that are cut off and put side by side', async () => {
  const b = new GraphBuilder('gradient', 17)
  const random = seededRandom(4)
  const x = b.input('x', 'float32', [2, 3, 9, 7])
  const layer = (name: string, input: string, inChannels: number, channels: number) => {
    const weights = Float32Array.from({ length: channels * inChannels }, () => random.normal())
    return b.node('Conv', [input, b.constant(name, tensorOf('float32', [channels, inChannels, 1, 1], weights))])
  }
  const part = (input: string, first: number, count: number) =>
    b.node('Slice', [
      input,
      b.ints(`first${first}`, [first]),
      b.ints(`end${first}`, [first + count]),
      b.ints(`axis${first}`, [1]),
    ])
  const given = layer('v', x, 3, 35)
  const dx = b.node(
    'ClipGradient',
    [part(given, 0, 17), part(given, 18, 17)],
    { min: float(-0.5), max: float(0.75) },
    { domain: 'ai.kerf' },
  )
  const both = b.node('Concat', [dx, layer('u', x, 3, 1)], { axis: 1 })
  b.output(layer('t', both, 18, 5))
  const model = b.model()
  const [now] = plans(model, new Map([['x', [2, 3, 9, 7]]]))
  expect(copies(now)).toEqual([])
  for (const threads of [1, 3]) expect(await difference(model, [2, 3, 9, 7], 1, threads)).toBeLessThan(1e-6)
})

/** The largest difference between a session's outputs and the reference's, as a part of the largest value. */
async function difference(model: Model, shape: readonly number[], seed: number, threads: number): Promise<number> {
  const random = seededRandom(seed)
  const floats = () => Float32Array.from({ length: elementCount(shape)! }, () => random.normal())
  const x = hostTensor('float32', shape, floats())
  const wanted = referenceRun(model, new Map([['x', x]]))
  const session = await createSession(model, { threads })
  // Twice: what is left of one run does not reach the next.
  await session.run({ x: hostTensor('float32', shape, floats()) })
  const got = await session.run({ x })
  await session.dispose()
  let worst = 0
  for (const [name, tensor] of wanted) {
    const a = hostValues(tensor)
    const b = hostValues(got[name] as never)
    const largest = Array.from(a).reduce((most, v) => Math.max(most, Math.abs(v)), 1e-3)
    for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!) / largest)
    expect(b.length).toBe(a.length)
  }
  return worst
}

describe('a view of another shape beside the value that it is of', () => {
  const pixels = [1, 2, 3, 4]
  const second = [-2, -4, -6, -8]

  /** Two channels, x and -2x, and behind the second of them, which is cut off and gets another shape, both again. */
  function joined(view: (b: GraphBuilder, channels: string) => string): Model {
    const b = new GraphBuilder('views', 13)
    const x = b.input('x', 'float32', [1, 1, 2, 2])
    const channels = b.node('Conv', [x, b.constant('w', tensorOf('float32', [2, 1, 1, 1], [1, -2]))])
    b.output(b.node('Concat', [view(b, channels), channels], { axis: 1 }, { outputs: ['y'] }))
    return b.model()
  }

  const views: Readonly<Record<string, (b: GraphBuilder, channels: string) => string>> = {
    'Gather of one channel, Unsqueeze': (b, channels) => {
      const index = b.constant('index', tensorOf('int64', [], [1]))
      return b.node('Unsqueeze', [b.node('Gather', [channels, index], { axis: 1 }), b.ints('axes', [1])])
    },
    'ReduceMin, Unsqueeze': (b, channels) =>
      b.node('Unsqueeze', [b.node('ReduceMin', [channels], { axes: [1], keepdims: 0 }), b.ints('axes', [1])]),
    'Slice, Reshape and back': (b, channels) => {
      const part = b.node('Slice', [channels, ...[1, 2, 1].map((v, i) => b.ints(`slice${i}`, [v]))])
      const flat = b.node('Neg', [b.node('Reshape', [part, b.ints('flat', [1, 4])])])
      return b.node('Reshape', [b.node('Neg', [flat]), b.ints('back', [1, 1, 2, 2])])
    },
  }

  it.each(Object.entries(views))('%s', async (_, view) => {
    await using session = await createSession(joined(view))
    const { y } = await session.run({ x: hostTensor('float32', [1, 1, 2, 2], Float32Array.from(pixels)) })
    expect(y!.shape).toEqual([1, 3, 2, 2])
    expect([...(y!.data as Float32Array)]).toEqual([...second, ...pixels, ...second])
  })
})

describe('results are those of the reference', () => {
  it.each(Object.entries(joiningNetworks))('%s', async (_, build) => {
    for (const threads of [1, 2]) expect(await difference(build(), [1, 3, 32, 32], 3, threads)).toBeLessThan(1e-5)
  })

  it.each(Array.from({ length: 40 }, (_, seed) => seed))('random network %i', async (seed) => {
    const random = seededRandom(seed)
    const moving = ['concat', 'split', 'slice', 'shuffle', 'gather']
    const others = ['conv', 'depthwise', 'grouped', 'combine', 'pool', 'activation', 'batchNormalization', 'resize']
    const path = Array.from({ length: 14 }, () => {
      const names = random.uniform() < 0.6 ? moving : [...others, 'convTranspose', 'squeezeAndExcite', 'padChannels']
      return names[random.below(names.length)]!
    })
    expect(await difference(randomNetwork(seed, path), [1, 3, 6, 6], seed, 1)).toBeLessThan(1e-4)
  })
})
