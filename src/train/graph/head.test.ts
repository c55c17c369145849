import { describe, expect, it } from 'vitest'
import { elementCount, seededRandom } from '../../base/index.ts'
import { analyse, GraphBuilder, type Model, tensorOf, tensorValues } from '../../graph/index.ts'
import { readModelFile } from '../../onnx/index.node.ts'
import { operators } from '../../ops/index.ts'
import { describeShared, sharedPath } from '../../testing/shared.ts'
import { tinyNet } from '../../testing/tiny-images.ts'
import { classifierHead, withNewHead } from './head.ts'

const shape = [3, 8, 8]
const old = 5

/** A convolution to `channels` channels, then what `head` makes of them. */
function net(head: (b: GraphBuilder, x: string) => string, channels = 7): Model {
  const b = new GraphBuilder('headed')
  const x = b.input('x', 'float32', ['N', ...shape])
  b.output(head(b, b.node('Conv', [x, stored(b, 'body', [channels, 3, 3, 3])], {}, { name: 'body_conv' })))
  return b.model()
}

function stored(b: GraphBuilder, name: string, sizes: readonly number[]): string {
  const random = seededRandom(elementCount(sizes)!)
  const values = Float32Array.from({ length: elementCount(sizes)! }, () => 9 + random.uniform())
  return b.constant(name, tensorOf('float32', sizes, values))
}

const pooled = (b: GraphBuilder, x: string) => b.node('Flatten', [b.node('GlobalAveragePool', [x])])
const named = (name: string) => [{}, { name }] as const

const heads: Record<string, (b: GraphBuilder, x: string) => string> = {
  Gemm: (b, x) =>
    b.node('Gemm', [pooled(b, x), stored(b, 'w', [old, 7]), stored(b, 'c', [old])], { transB: 1 }, { name: 'head' }),
  'Gemm, not transposed, without bias': (b, x) =>
    b.node('Gemm', [pooled(b, x), stored(b, 'w', [7, old])], ...named('head')),
  'MatMul, Add and Softmax': (b, x) => {
    const product = b.node('MatMul', [pooled(b, x), stored(b, 'w', [7, old])], ...named('head'))
    return b.node('Softmax', [b.node('Add', [product, stored(b, 'c', [1, old])], ...named('bias'))])
  },
  '1×1 Conv, Relu, pooling and Flatten': (b, x) => {
    const conv = b.node('Conv', [x, stored(b, 'w', [old, 7, 1, 1]), stored(b, 'c', [old])], ...named('head'))
    return pooled(b, b.node('Relu', [conv]))
  },
  'Conv over pooled features and Reshape to [-1, 5]': (b, x) => {
    const conv = b.node('Conv', [b.node('GlobalAveragePool', [x]), stored(b, 'w', [old, 7, 1, 1])], ...named('head'))
    return b.node('Reshape', [conv, b.ints('target', [-1, old])])
  },
  'a weight that a Transpose turns': (b, x) =>
    b.node(
      'MatMul',
      [pooled(b, x), b.node('Transpose', [stored(b, 'w', [old, 7])], { perm: [1, 0] })],
      ...named('head'),
    ),
}

const inferred = (model: Model, batch: number) =>
  analyse(model, operators, { inputShapes: new Map([['x', [batch, ...shape]]]) })
const outputOf = (model: Model, batch: number) =>
  inferred(model, batch).values.get(model.graph.outputs[0]?.name ?? '')?.shape

describe('a new classifier', () => {
  it.each(Object.keys(heads))('in place of %s', (name) => {
    const model = net(heads[name]!)
    expect(classifierHead(model, shape)).toMatchObject({ layer: 'head', classes: old })
    const three = withNewHead(model, 3, { shape, seed: 4 })
    expect(outputOf(three, 2)).toEqual([2, 3])
    expect(three.graph.nodes.map((n) => n.opType)).toEqual(
      model.graph.nodes.map((n) => n.opType).filter((op) => op !== 'Transpose' || name.startsWith('Mat')),
    )
    // ±1/√7, drawn, and not a value of before; what is before the head stays.
    const changed = [...three.graph.initializers].filter(
      ([, t]) => t.elementType === 'float32' && t.shape.includes(3) && !t.shape.includes(8),
    )
    const values = changed.filter(([n]) => n !== 'body').flatMap(([, t]) => [...tensorValues(t)])
    expect(values.length).toBe(name.includes('without') || name.includes('Reshape') || name.includes('turns') ? 21 : 24)
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(7))
    expect(new Set(values).size).toBe(values.length)
    expect(three.graph.initializers.get('body')).toBe(model.graph.initializers.get('body'))
    const numbers = (m: Model) => [
      ...tensorValues(m.graph.initializers.get([...m.graph.initializers.keys()].find((n) => n !== 'body')!)!),
    ]
    expect(numbers(withNewHead(model, 3, { shape, seed: 4 }))).toEqual(numbers(three))
    expect(numbers(withNewHead(model, 3, { shape, seed: 5 }))).not.toEqual(numbers(three))
    // More classes than before, too.
    expect(outputOf(withNewHead(model, 11, { shape }), 2)).toEqual([2, 11])
  })

  it('as wide as its input gets its own axis', () => {
    const square = net((b, x) =>
      b.node('Gemm', [pooled(b, x), stored(b, 'w', [7, 7])], { transB: 1 }, { name: 'head' }),
    )
    expect(withNewHead(square, 2, { shape }).graph.initializers.get('w')?.shape).toEqual([2, 7])
  })

  it('leaves a tensor that others read', () => {
    const shared = net((b, x) => {
      const w = stored(b, 'w', [7, 7])
      const first = b.node('MatMul', [pooled(b, x), w], ...named('first'))
      return b.node('MatMul', [first, w], ...named('head'))
    })
    const { initializers, nodes } = withNewHead(shared, 2, { shape }).graph
    expect(initializers.get('w')?.shape).toEqual([7, 7])
    expect(initializers.get(nodes.at(-1)?.inputs[1] as string)?.shape).toEqual([7, 2])
  })

  it('names what learns: layers and tensors', () => {
    expect([...classifierHead(tinyNet({ softmax: true }), [1, 8, 8]).names].sort()).toEqual(
      ['fc', 'fc.bias', 'fc.weight', 'softmax'].sort(),
    )
  })

  it.each<[string, (b: GraphBuilder, x: string) => string, RegExp]>([
    [
      'two branches',
      (b, x) => b.node('Concat', [pooled(b, x), pooled(b, x)], { axis: 1 }, { name: 'both' }),
      /^No classifier is found that could be exchanged: on the way back from the output, Concat "both" puts together 2 values\. Take a model whose first output comes from a linear layer or a convolution\.$/,
    ],
    [
      'a scale per class',
      (b, x) => b.node('Mul', [heads.Gemm!(b, x), stored(b, 's', [old])], ...named('scale')),
      /: Mul "scale" behind Gemm "head" has numbers for each of the 5 classes\./,
    ],
    ['no number per class', (_, x) => x, /: the output is \[1,7,6,6\], no number per class\./],
    [
      'groups',
      (b, x) => pooled(b, b.node('Conv', [x, stored(b, 'w', [14, 1, 1, 1])], { group: 7 }, { name: 'head' })),
      /: Conv "head" cannot be made of 3 classes: .*Take a model/,
    ],
  ])('is refused for %s, with the node', (_, head, message) => {
    expect(() => withNewHead(net(head), 3, { shape })).toThrow(message)
  })
})

describeShared('networks of torchvision', () => {
  it.each([
    ['resnet18', [512, 3]],
    ['squeezenet1_1', [3, 512, 1, 1]],
    ['mobilenet_v2', [1280, 3]],
  ])('%s', (name, weight) => {
    const model = readModelFile(sharedPath(`models/${name}.onnx`))
    const made = withNewHead(model, 3, { shape: [3, 224, 224] })
    const { names, classes } = classifierHead(made, [3, 224, 224])
    const shapes = [...names].flatMap((n) =>
      made.graph.initializers.get(n) ? [made.graph.initializers.get(n)?.shape] : [],
    )
    expect(classes).toBe(3)
    expect(shapes.map((s) => [...(s ?? [])].sort().join())).toContain([...weight].sort().join())
  })
})
