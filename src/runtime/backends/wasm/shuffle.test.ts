// Channel shuffles and views in plans: no change of layout, and what is no shuffle is left alone.

import { describe, expect, it } from 'vitest'
import { elementCount, seededRandom } from '../../../base/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../../../graph/index.ts'
import { makePlan } from '../../../plan/index.ts'
import { createSession, hostTensor, hostValues, referenceRun } from '../../index.ts'
import { abilitiesOf, allLowerings } from './lowerings/index.ts'
import { step } from './steps/step.ts'
import { StepBench } from './steps/step-bench.node.ts'

const wasm = abilitiesOf(await allLowerings())

const seed = 15
const random = seededRandom(seed)
const floats = (shape: readonly number[]): Float32Array =>
  Float32Array.from({ length: elementCount(shape)! }, () => random.normal())

interface Options {
  readonly groups: number
  readonly size: number
  readonly spatial?: readonly number[]
  readonly batch?: number
  /** Between the input and the shuffle, and behind it: a pointwise convolution, which works channels last. */
  readonly convolutions?: boolean
  readonly perm?: readonly number[]
  readonly split?: readonly number[]
  readonly alsoOutput?: boolean
}

function shuffled({
  groups,
  size,
  spatial = [5, 3],
  batch = 1,
  convolutions = true,
  perm = [0, 2, 1, ...spatial.map((_, i) => i + 3)],
  split = [batch, groups, size, ...spatial],
  alsoOutput = false,
}: Options): { model: Model; shape: readonly number[] } {
  const channels = groups * size
  const shape = [batch, channels, ...spatial]
  const b = new GraphBuilder('shuffle', 17)
  const convolve = (x: string, name: string): string => {
    const of = [channels, channels, ...spatial.map(() => 1)]
    return convolutions
      ? b.node('Conv', [
          x,
          b.constant(
            name,
            tensorOf(
              'float32',
              of,
              floats(of).map((v) => v / channels),
            ),
          ),
        ])
      : x
  }
  let value = convolve(b.input('x', 'float32', shape), 'first')
  value = b.node('Reshape', [value, b.ints('split', split)])
  if (alsoOutput) b.output(value)
  value = b.node('Transpose', [value], { perm })
  value = b.node('Reshape', [value, b.ints('joined', shape)])
  b.output(convolve(value, 'last'))
  return { model: b.model(), shape }
}

const tasksOf = (model: Model, shape: readonly number[]): string[] =>
  makePlan(model, new Map([['x', shape]]), wasm).tasks.map((t) =>
    t.kind === 'convert' ? 'convert' : t.job.unit.node.opType,
  )

async function agrees(model: Model, shape: readonly number[], tolerance: number): Promise<void> {
  const feeds = { x: hostTensor('float32', shape, floats(shape)) }
  const session = await createSession(model)
  const got = await session.run(feeds)
  session.dispose()
  for (const [name, wanted] of referenceRun(model, new Map(Object.entries(feeds)))) {
    const values = hostValues(got[name] as never)
    const worst = hostValues(wanted).reduce((most, v, i) => Math.max(most, Math.abs(v - values[i]!)), 0)
    expect(got[name]?.shape).toEqual(wanted.shape)
    expect(worst).toBeLessThanOrEqual(tolerance)
  }
}

describe(`channel shuffles (seed ${seed})`, () => {
  const sizes = [2, 3, 4, 5].flatMap((groups) => [1, 3, 4, 5, 8, 29].map((size) => [groups, size] as const))

  it.each(sizes)('%i groups of %i channels', async (groups, size) => {
    const { model, shape } = shuffled({ groups, size, batch: 2 })
    expect(tasksOf(model, shape)).toEqual(['convert', 'Conv', 'Conv', 'convert'])
    await agrees(model, shape, 1e-4)
  })

  it.each(sizes)('%i groups of %i channels, as ONNX has them', async (groups, size) => {
    const { model, shape } = shuffled({ groups, size, batch: 2, convolutions: false })
    expect(tasksOf(model, shape)).toEqual(['Reshape'])
    await agrees(model, shape, 0)
  })

  it.each(sizes)('%i groups of %i channels, as a step', (groups, size) => {
    const bench = new StepBench(1 << 18)
    const channels = groups * size
    const x = floats([7 * channels])
    const y = bench.result(x.length)
    bench.run([step('shuffleChannelsF32', { x: bench.floats(x), y, pixels: 7, groups, size })], 2)
    const expected = Float32Array.from(x, (_, i) => {
      const c = i % channels
      return x[i - c + (c % groups) * size + Math.floor(c / groups)]!
    })
    expect(bench.read(y, x.length)).toEqual(expected)
  })

  it('along one axis', async () => {
    const { model, shape } = shuffled({ groups: 3, size: 6, spatial: [7] })
    expect(tasksOf(model, shape)).toEqual(['convert', 'Conv', 'Conv', 'convert'])
    await agrees(model, shape, 1e-4)
  })

  it('other transposes are left alone', async () => {
    const { model, shape } = shuffled({ groups: 4, size: 4, spatial: [4, 4], perm: [0, 2, 1, 4, 3] })
    expect(tasksOf(model, shape)).toContain('Transpose')
    await agrees(model, shape, 1e-4)
  })

  it('other reshapes are left alone', async () => {
    const { model, shape } = shuffled({ groups: 4, size: 4, spatial: [4, 4], split: [1, 4, 2, 8, 4] })
    expect(tasksOf(model, shape)).toContain('Transpose')
    await agrees(model, shape, 1e-4)
  })

  it('values in between that are wanted too are made', async () => {
    const { model, shape } = shuffled({ groups: 2, size: 4, alsoOutput: true })
    expect(tasksOf(model, shape)).toContain('Transpose')
    await agrees(model, shape, 1e-4)
  })
})

describe('views', () => {
  const between = (opType: string, attributes = {}): { model: Model; shape: readonly number[] } => {
    const shape = [1, 6, 5, 4]
    const b = new GraphBuilder('views', 17)
    const weight = (name: string) => b.constant(name, tensorOf('float32', [6, 6, 1, 1], floats([6, 6, 1, 1])))
    const first = b.node('Conv', [b.input('x', 'float32', shape), weight('first')])
    const same = b.node(opType, opType === 'Reshape' ? [first, b.ints('same', shape)] : [first], attributes)
    b.output(b.node('Conv', [same, weight('last')]))
    b.output(same)
    return { model: b.model(), shape }
  }

  it.each(['Identity', 'Dropout', 'Reshape'])('%s of the same shape keeps the layout', async (opType) => {
    const { model, shape } = between(opType)
    // The last two: the outputs, as ONNX has them.
    expect(tasksOf(model, shape)).toEqual(['convert', 'Conv', 'Conv', 'convert', 'convert'])
    await agrees(model, shape, 1e-4)
  })
})
