// NaN, infinities and denormal numbers pass through every operator alike: the kernels give what the scalar definitions give, never a number in the place of none.
// ONNX Runtime beside them, where it has the operator.

import { describe, expect, it } from 'vitest'
import { type ElementType, elementCount, KerfError, seededRandom } from '../src/base/index.ts'
import {
  AttributeReader,
  callOf,
  GraphBuilder,
  type InferredCall,
  type Model,
  type OperatorFacts,
  tensorOf,
} from '../src/graph/index.ts'
import { modelBytes } from '../src/onnx/index.ts'
import { operatorList } from '../src/ops/index.ts'
import { createSession, type HostTensor, hostTensor, hostValues } from '../src/runtime/index.node.ts'
import { hasOrt, loadOrt } from '../src/testing/ort.ts'

interface Input {
  readonly shape: readonly number[]
  readonly constant?: boolean
  readonly elementType?: ElementType
  readonly values?: readonly number[]
}

interface Sample {
  readonly call: InferredCall
  readonly inputs: readonly (Input | undefined)[]
}

const { acceptedCalls } = (await import(new URL('../scripts/operator-samples.mjs', import.meta.url).href)) as {
  acceptedCalls(operator: OperatorFacts, ask: typeof callOf): Iterable<Sample>
}

const specials = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-40, -1e-45, -0]

/** Values where the others differ from the scalar definition, with the reason: a number that either is not. */
const excused: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  wasm: {
    ConvTranspose:
      'of a computed weight: what the window meets beside the tensor is multiplied with 0, and NaN · 0 is NaN',
  },
  ort: {
    Clip: 'where a bound is left out, it takes the greatest number for it',
    AdderConv: 'its function multiplies what lies outside of the group with 0, and NaN · 0 is NaN',
    DeformConv: 'it takes offsets that are no numbers for numbers',
    GlobalMaxPool: 'it passes over NaN',
    GridSample: 'it takes places that are no numbers for numbers',
    Hardmax: 'it passes over NaN',
    ReduceMax: 'it passes over NaN',
    ReduceMin: 'it passes over NaN',
    TopK: 'it has no place for NaN in its order',
    Unique: 'it sorts NaN among the numbers',
  },
}

/** Where large numbers may make others of the kernels. */
const excusedLarge: Readonly<Record<string, string>> = {
  LRN: 'a value by an infinite power is 0, where it should be below 1e-9',
}

const samplesOf = (operator: OperatorFacts): Sample[] => {
  const seen = new Set<string>()
  return [...acceptedCalls(operator, callOf)]
    .filter(({ call, inputs }) => {
      const key = JSON.stringify([inputs, call.attributes, call.node.outputs.length])
      const isFed = inputs.some((x) => x && !x.constant && (x.elementType ?? 'float32') === 'float32')
      if (!isFed || seen.has(key)) return false
      seen.add(key)
      return true
    })
    .slice(0, 8)
}

/** The `at`-th element that flows into a node; `normal` is drawn. */
type Drawn = (at: number, normal: () => number) => number

/** Special numbers among ordinary ones. */
const special: Drawn = (at, normal) => (at % 7 === 3 ? specials[Math.floor(at / 7) % specials.length]! : normal())

/** Numbers whose squares are beyond float32. */
const large: Drawn = (_, normal) => 1e25 * normal()

/** A node that `drawn` flows into; constants are ordinary. */
function network(
  { call, inputs }: Sample,
  seed: number,
  drawn: Drawn,
): { model: Model; feeds: Record<string, HostTensor> } {
  const random = seededRandom(seed)
  const b = new GraphBuilder('one', call.opset)
  const feeds: Record<string, HostTensor> = {}
  const names = inputs.map((x, i) => {
    if (!x) return ''
    const type = x.elementType ?? 'float32'
    const value = (at: number) => {
      if (type !== 'float32') return 1
      return x.constant ? random.normal() : drawn(at, random.normal)
    }
    const data = x.values ?? Array.from({ length: elementCount(x.shape)! }, (_, at) => value(at))
    if (x.constant) return b.constant(`c${i}`, tensorOf(type, x.shape, data))
    feeds[`x${i}`] = hostTensor(type, x.shape, data)
    return b.input(`x${i}`, type, x.shape)
  })
  const { domain, opType, outputs, attributes } = call.node
  b.node(opType, names, {}, { domain, outputs: [...outputs] })
  for (const name of outputs) b.output(name)
  const made = b.model()
  return {
    model: { ...made, graph: { ...made.graph, nodes: made.graph.nodes.map((n) => ({ ...n, attributes })) } },
    feeds,
  }
}

/** Outputs, or how the node is refused. */
async function runOn(
  backend: 'reference' | 'wasm',
  { model, feeds }: ReturnType<typeof network>,
): Promise<number[][] | string> {
  try {
    const session = await createSession(model, { backend, threads: 1, onNotice: () => {} })
    const results = await session.run(feeds)
    await session.dispose()
    return Object.values(results).map((t) => [...hostValues(t)])
  } catch (error) {
    expect(error).toBeInstanceOf(KerfError)
    return (error as KerfError).code
  }
}

async function runOrt({ model, feeds }: ReturnType<typeof network>): Promise<number[][] | undefined> {
  const session = await loadOrt(modelBytes(model), { optimization: 'disabled' }).catch(() => undefined)
  const tensors = Object.entries(feeds).map(([name, t]) => [
    name,
    { type: t.elementType as 'float32', dims: t.shape, data: t.data as Float32Array },
  ])
  const results = await session?.run(Object.fromEntries(tensors)).catch(() => undefined)
  await session?.release()
  return results && Object.values(results).map((t) => Array.from(t.data as ArrayLike<number>, Number))
}

/** Where one is a number and the other none, or another number. Which of NaN and the infinities follows from the order of sums. */
const differences = (found: readonly number[][], expected: readonly number[][]): string[] =>
  expected.flatMap((values, o) =>
    values.flatMap((e, i) => {
      const v = found[o]?.[i] ?? Number.NaN
      const isClose =
        Number.isFinite(v) && Number.isFinite(e)
          ? Math.abs(v - e) <= 1e-4 * Math.max(1, Math.abs(e))
          : Number.isFinite(v) === Number.isFinite(e)
      return isClose ? [] : [`output ${o}, element ${i}: ${v}, not ${e}`]
    }),
  )

/** Where both are numbers, and not the same in parts of the largest. That one of them is none is told. */
const otherNumbers = (found: readonly number[][], expected: readonly number[][]): string[] =>
  expected.flatMap((values, o) => {
    const most = values.reduce((m, v) => (Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m), 1e-30)
    return values.flatMap((e, i) => {
      const v = found[o]?.[i] ?? Number.NaN
      return Number.isFinite(v) && Number.isFinite(e) && Math.abs(v - e) > 1e-4 * most
        ? [`output ${o}, element ${i}: ${v}, not ${e}`]
        : []
    })
  })

const tested = operatorList.flatMap((operator): [string, OperatorFacts, Sample[]][] => {
  const samples = operator.computable === false ? [] : samplesOf(operator)
  return samples.length > 0 ? [[operator.name, operator, samples]] : []
})

it('has nodes of most operators', () => {
  expect(tested.length).toBeGreaterThan(150)
})

describe('what is no number', () => {
  let all = 0

  it.each(tested)('passes %s as its definition says', async (name, _, samples) => {
    let compared = 0
    for (const [i, sample] of samples.entries()) {
      const given = network(sample, i + 1, special)
      const expected = await runOn('reference', given)
      const found = await runOn('wasm', given)
      // Made-up nodes of element types that the operator does not take.
      if (typeof expected === 'string') continue
      compared++
      if (!(name in excused.wasm!)) expect(typeof found === 'string' ? found : differences(found, expected)).toEqual([])
      const judge = hasOrt && !(name in excused.ort!) ? await runOrt(given) : undefined
      if (judge) expect(differences(expected, judge)).toEqual([])
    }
    all += compared
  })

  it('was compared in hundreds of nodes', () => {
    expect(all).toBeGreaterThan(400)
  })
})

it.each(tested)(
  '%s gives no other numbers where squares of its inputs are beyond float32',
  async (name, _, samples) => {
    for (const [i, sample] of samples.entries()) {
      const given = network(sample, i + 1, large)
      const expected = await runOn('reference', given)
      const found = await runOn('wasm', given)
      if (typeof expected === 'string') continue
      if (!(name in excusedLarge)) expect(typeof found === 'string' ? found : otherNumbers(found, expected)).toEqual([])
    }
  },
)

/** Names of the numbers that an operator reads from its attributes. */
function numbersOf(operator: OperatorFacts, { call }: Sample): readonly string[] {
  const names = new Set<string>()
  const noted = new Proxy(new AttributeReader(call.node), {
    get(reader, key) {
      const value = Reflect.get(reader, key)
      if (typeof value !== 'function') return value
      return (name: string, ...more: unknown[]) => {
        if (key === 'float') names.add(name)
        return value.call(reader, name, ...more)
      }
    },
  })
  operator.attributes(noted, call.opset)
  return [...names]
}

const numbered = tested.filter(([, operator, samples]) => numbersOf(operator, samples[0]!).length > 0)

it.each(numbered)(
  '%s takes attributes that are no finite numbers as its definition says',
  async (_, operator, samples) => {
    for (const [i, sample] of samples.slice(0, 3).entries())
      for (const name of numbersOf(operator, sample))
        for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
          const attributes = new Map([...sample.call.node.attributes, [name, { kind: 'float', value } as const]])
          const call = { ...sample.call, node: { ...sample.call.node, attributes } }
          const given = network({ ...sample, call }, i + 1, (_, normal) => normal())
          const expected = await runOn('reference', given)
          const found = await runOn('wasm', given)
          // Made-up nodes of element types that the operator does not take.
          if (typeof expected === 'string') continue
          expect(typeof found === 'string' ? found : differences(found, expected), `${name} ${value}`).toEqual([])
        }
  },
)

describe.each([true, false])('a convolution with Winograd %s', (winograd) => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY])('keeps %s near its place', async (special) => {
    const random = seededRandom(9)
    const floats = (count: number) => Float32Array.from({ length: count }, () => random.normal())
    const [channels, size, at] = [32, 24, 11]
    const b = new GraphBuilder('net', 17)
    const w = b.constant('w', tensorOf('float32', [channels, channels, 3, 3], floats(channels * channels * 9)))
    b.output(
      b.node(
        'Conv',
        [b.input('x', 'float32', [1, channels, size, size]), w],
        { pads: [1, 1, 1, 1] },
        { outputs: ['y'] },
      ),
    )
    const x = floats(channels * size * size)
    x[5 * size * size + at * size + at] = special
    const feeds = { x: hostTensor('float32', [1, channels, size, size], x) }
    const run = async (backend: 'reference' | 'wasm') => {
      const session = await createSession(b.model(), { backend, winograd, threads: 1 })
      const { y } = await session.run(feeds)
      await session.dispose()
      return hostValues(y!)
    }
    const [found, expected] = [await run('wasm'), await run('reference')]
    let spoilt = 0
    expected.forEach((e, i) => {
      const v = found[i]!
      if (!Number.isFinite(e)) expect(Number.isFinite(v)).toBe(false)
      else if (Number.isFinite(v)) expect(Math.abs(v - e)).toBeLessThan(1e-3)
      else {
        // Tiles of four by four results are made of six by six elements; whatever of them is no number, none of the results is one.
        spoilt++
        const [row, column] = [Math.floor(i / size) % size, i % size]
        expect(Math.max(Math.abs(row - at), Math.abs(column - at))).toBeLessThanOrEqual(winograd ? 6 : 1)
      }
    })
    if (!winograd) expect(spoilt).toBe(0)
  })
})

// As onnx 1.23.2's reference has it.
it('is ordered before all numbers where TopK asks for the largest, behind them where it asks for the least', async () => {
  const x = hostTensor('float32', [7], [-0.5, 1.5, 0.25, Number.NaN, 1, Number.NEGATIVE_INFINITY, 3])
  for (const [largest, values, places] of [
    [1, [Number.NaN, 3, 1.5], [3, 6, 1]],
    [0, [Number.NEGATIVE_INFINITY, -0.5, 0.25], [5, 0, 2]],
  ] as const) {
    const b = new GraphBuilder('order', 17)
    const k = b.constant('k', tensorOf('int64', [1], [3]))
    b.node('TopK', [b.input('x', 'float32', [7]), k], { largest }, { outputs: ['v', 'i'] })
    for (const y of ['v', 'i']) b.output(y)
    await using session = await createSession(b.model(), { threads: 1 })
    const [v, i] = Object.values(await session.run({ x }))
    expect([...hostValues(v!)]).toEqual(values)
    expect([...hostValues(i!)]).toEqual(places)
  }
})
