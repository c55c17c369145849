import { describe, expect, it } from 'vitest'
import { differentiate } from '../src/autodiff/index.ts'
import { analyse, editGraph, GraphBuilder, graphInputs, type Model } from '../src/graph/index.ts'
import { operators } from '../src/ops/index.ts'
import { pruneModel } from '../src/prune/index.ts'
import { quantizeAdderLayers } from '../src/quantize/index.ts'
import { rewriteModel } from '../src/rewrite/index.ts'
import { weightsFor } from '../src/testing/weights.ts'
import { withNewHead } from '../src/train/index.ts'

/*
 * With IR version 3, ONNX lists initializers among the graph's inputs, with their types. Whatever Kerf does to such a file, the result is one, too.
 */

function network(): Model {
  const b = new GraphBuilder('old', 13)
  const values = weightsFor(b, Math.sin)
  const x = b.input('x', 'float32', [1, 2, 6, 6])
  const first = b.node('Conv', [x, values('first.weight', 4, 2, 3, 3)], { pads: [1, 1, 1, 1] }, { name: 'first' })
  const second = b.node('Conv', [first, values('second.weight', 4, 4, 3, 3)], {}, { name: 'second' })
  const flat = b.node('Flatten', [b.node('GlobalAveragePool', [second])])
  b.output(b.node('Gemm', [flat, values('fc.weight', 3, 4), values('fc.bias', 3)], { transB: 1 }, { name: 'fc' }))
  const model = { ...b.model(), irVersion: 3 }
  const editor = editGraph(model)
  for (const [name, tensor] of model.graph.initializers) editor.set(name, tensor)
  return editor.model()
}

const second = { text: 'second', matches: (name: string) => name === 'second' }
const swapped = async () => (await rewriteModel(network(), 'adder', { layers: second })).model

const ways: Readonly<Record<string, () => Model | Promise<Model>>> = {
  'pruning inputs': async () => (await pruneModel(network(), { methods: ['input'], scope: { ratio: 0.5 } })).model,
  'pruning filters': async () => (await pruneModel(network(), { scope: { ratio: 0.5 } })).model,
  'an adder layer': swapped,
  'codes of few bits': async () => {
    const model = await swapped()
    const ranges = new Map(model.graph.nodes.filter((n) => n.opType === 'AdderConv').map((n) => [n, { lo: -1, hi: 1 }]))
    return quantizeAdderLayers(analyse(model, operators), ranges, 6).model
  },
  'another classifier': () => withNewHead(network(), 5, { shape: [2, 6, 6] }),
  gradients: () => {
    const model = network()
    const editor = editGraph(model)
    const logits = model.graph.outputs[0]!.name
    editor.input('fc.weight', 'float32', [3, 4])
    editor.node('ReduceSum', [logits], { keepdims: 0 }, { name: 'loss', outputs: ['loss'] })
    const shapes = new Map([
      ['x', [1, 2, 6, 6]],
      ['fc.weight', [3, 4]],
    ])
    return differentiate(editor.output('loss').model(), 'loss', ['fc.weight'], shapes).model
  },
}

describe('a file of IR version 3', () => {
  it.each(Object.keys(ways))('lists its initializers among its inputs after %s', async (way) => {
    const { irVersion, graph } = await ways[way]!()
    expect(irVersion).toBe(3)
    const listed = new Map(graph.inputs.map((i) => [i.name, i.type?.kind === 'tensor' ? i.type.shape : undefined]))
    expect([...graph.initializers].map(([name]) => [name, listed.get(name)])).toEqual(
      [...graph.initializers].map(([name, { shape }]) => [name, shape]),
    )
    // And nothing but what must be fed besides.
    expect(graphInputs(graph).length + graph.initializers.size).toBe(graph.inputs.length)
  })
})
