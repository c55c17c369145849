import { describe, expect, it } from 'vitest'
import { KerfError } from '../base/index.ts'
import { float, GraphBuilder, type Model, type Tensor, tensorOf } from '../graph/index.ts'
import { hostTensor, referenceRun } from '../runtime/index.ts'
import { differentiate } from './index.ts'

const scalar = (type: Tensor['elementType'], value: number) => tensorOf(type, [], [value])

/** The sum of what `make` makes of x, a vector of `size`. */
function summed(size: number, make: (b: GraphBuilder, x: string) => string, opset = 17): Model {
  const b = new GraphBuilder('net', opset)
  const y = make(b, b.input('x', 'float32', [size]))
  b.output(b.node('ReduceSum', [y], { keepdims: 0 }, { outputs: ['loss'] }))
  return b.model()
}

const shapesFor = (size: number) => new Map([['x', [size]]])

function gradientAt(model: Model, ...x: number[]): number[] {
  const { model: both, gradients } = differentiate(model, 'loss', ['x'], shapesFor(x.length))
  const name = gradients.get('x')!
  const feeds = new Map([['x', hostTensor('float32', [x.length], x)]])
  return Array.from(referenceRun(both, feeds, { outputs: [name] }).get(name)?.data as Float32Array)
}

function thrown(f: () => unknown): KerfError {
  try {
    f()
  } catch (error) {
    if (error instanceof KerfError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('where gradients end', () => {
  it.each(['Floor', 'Ceil', 'Round', 'Sign', 'RandomNormalLike'])(
    'none comes through %s, and that is no error',
    (op) => {
      const model = summed(3, (b, x) => b.node('Add', [b.node('Mul', [x, x]), b.node(op, [x])]))
      const { model: both, gradients } = differentiate(model, 'loss', ['x'], shapesFor(3))
      expect(gradients.get('x')).toBeDefined()
      if (op !== 'RandomNormalLike') expect(gradientAt(model, -1.25, 0.75, 3)).toEqual([-2.5, 1.5, 6])
      expect(both.graph.nodes.length).toBeGreaterThan(model.graph.nodes.length)
    },
  )

  it('sizes, positions and conditions that are made of x carry none', () => {
    const model = summed(4, (b, x) => {
      const size = b.node('Cast', [b.node('Shape', [x])], { to: 1 })
      const place = b.node('Cast', [b.node('ArgMax', [x], { axis: 0 })], { to: 1 })
      const chosen = b.node('Where', [b.node('Greater', [x, b.constant('c', scalar('float32', 0))]), x, size])
      return b.node('Add', [b.node('Mul', [chosen, size]), place])
    })
    expect(gradientAt(model, 1, -1, 2, -3)).toEqual([4, 0, 4, 0])
  })

  it('a value that the loss does not depend on gets zeros', () => {
    const model = summed(2, (b, x) => b.node('Floor', [x]))
    expect(gradientAt(model, 1.5, 2.5)).toEqual([0, 0])
  })

  it('the node that passes none is named', () => {
    const model = summed(4, (b, x) => {
      b.node('DynamicQuantizeLinear', [x], {}, { name: 'measure', outputs: ['codes', 'scale', 'zero'] })
      return 'scale'
    })
    const error = thrown(() => differentiate(model, 'loss', ['x'], shapesFor(4)))
    expect(error.code).toBe('not-differentiable')
    expect(error.message).toBe(
      'DynamicQuantizeLinear "measure": no gradient passes through this operator. Train only what comes behind it, or replace it.',
    )
    expect(error.details).toMatchObject({ opType: 'DynamicQuantizeLinear', node: 'measure' })
  })
})

describe('Dropout', () => {
  const dropped = (outputs: string[]) =>
    summed(4, (b, x) => {
      const [ratio, training] = [
        b.constant('ratio', scalar('float32', 0.75)),
        b.constant('training', scalar('bool', 1)),
      ]
      b.node('Dropout', [x, ratio, training], {}, { name: 'drop', outputs })
      return b.node('Mul', [outputs[0]!, x])
    })

  it('passes in training what the mask kept, scaled like it', () => {
    const { model, gradients } = differentiate(dropped(['y', 'mask']), 'loss', ['x'], shapesFor(4))
    const name = gradients.get('x')!
    // The reference draws no random numbers: what the node would have drawn is given.
    const nodes = model.graph.nodes.filter((node) => node.name !== 'drop')
    const given = {
      ...model,
      graph: {
        ...model.graph,
        nodes,
        initializers: new Map([
          ...model.graph.initializers,
          ['y', tensorOf('float32', [4], [4, 0, 0, 16])] as const,
          ['mask', tensorOf('bool', [4], [1, 0, 0, 1])] as const,
        ]),
      },
    }
    const feeds = new Map([['x', hostTensor('float32', [4], [1, 2, 3, 4])]])
    // d(y·x)/dx = y + x·mask/(1 − 0.75)
    expect(referenceRun(given, feeds, { outputs: [name] }).get(name)?.data).toEqual(Float32Array.of(8, 0, 0, 32))
  })

  it('needs its mask in training', () => {
    expect(() => differentiate(dropped(['y']), 'loss', ['x'], shapesFor(4))).toThrow(
      'Dropout "drop": in training no gradient passes without the mask',
    )
  })

  it('does not pass what only data tells', () => {
    const model = (ratio: boolean) =>
      summed(4, (b, x) => {
        const some = b.node('ReduceMean', [x], { keepdims: 0 })
        const inputs = ratio
          ? [x, some, b.constant('training', scalar('bool', 1))]
          : [x, '', b.node('Cast', [some], { to: 9 })]
        b.node('Dropout', inputs, {}, { name: 'drop', outputs: ['y', 'mask'] })
        return 'y'
      })
    const refused = (ratio: boolean) => () => differentiate(model(ratio), 'loss', ['x'], shapesFor(4))
    expect(refused(true)).toThrow('Dropout "drop": no gradient passes while ratio depends on data')
    expect(refused(false)).toThrow('Dropout "drop": no gradient passes while training_mode depends on data')
  })
})

describe('at corners', () => {
  it('a maximum of equals gives to the first, a reduction shares', () => {
    expect(
      gradientAt(
        summed(2, (b, x) => b.node('Max', [x, x])),
        1,
        2,
      ),
    ).toEqual([1, 1])
    expect(
      gradientAt(
        summed(4, (b, x) => b.node('ReduceMax', [x])),
        3,
        1,
        3,
        2,
      ),
    ).toEqual([0.5, 0, 0.5, 0])
  })

  it('norms of zeros pass nothing instead of NaN', () => {
    for (const op of ['ReduceL2', 'LpNormalization'])
      expect(
        gradientAt(
          summed(2, (b, x) => b.node(op, [x])),
          0,
          0,
        ),
      ).toEqual([0, 0])
    const pooled = summed(2, (b, x) => b.node('GlobalLpPool', [b.node('Reshape', [x, b.ints('s', [1, 1, 2])])]))
    expect(gradientAt(pooled, 0, 0)).toEqual([0, 0])
  })

  it('a power of 0 has no slope along its exponent', () => {
    const model = summed(2, (b, x) => b.node('Pow', [b.constant('c', tensorOf('float32', [2], [0, 2])), x]))
    expect(gradientAt(model, 2, 3).map((g) => g.toFixed(4))).toEqual(['0.0000', (8 * Math.LN2).toFixed(4)])
  })
})

describe('what only data tell', () => {
  const greatest = (b: GraphBuilder, x: string) => b.node('ReduceMax', [x], { keepdims: 1 })
  const whole = (b: GraphBuilder, x: string) => b.node('Cast', [greatest(b, x)], { to: 7 })
  it.each<[string, string, number, (b: GraphBuilder, x: string) => string[]]>([
    ['Tile', 'the repeats depend on data', 17, (b, x) => [x, whole(b, x)]],
    [
      'Pad',
      'the padding depends on data',
      17,
      (b, x) => [x, b.node('Concat', [whole(b, x), whole(b, x)], { axis: 0 })],
    ],
    ['Slice', 'its axes depend on data', 17, (b, x) => [x, b.ints('starts', [0]), b.ints('ends', [1]), whole(b, x)]],
    ['ReduceSum', 'the axes depend on data', 17, (b, x) => [x, whole(b, x)]],
    ['ReduceMean', 'the axes depend on data', 18, (b, x) => [x, whole(b, x)]],
    ['Upsample', 'the scales depend on data', 9, (b, x) => [x, greatest(b, x)]],
  ])('stops gradients: %s, where %s', (op, why, opset, inputs) => {
    const model = summed(2, (b, x) => b.node(op, inputs(b, x), {}, { name: 'it' }), opset)
    expect(() => differentiate(model, 'loss', ['x'], shapesFor(2))).toThrow(
      `${op} "it": no gradient passes where ${why}`,
    )
  })
})

it('a shape that only data tell stops gradients, and is blamed on the node where it begins', () => {
  const model = summed(2, (b, x) => {
    const size = b.node('Cast', [b.node('ReduceMax', [x], { keepdims: 1 })], { to: 7 })
    const wide = b.node('Expand', [x, b.node('Concat', [size, b.ints('two', [2])], { axis: 0 })], {}, { name: 'widen' })
    return b.node('Mul', [b.node('Relu', [wide]), x])
  })
  expect(() => differentiate(model, 'loss', ['x'], shapesFor(2))).toThrow(
    'Expand "widen": no gradient passes where the shape of its result depends on data. Fix the sizes in the model.',
  )
})

describe('boxes', () => {
  it('carry no gradient: RoiAlign refuses, MaxRoiPool rounds them', () => {
    const regions = (op: string, columns: number) =>
      summed(columns, (b, x) => {
        const image = b.constant('image', tensorOf('float32', [1, 1, 3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]))
        const box = b.node('Reshape', [x, b.ints('shape', [1, columns])])
        if (op === 'MaxRoiPool') return b.node(op, [image, box], { pooled_shape: [1, 1] }, { name: 'pool' })
        return b.node(op, [image, box, b.ints('images', [0])], {}, { name: 'pool' })
      })
    expect(() => differentiate(regions('RoiAlign', 4), 'loss', ['x'], shapesFor(4))).toThrow(
      'RoiAlign "pool": no gradient passes to its boxes',
    )
    expect(gradientAt(regions('MaxRoiPool', 5), 0, 0, 0, 1, 1)).toEqual([0, 0, 0, 0, 0])
  })
})

describe('what cannot be asked', () => {
  const model = summed(2, (b, x) => b.node('Mul', [x, x], {}, { outputs: ['y'] }))

  it.each([
    ['y', ['x'], {}, 'wrong-shape', 'The loss "y" is of shape [2]; it should be a single number.'],
    ['loss', ['z'], {}, 'unknown-value', 'There is no value "z" of known shape in the network.'],
    [
      'loss',
      ['x'],
      { 'AdderConv.weight': 'sign' },
      'bad-options',
      'Nothing in the network offers the choice AdderConv.weight.',
    ],
  ])('%s with respect to %s, %j', (loss, values, choices, code, message) => {
    const error = thrown(() => differentiate(model, loss, values, shapesFor(2), choices))
    expect(error.code).toBe(code)
    expect(error.message).toBe(message)
  })

  it('a surrogate that there is not', () => {
    const b = new GraphBuilder('net')
    const w = b.input('w', 'float32', [1, 1, 1])
    const y = b.node('AdderConv', [b.input('x', 'float32', [1, 1, 2]), w], {}, { domain: 'ai.kerf' })
    b.output(b.node('ReduceSum', [y], { keepdims: 0 }, { outputs: ['loss'] }))
    const shapes = new Map([
      ['x', [1, 1, 2]],
      ['w', [1, 1, 1]],
    ])
    const error = thrown(() => differentiate(b.model(), 'loss', ['w'], shapes, { 'AdderConv.weight': 'half' }))
    expect(error.code).toBe('bad-options')
    expect(error.message).toBe('AdderConv.weight is "half"; there are: full, sign.')
  })

  it.each([
    ['ScatterElements', { reduction: 'max' }, 'ScatterElements "it": no gradient passes with reduction "max"'],
    ['ScatterND', { reduction: 'mul' }, 'ScatterND "it": no gradient passes with reduction "mul"'],
  ])('%s with another reduction', (op, attributes, message) => {
    const made = summed(2, (b, x) => {
      const indices = b.constant('i', tensorOf('int64', op === 'ScatterND' ? [2, 1] : [2], [0, 1]))
      return b.node(op, [x, indices, x], attributes, { name: 'it' })
    })
    expect(() => differentiate(made, 'loss', ['x'], shapesFor(2))).toThrow(message)
  })

  it('the diagonal of an Einsum', () => {
    const made = summed(4, (b, x) => {
      const matrix = b.node('Reshape', [x, b.ints('shape', [2, 2])])
      return b.node('Einsum', [matrix], { equation: 'ii->i' }, { name: 'diagonal' })
    })
    expect(() => differentiate(made, 'loss', ['x'], shapesFor(4))).toThrow(
      'Einsum "diagonal": no gradient passes to an operand that has an index twice',
    )
  })

  it('an Einsum of more indices than there are letters', () => {
    const all = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
    const made = summed(1, (b, x) => {
      const wide = b.node('Reshape', [x, b.ints('shape', new Array(53).fill(1))])
      return b.node('Einsum', [wide], { equation: `${all}...->${all}...` }, { name: 'wide' })
    })
    expect(() => differentiate(made, 'loss', ['x'], shapesFor(1))).toThrow(
      'Einsum "wide": no gradient passes with more than 52 indices',
    )
  })

  it('the statistics of LayerNormalization, and batches of GatherND', () => {
    const layer = summed(2, (b, x) => {
      b.node('LayerNormalization', [x, x], { epsilon: float(0.1) }, { name: 'norm', outputs: ['n', 'mean'] })
      return 'mean'
    })
    expect(() => differentiate(layer, 'loss', ['x'], shapesFor(2))).toThrow(
      'LayerNormalization "norm": no gradient passes through its means and deviations',
    )
    const gather = summed(4, (b, x) => {
      const matrix = b.node('Reshape', [x, b.ints('shape', [2, 2])])
      const indices = b.constant('i', tensorOf('int64', [2, 1], [0, 1]))
      return b.node('GatherND', [matrix, indices], { batch_dims: 1 }, { name: 'take' })
    })
    expect(() => differentiate(gather, 'loss', ['x'], shapesFor(4))).toThrow(
      'GatherND "take": no gradient passes with batch axes',
    )
  })
})
