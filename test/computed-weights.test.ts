// Weights that reach their layer through nodes: transposed, dequantized, cast. Cut where they are stored.

import { expect, it } from 'vitest'
import { seededRandom } from '../src/base/index.ts'
import { float, GraphBuilder, type Model, tensorOf, tensorValues } from '../src/graph/index.ts'
import { modelBytes } from '../src/onnx/index.ts'
import { findGroups, pruneModel } from '../src/prune/index.ts'
import { describeOrt, randomTensor, runOrt } from '../src/testing/ort.ts'
import { compareOutputs } from '../src/testing/outputs.ts'

const random = seededRandom(3)
const normal = (...shape: number[]) =>
  tensorOf(
    'float32',
    shape,
    Float32Array.from({ length: shape.reduce((p, d) => p * d, 1) }, () => random.normal()),
  )

/** Linear layers whose weights are stored transposed, as older exporters write them. */
function transposed(): Model {
  const b = new GraphBuilder('transposed')
  const linear = (x: string, inputs: number, outputs: number, name: string) => {
    const w = b.node('Transpose', [b.constant(`${name}.weight`, normal(outputs, inputs))], { perm: [1, 0] })
    return b.node('MatMul', [x, w], {}, { name })
  }
  const x = b.input('x', 'float32', [2, 6])
  b.output(linear(b.node('Relu', [linear(x, 6, 8, 'one')]), 8, 3, 'two'))
  return b.model()
}

/** Convolutions with int8 weights and one scale per filter. */
function dequantized(zeroPoint: number): Model {
  const b = new GraphBuilder('dequantized')
  const conv = (x: string, inputs: number, outputs: number, name: string) => {
    const values = Int8Array.from({ length: inputs * outputs }, () => random.below(200) - 100)
    const weight = b.constant(`${name}.weight`, tensorOf('int8', [outputs, inputs, 1, 1], values))
    const scale = b.constant(
      `${name}.scale`,
      tensorOf(
        'float32',
        [outputs],
        Float32Array.from({ length: outputs }, (_, i) => 0.01 * (i + 1)),
      ),
    )
    const zero = b.constant(`${name}.zero`, tensorOf('int8', [outputs], new Int8Array(outputs).fill(zeroPoint)))
    return b.node('Conv', [x, b.node('DequantizeLinear', [weight, scale, zero], { axis: 0 })], {}, { name })
  }
  const x = b.input('x', 'float32', [1, 3, 4, 4])
  b.output(conv(b.node('LeakyRelu', [conv(x, 3, 8, 'one')], { alpha: float(0.1) }), 8, 5, 'two'))
  return b.model()
}

/** Convolutions whose weights are g · v / ‖v‖, one norm per filter, left to the runtime (torch.nn.utils.weight_norm, exported without folding). */
function weightNormalised(): Model {
  const b = new GraphBuilder('weight norm', 13)
  const conv = (x: string, inputs: number, outputs: number, name: string) => {
    const v = b.constant(`${name}.v`, normal(outputs, inputs, 3, 3))
    const lengths = Float32Array.from({ length: outputs }, (_, i) => i + 1)
    const g = b.constant(`${name}.g`, tensorOf('float32', [outputs, 1, 1, 1], lengths))
    const direction = b.node('Div', [v, b.node('ReduceL2', [v], { axes: [1, 2, 3], keepdims: 1 })])
    const w = b.node('Mul', [direction, g], {}, { outputs: [`${name}.w`] })
    return b.node('Conv', [x, w, b.constant(`${name}.bias`, normal(outputs))], { pads: [1, 1, 1, 1] }, { name })
  }
  const x = b.input('x', 'float32', [1, 3, 4, 4])
  b.output(conv(b.node('LeakyRelu', [conv(x, 3, 8, 'one')], { alpha: float(0.1) }), 8, 5, 'two'))
  return b.model()
}

async function disagreement(model: Model, shape: readonly number[], criterion: 'l1' | 'l2'): Promise<number> {
  const result = await pruneModel(model, { methods: ['filter', 'neuron'], criterion, scope: { ratio: 0.5 } })
  expect(result.groups.map((g) => [g.name, g.kept])).toEqual([['one', 4]])
  const feeds = { x: randomTensor(shape, 5) }
  const [masked, cut] = [await runOrt(modelBytes(result.masked!), feeds), await runOrt(modelBytes(result.model), feeds)]
  return compareOutputs(masked, cut)
}

describeOrt('weights behind nodes', () => {
  it('cuts a transposed weight where it is stored', async () => {
    expect(await disagreement(transposed(), [2, 6], 'l2')).toBeLessThan(1e-4)
  })

  it('cuts an int8 weight and its scales', async () => {
    expect(await disagreement(dequantized(0), [1, 3, 4, 4], 'l1')).toBeLessThan(1e-4)
  })

  it('ranks filters by what the layer sees, scales included', async () => {
    const result = await pruneModel(dequantized(0), { criterion: 'l1', scope: { ratio: 0.5 } })
    // The scales grow with the filter's number and outweigh the random values.
    const scales = tensorValues(result.model.graph.initializers.get('one.scale')!)
    expect(scales.at(-1)).toBeCloseTo(0.08)
  })

  it('computes a weight once that the network normalises, and cuts that', async () => {
    const model = weightNormalised()
    expect(await disagreement(model, [1, 3, 4, 4], 'l2')).toBeLessThan(1e-4)
    const { model: cut } = await pruneModel(model, { criterion: 'l2', scope: { ratio: 0.5 } })
    // Filter i has the norm i + 1, whatever its direction: the last four stay.
    const weights = tensorValues(cut.graph.initializers.get('one.w')!)
    const norms = [0, 1, 2, 3].map((f) => Math.hypot(...weights.subarray(27 * f, 27 * (f + 1))))
    norms.forEach((norm, f) => {
      expect(norm).toBeCloseTo(5 + f, 4)
    })
    expect(cut.graph.nodes.map((n) => n.opType)).toEqual(['Conv', 'LeakyRelu', 'Conv'])
    expect([...cut.graph.initializers.keys()].sort()).toEqual(['one.bias', 'one.w', 'two.bias', 'two.w'])
  })

  it('does not turn codes into floats that take more room', async () => {
    const model = dequantized(0)
    const { model: cut } = await pruneModel(model, { criterion: 'l1', scope: { ratio: 0.5 } })
    expect(cut.graph.initializers.get('one.weight')?.elementType).toBe('int8')
  })

  it('refuses a weight whose stored 0 is not 0', () => {
    const { groups, refused } = findGroups(dequantized(3))
    expect(groups).toEqual([])
    expect(refused.map((r) => r.why).join()).toMatch(/zero point/)
  })

  it('names a layer whose weight depends on the input', () => {
    const b = new GraphBuilder('dynamic')
    const x = b.input('x', 'float32', [1, 3, 4, 4])
    const w = b.input('w', 'float32', [4, 3, 1, 1])
    b.output(b.node('Conv', [x, w], {}, { name: 'dynamic' }))
    expect(findGroups(b.model()).refused).toEqual([
      { node: 'dynamic', why: 'its weight depends on the input', channels: 4 },
    ])
  })
})
