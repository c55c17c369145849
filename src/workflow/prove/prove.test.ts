import { beforeAll, describe, expect, it } from 'vitest'
import { KerfError, seededRandom } from '../../base/index.ts'
import { GraphBuilder, type Model, type Tensor, tensorOf, tensorValues } from '../../graph/index.ts'
import { type PruneResult, pruneModel } from '../../prune/index.ts'
import { comparedValues } from './compared-values.ts'
import { type Engine, ownEngine } from './engine.ts'
import type { Outputs } from './feeds.ts'
import { prove } from './prove.ts'

const random = seededRandom(3)
const normal = (...shape: number[]): Tensor =>
  tensorOf(
    'float32',
    shape,
    Array.from({ length: shape.reduce((p, d) => p * d, 1) }, () => random.normal()),
  )

/** Conv (8) → Relu → Conv (1), and what `end` makes of it. */
function network(end: (b: GraphBuilder, x: string) => string, bias = 0): Model {
  const b = new GraphBuilder('proved')
  const x = b.input('x', 'float32', [1, 3, 6, 6])
  const first = b.node('Relu', [b.node('Conv', [x, b.constant('first', normal(8, 3, 3, 3))])])
  const inputs = [first, b.constant('last', normal(1, 8, 1, 1)), b.constant('bias', tensorOf('float32', [1], [bias]))]
  b.output(end(b, b.node('Conv', inputs, {}, { outputs: ['logits'] })))
  return b.model()
}

/** 1e-28 and less where the logits lie around −80. */
const saturated = (bias = -80) => network((b, x) => b.node('Flatten', [b.node('Sigmoid', [x])]), bias)
const half = (model: Model) => pruneModel(model, { scope: { ratio: 0.5 } })

/** The cut network with weights that are wrong by a factor. */
function wrong(result: PruneResult, factor: number): PruneResult {
  const { graph } = result.model
  const last = graph.initializers.get('last')!
  const values = tensorValues(last).map((v) => v * factor)
  const initializers = new Map([...graph.initializers, ['last', tensorOf('float32', last.shape, values)] as const])
  return { ...result, model: { ...result.model, graph: { ...graph, initializers } } }
}

const beside = (change: (v: number, nth: number) => number): Engine => {
  let runs = 0
  return {
    run: async (model, feeds): Promise<Outputs> => {
      const outputs = await ownEngine().run(model, feeds)
      runs++
      return new Map([...outputs].map(([name, t]) => [name, { ...t, values: t.values.map((v) => change(v, runs)) }]))
    },
  }
}

describe('masked = cut, by the runtime here', () => {
  it('holds for a network that ends saturated, compared in front of that', async () => {
    const result = await half(saturated())
    expect(comparedValues(result).map((c) => c.name)).toEqual(['logits'])
    const { check, allowed } = await prove(result)
    expect(check?.maxRelDiff).toBeLessThan(1e-6)
    expect(allowed).toBe(1e-4)
  })

  it.each([saturated(), network((_, x) => x), network((b, x) => b.node('Relu', [x]), -1000)])(
    'finds a cut that is wrong by a thousandth, whatever the network ends with (%#)',
    async (model) => {
      const result = await half(model)
      // The bias, which is right, is most of the logits of some: so it is a thousandth of them that is wrong.
      const { graph } = result.model
      const bias = tensorValues(graph.initializers.get('bias')!)[0]!
      const initializers = new Map([...graph.initializers, ['bias', tensorOf('float32', [1], [bias * 1.001])] as const])
      const changed = { ...result, model: { ...result.model, graph: { ...graph, initializers } } }
      await expect(prove(wrong(changed, 1.001))).rejects.toThrow(
        /^The cut network differs from the masked one by .*e-[34] of its largest output; 1\.0e-4 is allowed\. Nothing was written\./,
      )
    },
  )

  it('allows what another rounding of the input does to a network that amplifies it, and says so', async () => {
    const loud = network((b, x) =>
      b.node('Sin', [b.node('Mul', [x, b.constant('loud', tensorOf('float32', [], [3e4]))])]),
    )
    const { check, allowed, why } = await prove(wrong(await half(loud), 1 + 2 ** -22))
    expect(check?.maxRelDiff).toBeGreaterThan(1e-4)
    expect(allowed).toBeGreaterThan(1e-2)
    expect(why).toMatch(
      /^The network amplifies rounding: .* was allowed, 16 times what another rounding of the input does\.$/,
    )
  })

  it('takes sizes that the file leaves open as they are given', async () => {
    const b = new GraphBuilder('open')
    const x = b.input('x', 'float32', ['N', 3, 'h', 'w'])
    const first = b.node('Conv', [x, b.constant('first', normal(8, 3, 3, 3))])
    b.output(b.node('Sigmoid', [b.node('Conv', [first, b.constant('last', normal(2, 8, 1, 1))])]))
    const input = new Map([['', [2, 3, 5, 4]]])
    const result = await pruneModel(b.model(), { scope: { ratio: 0.5 }, inputs: input })
    expect((await prove(result, { inputs: input })).check?.maxRelDiff).toBeLessThan(1e-6)
  })

  it('compares outputs that may shrink by what survives of them, also in front of a Relu', async () => {
    const b = new GraphBuilder('outputs')
    const x = b.input('x', 'float32', [1, 3, 4, 4])
    b.output(b.node('Relu', [b.node('Conv', [x, b.constant('w', normal(8, 3, 1, 1))])]))
    const result = await pruneModel(b.model(), { scope: { ratio: 0.5 }, outputsMayShrink: true })
    expect((await prove(result)).check?.maxRelDiff).toBeLessThan(1e-6)
  })
})

describe('a value that is infinite inside the network', () => {
  /**
   * Means over two pixels of three channels, 3e38 both in the second: their sum leaves float32, in ONNX's reference and in ONNX Runtime, too. A linear layer
   * reads the second by small weights, which are cut, and are 0 in the masked network. Another output is the maximum of x.
   */
  function overflowing(others: boolean): Model {
    const b = new GraphBuilder('overflowing', 13)
    const x = b.input('x', 'float32', [1, 3, 1, 2])
    const scalar = (value: number) => b.constant(`scalar${value}`, tensorOf('float32', [], [value]))
    const ones = b.node('Exp', [b.node('Mul', [x, scalar(0)])])
    const large = b.node('Mul', [ones, b.constant('sizes', tensorOf('float32', [3, 1, 1], [1, 3e38, 2]))])
    const means = b.node('GlobalAveragePool', [large], {}, { outputs: ['means'] })
    const last = b.constant('last', tensorOf('float32', [2, 3], [1, 0.01, 2, 3, 0.01, 4]))
    b.output(b.node('Gemm', [b.node('Flatten', [means]), last], { transB: 1 }))
    if (others) b.output(b.node('Mul', [b.node('GlobalMaxPool', [x]), scalar(2)], {}, { outputs: ['largest'] }))
    return b.model()
  }
  const narrowed = (others: boolean) => pruneModel(overflowing(others), { methods: ['input'], scope: { ratio: 1 / 3 } })

  it('makes NaN of masked outputs, of which the cut ones have none: the others are compared, and it is told', async () => {
    const { check, why } = await prove(await narrowed(true))
    expect(check).toEqual({ maxAbsDiff: 0, maxRelDiff: 0 })
    expect(why).toBe(
      'On random input "means" is infinite inside the network, and 0 times that no number: 2 of 5 values of its outputs could not be compared.',
    )
  })

  it('leaves nothing to compare where that is all', async () => {
    expect(await prove(await narrowed(false))).toEqual({
      check: null,
      why: 'The result was not checked: on random input no output of the network holds a finite number, as "means" is infinite inside.',
    })
  })

  it('excuses no other difference, nor NaN that comes from nowhere or is in the cut network alone', async () => {
    const result = await narrowed(true)
    const off = await half(network((_, x) => x))
    const nth = (n: number, value: (v: number, i: number) => number): Engine => {
      let runs = 0
      return {
        async run(model, feeds) {
          const outputs = await ownEngine().run(model, feeds)
          if (++runs !== n) return outputs
          return new Map([...outputs].map(([name, t]) => [name, { ...t, values: t.values.map(value) }]))
        },
      }
    }
    for (const [given, own] of [
      [result, nth(2, (v) => v * 1.001)],
      [off, nth(1, (v, i) => (i === 0 ? Number.NaN : v))],
      [off, nth(2, (v, i) => (i === 0 ? Number.NaN : v))],
    ] as const)
      await expect(prove(given, { own })).rejects.toThrow(/^The cut network differs from the masked one by /)
  })
})

it('outputs whose channels are moved behind a Relu are compared by what survives in front of it', async () => {
  const b = new GraphBuilder('moved')
  const x = b.input('x', 'float32', [1, 3, 4, 4])
  const first = b.node('Relu', [b.node('Conv', [x, b.constant('w', normal(8, 3, 1, 1))], {}, { outputs: ['conv'] })])
  b.output(b.node('Gather', [first, b.ints('turned', [7, 6, 5, 4, 3, 2, 1, 0])], { axis: 1 }))
  const result = await pruneModel(b.model(), { scope: { ratio: 0.4 }, outputsMayShrink: true })
  expect(comparedValues(result).map((c) => c.name)).toEqual(['conv'])
  expect((await prove(result)).check?.maxRelDiff).toBeLessThan(1e-6)
})

describe('another runtime beside it', () => {
  let result: PruneResult
  beforeAll(async () => {
    result = await half(saturated(-2))
  })
  const other = (engine: Engine) => ({ beside: async () => engine })

  it('is a doubt where it alone finds a difference', async () => {
    const noisy = beside((v, nth) => v * (1 + (nth % 2) / 100))
    const { check, why } = await prove(result, other(noisy))
    expect(check?.maxRelDiff).toBeLessThan(1e-6)
    expect(why).toMatch(
      /^A doubt: in ONNX Runtime the two networks differ by 9\.9e-3 of the largest output\. Kerf's own/,
    )
    const refusing = beside((v, nth) => {
      if (nth === 2) throw new KerfError('runtime-refused', 'ONNX Runtime cannot load the network: so.')
      return v
    })
    expect((await prove(result, other(refusing))).why).toBe(
      'A doubt: ONNX Runtime runs the masked network and not the cut one (ONNX Runtime cannot load the network: so).',
    )
  })

  it('decides where the runtime here cannot run the network; where neither can, nothing is written', async () => {
    const own: Engine = { run: () => Promise.reject(new KerfError('unsupported', 'Foo "foo" cannot be run.')) }
    expect((await prove(result, { own, ...other(ownEngine()) })).check).not.toBeNull()
    const noisy = beside((v, nth) => (nth === 2 ? 1.01 * v : v))
    await expect(prove(result, { own, ...other(noisy) })).rejects.toThrow(
      /^Kerf cannot run this network\. In ONNX Runtime the cut network differs/,
    )
    await expect(prove(result, { own })).rejects.toThrow(
      'Foo "foo" cannot be run. Nothing was written, because it cannot be checked; --no-check writes it unchecked.',
    )
  })
})
