// What every backend has to do, whatever computes in it: networks that give what the operators' definitions give, and programs that keep to the interface.

import { expect, it } from 'vitest'
import { elementCount, seededRandom } from '../base/index.ts'
import { type Attribute, type Dense, GraphBuilder, type Model, tensorOf } from '../graph/index.ts'
import { nets } from '../nets/index.ts'
import { makePlan, type PlanOptions } from '../plan/index.ts'
import {
  type Backend,
  createProgram,
  createSession,
  type Feeds,
  floatsOf,
  type HostElementType,
  hostTensor,
  hostValues,
  type Program,
  referenceRun,
} from '../runtime/index.ts'
import { createTrainer, parameterGroups } from '../train/index.ts'

export interface SuiteOptions {
  /** Largest difference of an output, as a part of its largest value. Whole numbers must be equal. */
  readonly tolerance: number
  /** Tests that this backend does not pass, by name, each with the reason. They must fail. */
  readonly skips?: Readonly<Record<string, string>>
}

const random = seededRandom(2026)
const draw = (shape: readonly number[]): Float32Array =>
  Float32Array.from({ length: elementCount(shape)! }, () => random.normal())

/** A graph under construction, with weights that are drawn. */
class Net extends GraphBuilder {
  #weights = 0
  weight(...shape: number[]): string {
    return this.constant(`w${this.#weights++}`, tensorOf('float32', shape, draw(shape)))
  }
  positive(...shape: number[]): string {
    const values = draw(shape).map((v) => 0.5 + Math.abs(v))
    return this.constant(`w${this.#weights++}`, tensorOf('float32', shape, values))
  }
  number(elementType: HostElementType, value: number): string {
    return this.constant(`w${this.#weights++}`, tensorOf(elementType, [], [value]))
  }
  body(build: (body: Net) => void): Attribute {
    const body = new Net('body')
    build(body)
    return { kind: 'graph', value: body.model().graph }
  }
}

interface Network {
  /** Adds nodes, and returns what is put out. */
  build(b: Net): readonly string[]
  readonly feeds: Feeds
}

const image = (...shape: number[]): Feeds => ({ x: hostTensor('float32', shape, draw(shape)) })

function modelOf({ build, feeds }: Network): Model {
  const b = new Net('net')
  for (const [name, { elementType, shape }] of Object.entries(feeds)) b.input(name, elementType, shape)
  for (const output of build(b)) b.output(output)
  return b.model()
}

const pads = { pads: [1, 1, 1, 1] }

const networks: Readonly<Record<string, Network>> = {
  'a convolution with all that may be fused into it': {
    feeds: image(2, 3, 7, 6),
    build(b) {
      const stem = b.node('Relu', [b.node('Conv', ['x', b.weight(8, 3, 3, 3), b.weight(8)], pads)])
      const normal = [b.node('Conv', [stem, b.weight(8, 8, 3, 3)], pads), b.weight(8), b.weight(8), b.weight(8)]
      const own = b.node('BatchNormalization', [...normal, b.positive(8)])
      const sum = b.node('Relu', [b.node('Add', [own, stem])])
      return [b.node('Clip', [sum, b.number('float32', 0), b.number('float32', 6)])]
    },
  },
  'convolutions in groups, and channels shuffled between them': {
    feeds: image(1, 8, 5, 5),
    build(b) {
      const first = b.node('Conv', ['x', b.weight(8, 4, 1, 1)], { group: 2 })
      const apart = b.node('Transpose', [b.node('Reshape', [first, b.ints('apart', [1, 2, 4, 5, 5])])], {
        perm: [0, 2, 1, 3, 4],
      })
      const together = b.node('Reshape', [apart, b.ints('together', [1, 8, 5, 5])])
      return [b.node('Conv', [together, b.weight(8, 1, 3, 3)], { group: 8, ...pads })]
    },
  },
  'pooling, a linear layer and Softmax': {
    feeds: image(3, 4, 6, 6),
    build(b) {
      const pooled = b.node('MaxPool', ['x'], { kernel_shape: [2, 2], strides: [2, 2] })
      const flat = b.node('Flatten', [b.node('GlobalAveragePool', [pooled])])
      return [b.node('Softmax', [b.node('Gemm', [flat, b.weight(4, 5), b.weight(5)])], { axis: 1 })]
    },
  },
  'attention: products of two computed matrices': {
    feeds: image(2, 6, 8),
    build(b) {
      const keys = b.node('Transpose', [b.node('MatMul', ['x', b.weight(8, 8)])], { perm: [0, 2, 1] })
      return [b.node('MatMul', [b.node('Softmax', [b.node('MatMul', ['x', keys])], { axis: -1 }), 'x'])]
    },
  },
  'an adder convolution': {
    feeds: image(1, 4, 5, 5),
    build: (b) => [b.node('AdderConv', ['x', b.weight(6, 4, 3, 3)], pads, { domain: 'ai.kerf' })],
  },
  'whole numbers, computed and moved': {
    feeds: { x: hostTensor('int64', [2, 3], [1, -2, 3, 4, 5, -6]), y: hostTensor('int32', [3], [7, 8, 9]) },
    build: (b) => [
      b.node('Mul', ['x', b.node('Cast', ['y'], { to: 7 })]),
      b.node('Gather', ['y', b.constant('at', tensorOf('int64', [2], [2, 0]))]),
      b.node('Shape', ['x']),
    ],
  },
  'codes: quantised, multiplied, dequantised': {
    feeds: image(1, 4, 4, 4),
    build(b) {
      const [scale, zero] = [b.number('float32', 1 / 32), b.number('uint8', 128)]
      const codes = b.node('QuantizeLinear', ['x', scale, zero])
      const weights = tensorOf('int8', [2, 4, 1, 1], [1, -2, 3, -4, 5, -6, 7, -8])
      const products = b.node('ConvInteger', [codes, b.constant('codes', weights), zero])
      const back = b.node('DequantizeLinear', [codes, scale, zero])
      return [b.node('Mul', [b.node('Cast', [products], { to: 1 }), scale]), back]
    },
  },
  'halves in and out': {
    feeds: { x: hostTensor('float16', [2, 8], draw([2, 8])) },
    build: (b) => [b.node('Relu', [b.node('Mul', ['x', b.constant('two', tensorOf('float16', [], [2]))])])],
  },
  'a size that depends on the data': {
    feeds: { x: hostTensor('float32', [6], [0, 2, 0, 3, 0, 4]) },
    build: (b) => [b.node('NonZero', [b.node('Relu', ['x'])])],
  },
  'an output that is an input, one that is known beforehand, one value put out as two': {
    feeds: image(2, 3),
    build(b) {
      const doubled = b.node('Add', ['x', 'x'])
      const known = b.node('Mul', [b.weight(3), b.number('float32', 2)])
      return ['x', doubled, b.node('Identity', [doubled]), b.node('Identity', [known])]
    },
  },
  'a value that is needed again long after it was made': {
    feeds: image(1, 4, 3, 3),
    build(b) {
      const first = b.node('Sigmoid', ['x'])
      const far = b.node('Tanh', [b.node('Exp', [b.node('Neg', [b.node('Sqrt', [first])])])])
      return [b.node('Sub', [far, first]), b.node('Concat', [far, first], { axis: 1 })]
    },
  },
  'a branch that the data choose': {
    feeds: { ...image(1, 2, 3, 3), yes: hostTensor('bool', [], [1]) },
    build(b) {
      const twice = b.node('Add', ['x', 'x'])
      const branch = (opType: string) =>
        b.body((body) =>
          body.output(body.node('Relu', [body.node(opType, [twice, 'x'])], {}, { name: `in_${opType}` })),
        )
      return [b.node('If', ['yes'], { then_branch: branch('Mul'), else_branch: branch('Add') })]
    },
  },
  'a loop whose rounds the data choose': {
    feeds: { ...image(3), rounds: hostTensor('int64', [], [4]) },
    build(b) {
      const body = b.body((inner) => {
        inner.input('round', 'int64', [])
        inner.input('going', 'bool', [])
        inner.input('sum', 'float32', [3])
        inner.output(inner.node('Identity', ['going']))
        inner.output(inner.node('Add', ['sum', 'x'], {}, { name: 'round_sum' }))
      })
      return [b.node('Loop', ['rounds', b.constant('go', tensorOf('bool', [], [1])), 'x'], { body })]
    },
  },
}

function expectNear(got: Feeds, wanted: ReadonlyMap<string, Feeds[string]>, tolerance: number): void {
  expect(Object.keys(got).sort()).toEqual([...wanted.keys()].sort())
  for (const [name, tensor] of wanted) {
    expect([got[name]?.elementType, got[name]?.shape], name).toEqual([tensor.elementType, tensor.shape])
    const [values, expected] = [hostValues(got[name]!), hostValues(tensor)]
    const isWhole = tensor.elementType.includes('int') || tensor.elementType === 'bool'
    const largest = expected.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
    // A half is rounded from what may differ in its last bit.
    const allowed = isWhole ? 0 : tensor.elementType === 'float16' ? 1e-3 : tolerance
    const worst = expected.reduce((most, v, i) => Math.max(most, Math.abs(v - values[i]!)), 0)
    expect(worst, name).toBeLessThanOrEqual(allowed * largest)
  }
}

type Test = (backend: Backend, tolerance: number) => Promise<void>

const runs =
  (network: Network): Test =>
  async (backend, tolerance) => {
    const model = modelOf(network)
    const session = await createSession(model, { backend, onNotice: () => {} })
    const wanted = referenceRun(model, new Map(Object.entries(network.feeds)))
    // Twice: nothing is left behind by the first run.
    for (let i = 0; i < 2; i++) expectNear(await session.run(network.feeds), wanted, tolerance)
    await session.dispose()
  }

const small: Network = {
  feeds: image(1, 2, 4, 4),
  build: (b) => {
    const y = b.node('Conv', ['x', b.weight(3, 2, 3, 3)], pads, { outputs: ['y'] })
    return [y, b.node('Relu', [y], {}, { outputs: ['z'] })]
  },
}

function compiled(backend: Backend, network: Network, options: PlanOptions = {}): Promise<Program> {
  const shapes = new Map(Object.entries(network.feeds).map(([name, { shape }]) => [name, shape]))
  return backend.compile(makePlan(modelOf(network), shapes, backend, options))
}

const dense = (shape: readonly number[], data: ArrayLike<number>): Dense => ({ elementType: 'float32', shape, data })
const shape = [1, 2, 4, 4]
const errorOf = (work: () => unknown): string | undefined => {
  try {
    work()
    return undefined
  } catch (error) {
    return (error as { code?: string }).code
  }
}

const tests: Readonly<Record<string, Test>> = {
  ...Object.fromEntries(Object.entries(networks).map(([name, network]) => [name, runs(network)])),

  'a program reads what was written, and what was written is its own': async (backend) => {
    const program = await compiled(backend, small)
    const [first, second] = [draw(shape), draw(shape)]
    const results: Float32Array[] = []
    for (const values of [first, second, first]) {
      const given = values.slice()
      program.write('x', dense(shape, given))
      given.fill(Number.NaN)
      await program.run()
      results.push(floatsOf(program.read('y')).slice())
    }
    expect(results[2]).toEqual(results[0])
    expect(results[1]).not.toEqual(results[0])
    await program.dispose()
  },

  'inputs that are kept stay what they are, where they are': async (backend) => {
    const program = await compiled(backend, small, { keepsInputs: true })
    const memory = program.input('x')
    memory.set(draw(shape))
    const values = memory.slice()
    await program.run()
    const once = floatsOf(program.read('z')).slice()
    expect(memory).toEqual(values)
    expect(program.input('x')).toBe(memory)
    await program.run()
    expect(floatsOf(program.read('z'))).toEqual(once)
    memory.fill(0)
    await program.run()
    expect(floatsOf(program.read('z')).every((v) => v === 0)).toBe(true)
    await program.dispose()
  },

  'two programs of one plan know nothing of each other': async (backend) => {
    const one = await compiled(backend, small)
    const other = await backend.compile(one.plan)
    one.write('x', dense(shape, draw(shape)))
    other.write('x', dense(shape, draw(shape)))
    await one.run()
    const before = floatsOf(one.read('y')).slice()
    await other.run()
    expect(floatsOf(one.read('y'))).toEqual(before)
    expect(floatsOf(other.read('y'))).not.toEqual(before)
    await one.dispose()
    await other.run()
    await other.dispose()
  },

  'programs beside each other take turns, until each is disposed of': async (backend, tolerance) => {
    const b = new Net('sizes')
    b.input('x', 'float32', ['N', 2, 'H', 'W'])
    b.output(b.node('Relu', [b.node('Conv', ['x', b.weight(3, 2, 3, 3)], pads)], {}, { outputs: ['y'] }))
    const model = b.model()
    const sizes = [shape, [2, 2, 9, 7], [1, 2, 3, 3]]
    const programs: Program[] = []
    for (const size of sizes)
      programs.push(
        await backend.compile(makePlan(model, new Map([['x', size]]), backend), { beside: programs.at(-1) }),
      )
    for (const i of [0, 2, 1, 0, 1]) {
      const feeds = image(...sizes[i]!)
      programs[i]!.write('x', dense(sizes[i]!, feeds.x!.data as Float32Array))
      await programs[i]!.run()
      const y = hostTensor('float32', [sizes[i]![0]!, 3, ...sizes[i]!.slice(2)], floatsOf(programs[i]!.read('y')))
      expectNear({ y }, referenceRun(model, new Map(Object.entries(feeds))), tolerance)
      if (i === 2) await programs[2]!.dispose()
    }
    for (const program of programs) await program.dispose()
  },

  'names that are no inputs or outputs are refused': async (backend) => {
    const program = await compiled(backend, small)
    expect(errorOf(() => program.write('y', dense(shape, draw(shape))))).toBe('unknown-input')
    expect(errorOf(() => program.input('y'))).toBe('unknown-input')
    program.write('x', dense(shape, draw(shape)))
    await program.run()
    expect(errorOf(() => program.read('x'))).toBe('unknown-output')
    await program.dispose()
  },

  'what it leaves to the reference is said': async (backend) => {
    const network = networks['whole numbers, computed and moved']!
    const program = await compiled(backend, network)
    const left = program.plan.tasks.flatMap((t) => (t.kind === 'host' ? [t.job.unit.node.opType] : []))
    for (const text of program.onHost) expect(left).toContain(text.split(' ')[0])
    await program.dispose()
  },

  'every call has an ability or a reason': async (backend) => {
    for (const network of Object.values(networks)) {
      const { units } = (await compiled(backend, network)).plan.prepared
      for (const { call, operator } of units) {
        const answer = backend.supports(call, () => false, operator)
        expect(
          typeof answer === 'string' ? answer.length : ['plain', 'channelsLast', 'same'].indexOf(answer.layout),
        ).not.toBe(typeof answer === 'string' ? 0 : -1)
      }
    }
  },

  'a session changes sizes and comes back': async (backend, tolerance) => {
    const b = new Net('sizes')
    b.input('x', 'float32', ['N', 3, 'H', 'W'])
    b.output(b.node('GlobalAveragePool', [b.node('Conv', ['x', b.weight(4, 3, 3, 3)], pads)]))
    const model = b.model()
    const session = await createSession(model, { backend })
    const sizes = [
      [1, 3, 5, 5],
      [4, 3, 9, 4],
      [1, 3, 5, 5],
    ].map((size) => image(...size))
    for (const feeds of sizes) {
      const wanted = referenceRun(model, new Map(Object.entries(feeds)))
      expectNear(await session.run(feeds), wanted, tolerance)
    }
    await session.dispose()
  },

  'runs that are asked for together are made one after the other': async (backend, tolerance) => {
    const model = modelOf(small)
    const session = await createSession(model, { backend })
    const all = [1, 2, 3].map(() => image(...shape))
    const results = await Promise.all(all.map((feeds) => session.run(feeds)))
    for (const [i, feeds] of all.entries())
      expectNear(results[i]!, referenceRun(model, new Map(Object.entries(feeds))), tolerance)
    await session.dispose()
  },

  'a run that is stopped leaves the next one right': async (backend, tolerance) => {
    const model = modelOf(small)
    const session = await createSession(model, { backend })
    const stopped = session.run(small.feeds, { signal: AbortSignal.abort() })
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' })
    expectNear(await session.run(small.feeds), referenceRun(model, new Map(Object.entries(small.feeds))), tolerance)
    await session.dispose()
  },

  'every task of a plan is timed': async (backend) => {
    const program = await compiled(backend, small)
    program.write('x', dense(shape, draw(shape)))
    const timed: unknown[] = []
    await program.profile((task, timeMs) => {
      expect(timeMs).toBeGreaterThanOrEqual(0)
      timed.push(task)
    })
    expect(timed).toEqual([...program.plan.tasks])
    await program.dispose()
  },

  'training steps change weights as the reference changes them': async (backend, tolerance) => {
    const steps = async (own: Backend | 'reference') => {
      const trainer = await createTrainer(nets.lenet5_bn({ inputSize: 16, classes: 4, seed: 5 }), {
        ...{ batchSize: 4, shape: [1, 16, 16], classes: 4, backend: own },
        optimiser: { kind: 'sgd', momentum: 0.9, groups: parameterGroups({}) },
      })
      const images = seededRandom(9)
      for (let i = 0; i < 2; i++) {
        const labels = Int32Array.of(0, 1, 2, 3)
        const targets = new Float32Array(16)
        for (const [n, label] of labels.entries()) targets[4 * n + label] = 1
        const pixels = Float32Array.from({ length: 4 * 256 }, images.normal)
        await trainer.step({ images: pixels, labels, targets, count: 4 }, 0.01)
      }
      const { weights } = trainer.exportState()
      const copy = new Map([...weights!].map(([name, values]) => [name, Float32Array.from(values)]))
      await trainer.dispose()
      return copy
    }
    const [own, wanted] = [await steps(backend), await steps('reference')]
    for (const [name, values] of wanted) {
      const largest = values.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-3)
      const worst = values.reduce((most, v, i) => Math.max(most, Math.abs(v - own.get(name)![i]!)), 0)
      expect(worst, name).toBeLessThanOrEqual(10 * tolerance * largest)
    }
  },

  'a program that keeps inputs takes float32 alone': async (backend) => {
    const model = modelOf(networks['whole numbers, computed and moved']!)
    const made = createProgram(model, new Map([['x', [2, 3]]]), { backend })
    await expect(made).rejects.toMatchObject({ code: 'wrong-element-type' })
  },
}

/** Declares the tests of a backend. */
export function backendSuite(backend: Backend, { tolerance, skips = {} }: SuiteOptions): void {
  for (const name of Object.keys(skips)) if (!(name in tests)) throw new Error(`There is no test "${name}" to skip.`)
  for (const [name, test] of Object.entries(tests)) {
    const reason = skips[name]
    if (reason) it.fails(`${name} (not here: ${reason})`, () => test(backend, tolerance))
    else it(name, () => test(backend, tolerance))
  }
}
