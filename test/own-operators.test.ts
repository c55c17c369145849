// Operators that Kerf does not have, given by its user: `withOperators`.

import { expect, it } from 'vitest'
import { differentiate } from '../src/autodiff/index.ts'
import { profileModel } from '../src/cost/index.ts'
import { GraphBuilder, type Model, type Operator, tensorOf, withOperators } from '../src/graph/index.ts'
import { operators } from '../src/ops/index.ts'
import { pruneModel } from '../src/prune/index.ts'
import { createSession, hostTensor, hostValues, referenceRun } from '../src/runtime/index.ts'

/** Y[n, c, …] = X[n, c, …] · by[c]. */
const scale: Operator<{ readonly by: readonly number[] }> = {
  name: 'Scale',
  domain: 'mine',
  inputs: ['X [N, C, …]'],
  attributes: (a) => ({ by: a.ints('by', []) }),
  infer: ({ inputs: [x] }) => [{ elementType: x?.elementType, shape: x?.shape }],
  forward: ({ attributes: { by } }, [x]) => {
    const [, channels = 1, ...spatial] = x!.shape
    const area = spatial.reduce((product, d) => product * d, 1)
    return [{ ...x!, data: Float32Array.from(x!.data, (v, i) => v * by[Math.floor(i / area) % channels]!) }]
  },
  backward: ({ attributes: { by }, gradients: [dy], emit }) => [
    emit.node('Mul', [dy!, emit.floats(by, [by.length, 1, 1])]),
  ],
  cost: ({ outputs: [y] }) => ({ muls: y!.shape!.reduce<number>((product, d) => product * Number(d), 1) }),
  channels: {
    tie: (_, ties) => ties.setOutput(0, [{ axes: [1], labels: ties.labels(0, 1) }]),
    zeros: () => [[0]],
    cut: ({ attributes: { by } }, cut) => {
      const kept = cut.keptInput(0, 1)
      if (kept)
        cut.setInts(
          'by',
          Array.from(kept, (channel) => by[channel]!),
        )
    },
  },
}

const own = withOperators(operators, [scale])

const floats = (seed: number, ...shape: number[]) =>
  tensorOf(
    'float32',
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(seed + i)),
  )

/** x [1, 2, 3, 3] → Conv of 6 channels → Scale → Conv of 2. */
function network(): Model {
  const b = new GraphBuilder('scaled')
  const x = b.input('x', 'float32', [1, 2, 3, 3])
  const wide = b.node('Conv', [x, b.constant('w1', floats(1, 6, 2, 1, 1))])
  const scaled = b.node('Scale', [wide], { by: [1, -2, 3, -4, 5, -6] }, { domain: 'mine' })
  b.output(b.node('Conv', [scaled, b.constant('w2', floats(2, 2, 6, 1, 1))], {}, { outputs: ['y'] }))
  return b.model()
}

const values = Array.from({ length: 18 }, (_, i) => Math.cos(i))
const x = hostTensor('float32', [1, 2, 3, 3], values)

/** Of every backend, with the kernels of the neighbours. */
async function outputs(model: Model): Promise<number[][]> {
  const results = [referenceRun(model, new Map([['x', x]]), { operators: own }).get('y')!]
  for (const backend of ['wasm', 'reference'] as const) {
    const session = await createSession(model, { backend, operators: own, onNotice: () => {} })
    results.push((await session.run({ x })).y!)
    await session.dispose()
  }
  return results.map((y) => Array.from(hostValues(y), Number))
}

function expectNear(found: readonly number[], expected: readonly number[]): void {
  for (const [i, v] of found.entries()) expect(v).toBeCloseTo(expected[i]!, 4)
}

it('counts them', () => {
  const layer = (of: typeof own | undefined) =>
    profileModel(network(), { operators: of }).layers.find((l) => l.op === 'mine.Scale')
  expect(layer(own)).toMatchObject({ muls: 54, reads: 54, writes: 54 })
  expect(layer(undefined)).toMatchObject({ notCounted: 'Kerf does not know this operator' })
})

it('runs them on every backend', async () => {
  const [one, ...others] = await outputs(network())
  expect(one!.every((v) => Number.isFinite(v) && v !== 0)).toBe(true)
  for (const other of others) expectNear(other, one!)
  await expect(createSession(network())).rejects.toThrow('mine.Scale "Scale_1" cannot be run')
})

it('cuts them: masked and cut networks agree', async () => {
  const { model, masked } = await pruneModel(network(), { scope: { ratio: 0.5 }, operators: own })
  const node = model.graph.nodes.find((n) => n.opType === 'Scale')!
  expect(node.attributes.get('by')).toMatchObject({ kind: 'ints', value: { length: 3 } })
  const [cut, expected] = [await outputs(model), await outputs(masked!)]
  for (const [i, found] of cut.entries()) expectNear(found, expected[i]!)
})

it('differentiates them', () => {
  const b = new GraphBuilder('loss')
  const scaled = b.node('Scale', [b.input('x', 'float32', [1, 2, 3, 3])], { by: [3, -5] }, { domain: 'mine' })
  b.output(b.node('ReduceSum', [scaled], { keepdims: 0 }, { outputs: ['loss'] }))
  const shapes = new Map([['x', [1, 2, 3, 3]]])
  const { model, gradients } = differentiate(b.model(), 'loss', ['x'], shapes, {}, own)
  const name = gradients.get('x')!
  const found = referenceRun(model, new Map([['x', x]]), { operators: own, outputs: [name] }).get(name)!
  expect(Array.from(hostValues(found), Number)).toEqual([...Array(9).fill(3), ...Array(9).fill(-5)])
  expect(() => differentiate(b.model(), 'loss', ['x'], shapes)).toThrow()
})

it('runs them in bodies', async () => {
  const body = (by: number[]) => {
    const inner = new GraphBuilder('branch')
    inner.output(inner.node('Scale', ['x'], { by }, { domain: 'mine', outputs: [`scaled_${by[0]}`] }))
    return { kind: 'graph' as const, value: inner.model().graph }
  }
  const b = new GraphBuilder('choosing')
  const given = b.input('x', 'float32', [1, 2, 3, 3])
  const sum = b.node('ReduceSum', [given], { keepdims: 0 })
  const positive = b.node('Greater', [sum, b.constant('zero', tensorOf('float32', [], [0]))])
  b.output(b.node('If', [positive], { then_branch: body([2, 2]), else_branch: body([-2, -2]) }, { outputs: ['y'] }))
  const model = b.model()
  const results = await outputs(model)
  const sign = values.reduce((total, v) => total + v, 0) > 0 ? 2 : -2
  for (const y of results)
    expectNear(
      y,
      values.map((v) => sign * v),
    )
})

it('refuses to hand them to a worker', async () => {
  await expect(createSession(network(), { worker: true, operators: own })).rejects.toMatchObject({
    code: 'bad-options',
    message: expect.stringContaining('operators'),
  })
})

it('puts them in the place of operators that there are', () => {
  const free: Operator = { ...operators.get('', 'Conv')!, cost: 'none' }
  const { totals } = profileModel(network(), { operators: withOperators(own, [free]) })
  expect(totals.macs).toBe(0)
  expect(profileModel(network(), { operators: own }).totals.macs).toBe(9 * (12 + 12))
})
