import { describe, expect, it } from 'vitest'
import { namePattern, seededRandom } from '../base/index.ts'
import { type AttributeValue, GraphBuilder, type Model, tensorOf, validated } from '../graph/index.ts'
import { modelBytes } from '../onnx/index.ts'
import { createSession, hostTensor, hostValues } from '../runtime/index.ts'
import { hasOrt, runOrt } from '../testing/ort.ts'
import { rewriteModel } from './index.ts'

/* Layers that become several smaller ones in a row: of all ranks they give what they gave, of fewer they lose what the singular values say. */

const kinds = ['separable', 'low-rank', 'low-rank-space', 'tucker'] as const
const everything = namePattern('*')

interface Layer {
  readonly x?: readonly number[]
  readonly w: readonly number[]
  readonly bias?: boolean
  readonly attributes?: Record<string, AttributeValue>
}

/** One convolution "c" of random weights, with a BatchNormalization and a residual behind where the shapes allow it. */
function network({ x = [2, 4, 9, 8], w, bias = false, attributes = {} }: Layer): Model {
  const random = seededRandom(7)
  const draw = (shape: readonly number[]) =>
    tensorOf('float32', shape, Float64Array.from({ length: shape.reduce((p, d) => p * d, 1) }, random.normal))
  const b = new GraphBuilder('one')
  const input = b.input('x', 'float32', x)
  const weights = [b.constant('w', draw(w)), ...(bias ? [b.constant('bias', draw([w[0]!]))] : [])]
  b.output(b.node('Conv', [input, ...weights], attributes, { name: 'c', outputs: ['y'] }))
  return b.model()
}

async function outputs(model: Model, x: readonly number[] = [2, 4, 9, 8]): Promise<Float64Array> {
  const random = seededRandom(8)
  const data = Float32Array.from({ length: x.reduce((p, d) => p * d, 1) }, random.normal)
  if (hasOrt) {
    const { y } = await runOrt(modelBytes(model), { x: { type: 'float32', dims: x, data } })
    return Float64Array.from(y!.data as Float32Array)
  }
  const session = await createSession(model)
  const { y } = await session.run({ x: hostTensor('float32', x, data) })
  session.dispose()
  return hostValues(y!)
}

const relative = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let [difference, size] = [0, 0]
  for (let i = 0; i < a.length; i++) {
    difference += (a[i]! - b[i]!) ** 2
    size += a[i]! ** 2
  }
  return Math.sqrt(difference / size)
}

const layers: readonly [string, Layer][] = [
  ['a bias, and padding', { w: [6, 4, 3, 3], bias: true, attributes: { pads: [1, 1, 1, 1] } }],
  [
    'steps, and padding that is not the same on all sides',
    { w: [6, 4, 3, 5], attributes: { strides: [2, 3], pads: [0, 2, 1, 3] } },
  ],
  ['distance between taps', { w: [5, 4, 3, 2], bias: true, attributes: { dilations: [2, 3], pads: [2, 0, 2, 3] } }],
  ['auto_pad', { w: [6, 4, 3, 2], bias: true, attributes: { auto_pad: 'SAME_UPPER', strides: [2, 1] } }],
  ['auto_pad the other way', { w: [6, 4, 4, 2], attributes: { auto_pad: 'SAME_LOWER', strides: [1, 2] } }],
  ['auto_pad that pads nothing', { w: [6, 4, 2, 3], attributes: { auto_pad: 'VALID', kernel_shape: [2, 3] } }],
  ['groups', { w: [6, 2, 3, 3], bias: true, attributes: { group: 2, pads: [1, 1, 1, 1] } }],
  [
    'three axes',
    { x: [1, 2, 5, 6, 4], w: [3, 2, 2, 3, 3], attributes: { pads: [0, 1, 1, 1, 1, 1], strides: [1, 2, 1] } },
  ],
  ['one axis', { x: [2, 4, 11], w: [5, 4, 3], bias: true, attributes: { pads: [1, 2], strides: [2] } }],
  ['one input channel', { x: [2, 1, 9, 8], w: [6, 1, 5, 5], bias: true }],
]

for (const kind of kinds)
  describe(kind, () => {
    it.each(layers)('of full rank gives what the layer gave: %s', async (what, layer) => {
      const model = network(layer)
      if (kind === 'low-rank-space' && what === 'one axis') {
        await expect(rewriteModel(model, kind)).rejects.toThrow('c: it convolves along one axis')
        return
      }
      const { model: made, swapped } = await rewriteModel(model, kind, { layers: everything, target: { energy: 1 } })
      expect(validated(made)).toBe(made)
      const { nodes, weightError, facts } = swapped[0]!
      expect(nodes).toHaveLength(kind === 'tucker' ? 3 : 2)
      // The last one has the layer's name, output and bias; no other has a bias.
      expect(made.graph.nodes.map((n) => n.inputs.length)).toEqual(nodes.map((n) => (n === 'c' && layer.bias ? 3 : 2)))
      expect(weightError).toBeLessThan(1e-6)
      expect(facts.energy).toBeCloseTo(1, 10)
      expect(relative(await outputs(model, layer.x), await outputs(made, layer.x))).toBeLessThan(1e-6)
    })

    it.each([1, 2, 3])('of rank %i loses what the singular values say', async (rank) => {
      const model = network({ w: [6, 4, 3, 3], attributes: { group: 1 } })
      const settings = { rank: kind === 'tucker' ? [rank, rank + 1] : rank }
      const { model: made, swapped } = await rewriteModel(model, kind, { settings })
      const { weightError = 0, facts } = swapped[0]!
      expect(weightError).toBeGreaterThan(0.1)
      expect(weightError).toBeCloseTo(Math.sqrt(1 - Number(facts.energy)), 6)
      expect(weightError).toBeCloseTo(await errorByImpulses(model, made), 6)
    })

    it('takes weights of any kind, in any place, and halves', async () => {
      const b = new GraphBuilder('half')
      const weight = tensorOf('float16', [6, 4, 3, 3], Float64Array.from({ length: 216 }, seededRandom(1).normal))
      const w = b.node('Constant', [], { value: { kind: 'tensor', value: weight } })
      b.output(b.node('Conv', [b.input('x', 'float16', [1, 4, 5, 5]), w], {}, { name: 'c', outputs: ['y'] }))
      const { model: made, swapped } = await rewriteModel(b.model(), kind, {
        layers: everything,
        target: { energy: 1 },
      })
      expect(swapped[0]?.weightError).toBeLessThan(1e-3)
      expect(new Set([...made.graph.initializers.values()].map((t) => t.elementType))).toEqual(new Set(['float16']))
      expect(validated(made)).toBe(made)
    })
  })

/** ‖W − W′‖ ÷ ‖W‖ of layers of 3×3 on 4 channels, by what they make of a 1 at each place of each channel. */
async function errorByImpulses(a: Model, b: Model): Promise<number> {
  const images = 4
  const x = new Float32Array(images * 4 * 5 * 5)
  for (let c = 0; c < 4; c++) x[(c * 4 + c) * 25 + 12] = 1
  const run = async (model: Model) => {
    const session = await createSession(withInput(model, [images, 4, 5, 5]))
    const { y } = await session.run({ x: hostTensor('float32', [images, 4, 5, 5], x) })
    session.dispose()
    return hostValues(y!)
  }
  return relative(await run(a), await run(b))
}

const withInput = (model: Model, shape: readonly number[]): Model => ({
  ...model,
  graph: {
    ...model.graph,
    inputs: model.graph.inputs.map((i) => ({ ...i, type: { kind: 'tensor', elementType: 'float32', shape } as const })),
    outputs: model.graph.outputs.map(({ name }) => ({ name, type: undefined })),
  },
})

/*
 * import numpy as np
 * M, C, K, L = 6, 4, 3, 2
 * w = np.array([(7 * i + i * i % 13 + i % 5) % 19 - 9 for i in range(M * C * K * L)], dtype=np.float64).reshape(M, C, K, L)
 * def tail(a, r):
 *     return float(np.sqrt((np.linalg.svd(a, compute_uv=False)[r:] ** 2).sum() / (w ** 2).sum()))
 * def separable(r):
 *     return float(np.sqrt(sum((np.linalg.svd(w[:, c].reshape(M, -1), compute_uv=False)[r:] ** 2).sum() for c in range(C)) / (w ** 2).sum()))
 * def tucker(r1, r2):
 *     u = np.linalg.svd(w.transpose(1, 0, 2, 3).reshape(C, -1))[0][:, :r1]
 *     v = np.linalg.svd(w.reshape(M, -1))[0][:, :r2]
 *     p = np.einsum('oq,pq,cr,dr,pdkl->ockl', v, v, u, u, w)
 *     return float(np.linalg.norm(w - p) / np.linalg.norm(w))
 * print([['separable', r, separable(r)] for r in (1, 3, 5)])
 * print([['low-rank', r, tail(w.reshape(M, -1), r)] for r in (1, 3, 5)])
 * print([['low-rank-space', r, tail(w.transpose(1, 2, 0, 3).reshape(C * K, -1), r)] for r in (1, 5, 11)])
 * print([['tucker', [a, b], tucker(a, b)] for a, b in ((1, 1), (3, 2), (4, 5))])
 */
const numpy: readonly (readonly [(typeof kinds)[number], number | readonly number[], number])[] = [
  ['separable', 1, 0.7371682207180681],
  ['separable', 3, 0.3156092246072236],
  ['separable', 5, 0.0752103550055006],
  ['low-rank', 1, 0.8544182943828414],
  ['low-rank', 3, 0.5418320107367152],
  ['low-rank', 5, 0.2522618623450192],
  ['low-rank-space', 1, 0.8700058695200805],
  ['low-rank-space', 5, 0.438043795613327],
  ['low-rank-space', 11, 0.0014695737231408103],
  ['tucker', [1, 1], 0.91988228105307],
  ['tucker', [3, 2], 0.7437792041604547],
  ['tucker', [4, 5], 0.2522618623450191],
]

it.each(numpy)('%s of rank %j loses what NumPy says', async (kind, rank, expected) => {
  const b = new GraphBuilder('numpy')
  const values = Float64Array.from({ length: 144 }, (_, i) => ((7 * i + ((i * i) % 13) + (i % 5)) % 19) - 9)
  const w = b.constant('w', tensorOf('float32', [6, 4, 3, 2], values))
  b.output(b.node('Conv', [b.input('x', 'float32', [1, 4, 5, 5]), w], {}, { name: 'c', outputs: ['y'] }))
  const { swapped } = await rewriteModel(b.model(), kind, { settings: { rank } })
  expect(swapped[0]?.weightError).toBeCloseTo(expected, 6)
})
