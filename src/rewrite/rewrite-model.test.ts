import { describe, expect, it } from 'vitest'
import { GraphBuilder, type Model, nodeLabel, tensorOf, tensorValues, validated } from '../graph/index.ts'
import { createSession, hostTensor } from '../runtime/index.ts'
import { abortedAfter } from '../testing/aborting.ts'
import {
  convolutionRefusal,
  numberSetting,
  type Rewrite,
  rewriteModel,
  rewriteOf,
  rewrites,
  swappableLayers,
} from './index.ts'

/** Three 1×1 convolutions in a row, the second without a name. */
function network(): Model {
  const b = new GraphBuilder('row')
  const weight = (name: string, factor: number) =>
    b.constant(
      name,
      tensorOf(
        'float32',
        [2, 2, 1, 1],
        [1, 2, 3, 4].map((v) => v * factor),
      ),
    )
  const first = b.node('Conv', [b.input('x', 'float32', [1, 2, 1, 1]), weight('w1', 1)], {}, { name: 'a' })
  b.node('Conv', [first, weight('w2', 0.5)], {}, { name: '', outputs: ['middle'] })
  b.output(b.node('Conv', ['middle', weight('w3', -1)], {}, { name: 'c', outputs: ['y'] }))
  return b.model()
}

/** W = ½W + ½W by two layers and a sum: several nodes in the place of one, with weights made of trained ones. */
const halves: Rewrite<{ readonly part: number }> = {
  ...{ name: 'halves', title: 'two halves each', summary: 'A layer becomes two.', source: '' },
  settings: { part: numberSetting(0.5, 'of the weights in the first', { least: 0, most: 2 }) },
  ...{ opset: 7, facts: { part: 'Part' } },
  refusal: (layer, { part }) =>
    convolutionRefusal(layer) ?? (part > 1 ? { code: 'part', why: 'more than all' } : undefined),
  kept: ({ place }) => (place === 'last' ? 'the last stays' : undefined),
  async replace({ name, node }, { editor, settings: { part }, turn }) {
    await turn()
    const [x, weight] = node.inputs as [string, string]
    const tensor = editor.initializers.get(weight)!
    const half = (wish: string, factor: number) =>
      editor.constant(
        `${weight}_${wish}`,
        tensorOf(
          'float32',
          tensor.shape,
          tensorValues(tensor).map((v) => v * factor),
        ),
      )
    const weights = [half('left', part), half('right', 1 - part)]
    const sums = weights.map((w) => editor.node('Conv', [x, w], {}, { name: `${name}_${w}` }))
    editor.node('Add', sums, {}, { name, outputs: node.outputs })
    return { parameters: weights.map((w) => ({ name: w, from: `${part} of the layer` })), facts: { part } }
  },
}

async function result(model: Model): Promise<number[]> {
  const session = await createSession(model)
  const { y } = await session.run({ x: hostTensor('float32', [1, 2, 1, 1], [1, -1]) })
  session.dispose()
  return [...(y!.data as Float32Array)]
}

describe('a rewrite of one’s own', () => {
  it('puts nodes in the place of one, with weights of the trained ones, and says what it did', async () => {
    const model = network()
    const { model: rewritten, swapped, kept, refused } = await rewriteModel(model, halves, { settings: { part: 0.25 } })
    expect(validated(rewritten)).toBe(rewritten)
    expect(rewritten.graph.nodes.map(nodeLabel)).toEqual([
      ...['a_w1_left', 'a_w1_right', 'a', 'middle_w2_left', 'middle_w2_right', 'middle', 'c'],
    ])
    // W1·(1, −1) = (−1, −1), ½W·that = (−1.5, −3.5), −W·that.
    expect(await result(model)).toEqual([8.5, 18.5])
    expect(await result(rewritten)).toEqual([8.5, 18.5])
    expect(swapped.map((l) => l.node)).toEqual(['a', 'middle'])
    expect(swapped[0]).toEqual({
      ...{ node: 'a', nodes: ['a_w1_left', 'a_w1_right', 'a'], facts: { part: 0.25 } },
      parameters: ['w1_left', 'w1_right'].map((name) => ({ name, from: '0.25 of the layer', shape: [2, 2, 1, 1] })),
    })
    expect([kept, refused]).toEqual([[{ node: 'c', why: 'the last stays' }], []])
    expect([...rewritten.graph.initializers.keys()]).toEqual(['w3', 'w1_left', 'w1_right', 'w2_left', 'w2_right'])
  })

  it('takes what is asked for, by settings that it has', async () => {
    const all = { text: '*', matches: () => true }
    expect((await rewriteModel(network(), halves, { layers: all })).swapped).toHaveLength(3)
    await expect(rewriteModel(network(), halves, { settings: { part: 2 } })).rejects.toMatchObject({
      ...{ code: 'nothing-to-swap', message: expect.stringContaining('middle: more than all') },
      details: { refused: [{ node: 'a', code: 'part', why: 'more than all' }, { node: 'middle' }, { node: 'c' }] },
    })
    const rank = { rank: 3 } as object
    await expect(rewriteModel(network(), halves, { settings: rank })).rejects.toMatchObject({
      ...{ code: 'unknown-setting', message: 'The rewrite halves has no setting "rank". It has: part.' },
    })
  })

  it('that leaves another graph than it should is told so', async () => {
    const bad = (replace: Rewrite['replace']) =>
      rewriteModel(network(), { ...halves, settings: {}, replace } as Rewrite)
    await expect(bad(() => ({ parameters: [] }))).rejects.toMatchObject({
      code: 'bad-rewrite',
      message:
        'The rewrite halves leaves "a_output" of a to be made by nothing. What stands in a layer\'s place makes what it made.',
    })
    const twice = bad(({ node }, { editor }) => {
      editor.node('Concat', [node.inputs[0]!, node.inputs[0]!], { axis: 2 }, { outputs: node.outputs })
      return { parameters: [] }
    })
    await expect(twice).rejects.toThrow('makes "a_output" of a [1,2,2,1], which was [1,2,1,1].')
  })

  it('is stopped between layers', async () => {
    const told = await abortedAfter(1, (task) => rewriteModel(network(), halves, task))
    expect(told).toEqual([{ what: 'rewriting', done: 1, total: 2, unit: 'layers' }])
  })
})

it('rewrites are found by name; one that there is not is an error with those that there are', async () => {
  expect(new Set(rewrites.map((r) => r.name)).size).toBe(rewrites.length)
  for (const rewrite of rewrites) expect(rewriteOf(rewrite.name)).toBe(rewrite)
  await expect(rewriteModel(network(), 'ader')).rejects.toMatchObject({
    code: 'unknown-rewrite',
    message: `There is no rewrite "ader". Did you mean "adder"? There are: ${rewrites.map((r) => r.name).join(', ')}; or give an object of your own.`,
  })
})

describe('swappableLayers', () => {
  it('says of every layer what the rewrite says of it', () => {
    expect(swappableLayers(network(), halves)).toEqual([
      { node: 'a' },
      { node: 'middle' },
      { node: 'c', kept: 'the last stays' },
    ])
    expect(swappableLayers(network(), halves, { settings: { part: 1.5 } }).map((l) => l.refused)).toEqual(
      Array(3).fill('more than all'),
    )
  })

  it('leaves out what is no convolution, and refuses what `rewriteModel` refuses', () => {
    const b = new GraphBuilder('mixed')
    const w = b.constant('w', tensorOf('float32', [2, 2, 1, 1], [1, 2, 3, 4]))
    const x = b.node('Relu', [b.input('x', 'float32', [1, 2, 4, 4])], {}, { name: 'relu' })
    b.output(b.node('Conv', [x, w], {}, { name: 'conv' }))
    expect(swappableLayers(b.model(), 'separable')).toEqual([
      { node: 'conv', refused: 'it is 1×1: there is nothing to separate' },
    ])
    expect(() => swappableLayers(b.model(), 'separable', { settings: { rank: 0 } })).toThrow(/cannot be 0/)
    expect(() => swappableLayers(b.model(), 'nonsense')).toThrow(/nonsense/)
  })
})
