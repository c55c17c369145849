// The judge is ONNX Runtime, which knows nothing of AdderConv but the function in the file.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AttributeValue, GraphBuilder, inlineFunctions, type Model, tensorOf } from '../../graph/index.ts'
import { nets } from '../../nets/index.ts'
import { modelBytes, readModel } from '../../onnx/index.ts'
import { hostTensor, referenceRun } from '../../runtime/index.ts'
import { describeOrt, loadOrt, type OrtTensor, randomTensor, runOrt } from '../../testing/ort.ts'
import { operators } from '../index.ts'

interface Layer {
  readonly x: readonly number[]
  readonly w: readonly number[]
  readonly bias: boolean
  readonly attributes: Readonly<Record<string, AttributeValue>>
}

function network({ x, w, bias, attributes }: Layer, opset = 17): Model {
  const b = new GraphBuilder('adder', opset)
  const constant = (name: string, shape: readonly number[], seed: number) =>
    b.constant(name, tensorOf('float32', shape, randomTensor(shape, seed).data as Float32Array))
  const inputs = [b.input('x', 'float32', x), constant('w', w, 2), ...(bias ? [constant('b', [w[0]!], 3)] : [])]
  b.node('AdderConv', inputs, attributes, { domain: 'ai.kerf', outputs: ['y'] })
  b.output('y', { kind: 'tensor', elementType: 'float32', shape: x.map(() => '') })
  return b.model()
}

/** Largest difference between Kerf and ONNX Runtime, relative to the largest result. */
async function difference(model: Model, x: OrtTensor): Promise<number> {
  const feeds = new Map([['x', hostTensor('float32', x.dims, x.data as Float32Array)]])
  const ours = referenceRun(model, feeds).get('y') as { shape: readonly number[]; data: Float32Array }
  const { y } = await runOrt(modelBytes(model), { x })
  expect(y?.dims).toEqual(ours.shape)
  const theirs = y?.data as Float32Array
  const size = ours.data.reduce((m, v) => Math.max(m, Math.abs(v)), 0)
  return ours.data.reduce((m, v, i) => Math.max(m, Math.abs(v - theirs[i]!)), 0) / size
}

const checked = async (layer: Layer, opset?: number): Promise<void> => {
  expect(await difference(network(layer, opset), randomTensor(layer.x, 4))).toBeLessThan(2e-6)
}

describeOrt('the function of AdderConv in ONNX Runtime', () => {
  it.each([
    ['no attributes', { x: [1, 3, 5, 6], w: [4, 3, 3, 3], bias: false, attributes: {} }],
    ['bias', { x: [2, 3, 5, 6], w: [4, 3, 3, 2], bias: true, attributes: { pads: [1, 1, 1, 0] } }],
    ['kernel_shape', { x: [1, 3, 5, 6], w: [4, 3, 3, 2], bias: false, attributes: { kernel_shape: [3, 2] } }],
    ['strides', { x: [1, 3, 9, 8], w: [4, 3, 3, 3], bias: false, attributes: { strides: [2, 3] } }],
    [
      'dilations',
      { x: [1, 3, 9, 8], w: [4, 3, 3, 3], bias: true, attributes: { dilations: [2, 1], pads: [2, 0, 0, 1] } },
    ],
    ['groups', { x: [2, 6, 5, 5], w: [9, 2, 3, 3], bias: true, attributes: { group: 3 } }],
    ['depthwise', { x: [1, 5, 6, 6], w: [5, 1, 3, 3], bias: false, attributes: { group: 5, pads: [1, 1, 1, 1] } }],
    ['1 × 1', { x: [1, 5, 6, 6], w: [7, 5, 1, 1], bias: false, attributes: {} }],
    ['one filter', { x: [1, 2, 4, 4], w: [1, 2, 2, 2], bias: true, attributes: {} }],
    [
      'SAME_UPPER',
      { x: [1, 3, 7, 6], w: [4, 3, 4, 3], bias: false, attributes: { auto_pad: 'SAME_UPPER', strides: [2, 2] } },
    ],
    ['SAME_LOWER', { x: [1, 3, 7, 6], w: [4, 3, 4, 3], bias: true, attributes: { auto_pad: 'SAME_LOWER' } }],
    ['VALID', { x: [1, 3, 7, 6], w: [4, 3, 4, 3], bias: false, attributes: { auto_pad: 'VALID' } }],
    [
      '1-D',
      { x: [2, 4, 11], w: [6, 2, 3], bias: true, attributes: { group: 2, strides: [2], dilations: [2], pads: [1, 3] } },
    ],
    ['1-D, SAME_UPPER', { x: [1, 4, 11], w: [6, 4, 4], bias: false, attributes: { auto_pad: 'SAME_UPPER' } }],
    ['3-D', { x: [1, 2, 4, 5, 3], w: [3, 2, 2, 3, 2], bias: true, attributes: { pads: [1, 0, 1, 0, 2, 0] } }],
  ] satisfies [string, Layer][])('%s', (_, layer) => checked(layer))

  it.each([9, 10, 11, 12, 13, 15, 18, 21, 23])('opset %i', (opset) =>
    checked({ x: [2, 4, 7, 6], w: [8, 2, 3, 2], bias: true, attributes: { group: 2, pads: [0, 2, 1, 1] } }, opset),
  )

  it('agrees for any attributes', async () => {
    const axis = fc.record({
      kernel: fc.integer({ min: 1, max: 4 }),
      stride: fc.integer({ min: 1, max: 3 }),
      dilation: fc.integer({ min: 1, max: 2 }),
      begin: fc.integer({ min: 0, max: 3 }),
      end: fc.integer({ min: 0, max: 3 }),
      size: fc.integer({ min: 7, max: 10 }),
    })
    const layers = fc.record({
      axes: fc.array(axis, { minLength: 1, maxLength: 2 }),
      groups: fc.integer({ min: 1, max: 3 }),
      inputs: fc.integer({ min: 1, max: 3 }),
      filters: fc.integer({ min: 1, max: 3 }),
      batch: fc.integer({ min: 1, max: 2 }),
      bias: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(layers, ({ axes, groups, inputs, filters, batch, bias }) =>
        checked({
          x: [batch, groups * inputs, ...axes.map((a) => a.size)],
          w: [groups * filters, inputs, ...axes.map((a) => a.kernel)],
          bias,
          attributes: {
            group: groups,
            strides: axes.map((a) => a.stride),
            dilations: axes.map((a) => a.dilation),
            pads: [...axes.map((a) => a.begin), ...axes.map((a) => a.end)],
          },
        }),
      ),
      { numRuns: 40 },
    )
  })

  it('runs whole networks', async () => {
    const adder = { opType: 'AdderConv', domain: 'ai.kerf', weightDeviation: () => 1 }
    const model = nets.lenet5_bn({ batch: 2, convolution: adder })
    const session = await loadOrt(modelBytes(model))
    const [input] = session.inputs
    const x = randomTensor(input?.shape as number[], 5)
    const theirs = (await session.run({ input: x })).logits?.data as Float32Array
    await session.release()
    const feeds = new Map([['input', hostTensor('float32', x.dims, x.data as Float32Array)]])
    const ours = referenceRun(model, feeds).get('logits')?.data as Float32Array
    const size = ours.reduce((m, v) => Math.max(m, Math.abs(v)), 0)
    const worst = ours.reduce((m, v, i) => Math.max(m, Math.abs(v - theirs[i]!)), 0)
    expect(worst).toBeLessThan(1e-4 * size)
  })
})

describe('files with AdderConv', () => {
  const model = network({ x: [1, 2, 4, 4], w: [3, 2, 3, 3], bias: false, attributes: {} })

  it('carry its function, once, in a version of the format that has functions', () => {
    const twice = { ...model, irVersion: 4, graph: { ...model.graph, nodes: [...model.graph.nodes] } }
    twice.graph.nodes.push({ ...model.graph.nodes[0]!, name: 'two', outputs: ['z'] })
    const read = readModel(modelBytes(twice))
    expect(read.functions.map((f) => `${f.domain}.${f.name}`)).toEqual(['ai.kerf.AdderConv'])
    expect(read.functions[0]?.opsetImports).toEqual(new Map([['', 17]]))
    expect(read.irVersion).toBe(8)
    expect(twice.functions).toEqual([])
  })

  it('keep the function that they have', () => {
    const read = readModel(modelBytes(model))
    const own = { ...read, functions: [{ ...read.functions[0]!, docString: 'mine' }] }
    expect(readModel(modelBytes(own)).functions.map((f) => f.docString)).toEqual(['mine'])
  })

  it('are read with AdderConv as the operator', () => {
    const read = readModel(modelBytes(model))
    expect(inlineFunctions(read, operators).graph.nodes.map((n) => n.opType)).toEqual(['AdderConv'])
  })

  it('carry no function where there is no AdderConv', () => {
    const b = new GraphBuilder('plain')
    b.output(b.node('Relu', [b.input('x', 'float32', [1])], {}, { outputs: ['y'] }))
    expect(readModel(modelBytes(b.model())).functions).toEqual([])
  })

  it('are not written for old operator sets', () => {
    const old = network({ x: [1, 2, 4, 4], w: [3, 2, 3, 3], bias: false, attributes: {} }, 8)
    expect(() => modelBytes(old)).toThrow(
      'AdderConv cannot be written into a model of opset 8: the function that other runtimes need takes 9 or higher. Convert the model to opset 17 first (onnx.version_converter).',
    )
  })
})
