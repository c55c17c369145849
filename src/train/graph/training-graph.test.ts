import { describe, expect, it } from 'vitest'
import type { NamePattern } from '../../base/index.ts'
import { editGraph, GraphBuilder, type Model, makeNode, tensorOf, tensorValues } from '../../graph/index.ts'
import { modelBytes, readModel } from '../../onnx/index.ts'
import { tinyNet } from '../../testing/tiny-images.ts'
import { parameterGroups } from '../optimisers/parameter.ts'
import { createTrainer, type TrainerOptions } from '../trainer.ts'
import { type TrainingGraphOptions, trainingGraph } from './training-graph.ts'

const options: TrainingGraphOptions = { imageShape: [4, 2, 6, 6], classes: 3 }

/** Images [N, 2, 6, 6] → what `body` makes of them → Conv to 3 channels → mean over space → [N, 3]. */
function network(body: (b: GraphBuilder, x: string) => string, end?: (b: GraphBuilder, y: string) => string): Model {
  const b = new GraphBuilder('net')
  const x = body(b, b.input('x', 'float32', ['N', 2, 6, 6]))
  const w = b.constant('w', tensorOf('float32', [3, 2, 1, 1], [1, 2, 3, 4, 5, 6]))
  const pooled = b.node('GlobalAveragePool', [b.node('Conv', [x, w], {}, { name: 'conv' })])
  const flat = b.node('Flatten', [pooled], {}, { name: 'flat', outputs: ['y'] })
  b.output(end ? end(b, flat) : flat)
  return b.model()
}
const plain = network((_, x) => x)
const vector = (b: GraphBuilder, name: string, values: number[]) =>
  b.constant(name, tensorOf('float32', [values.length], values))
/** A layer: only behind one is a scale or a shift learnable. */
const layer = (b: GraphBuilder, x: string) =>
  b.node('Conv', [x, b.constant('w0', tensorOf('float32', [2, 2, 1, 1], [1, 0, 0, 1]))], {}, { name: 'layer' })
const norm = (b: GraphBuilder, x: string, name: string, mean: string, variance: string) =>
  b.node(
    'BatchNormalization',
    [x, vector(b, `${name}.weight`, [1, 1]), vector(b, `${name}.bias`, [0, 0]), mean, variance],
    {},
    { name },
  )

describe('what is learnt', () => {
  it('weights of layers decay, those of adder layers have their own rate, biases and scales neither', () => {
    const { weights, statistics, masks } = trainingGraph(tinyNet({ adder: true, dropout: true }), {
      imageShape: [4, 1, 8, 8],
      classes: 3,
    })
    expect(weights.map((w) => [w.name, w.group])).toEqual([
      ['conv1.weight', 'decay'],
      ['bn1.weight', 'noDecay'],
      ['bn1.bias', 'noDecay'],
      ['conv2.weight', 'adder'],
      ['bn2.weight', 'noDecay'],
      ['bn2.bias', 'noDecay'],
      ['fc.weight', 'decay'],
      ['fc.bias', 'noDecay'],
    ])
    expect(statistics.map((s) => s.name)).toEqual(['bn1.mean', 'bn1.var', 'bn2.mean', 'bn2.var'])
    expect(masks).toEqual([{ name: 'dropout/mask', rate: 0.25, shape: [4, 6] }])
  })

  it('takes the surrogate gradients that are asked for, and does not mind where nothing offers them', () => {
    const choices = { 'AdderConv.weight': 'sign', 'AdderConv.input': 'clip' }
    const operators = (adder: boolean) =>
      trainingGraph(tinyNet({ adder }), { imageShape: [4, 1, 8, 8], classes: 3, choices }).model.graph.nodes.map(
        (n) => n.opType,
      )
    expect(operators(true)).toContain('AdderConvWeightGradient')
    expect(operators(false)).not.toContain('AdderConvWeightGradient')
  })
})

describe('quantised training', () => {
  const quantised = (b: GraphBuilder, value: string) => {
    const parameters = [
      b.constant(`${value}/scale`, tensorOf('float32', [], [0.05])),
      b.constant(`${value}/zero`, tensorOf('int8', [], [0])),
    ]
    return b.node('DequantizeLinear', [b.node('QuantizeLinear', [value, ...parameters]), ...parameters])
  }
  const model = () => {
    const b = new GraphBuilder('net')
    const x = quantised(b, b.input('x', 'float32', ['N', 2, 6, 6]))
    const w = quantised(b, b.constant('w', tensorOf('float32', [3, 2, 1, 1], [1, 2, 3, 4, 5, -6])))
    const y = b.node('Conv', [x, w, vector(b, 'bias', [0, 0, 0])], {}, { name: 'conv' })
    b.output(b.node('Flatten', [b.node('GlobalAveragePool', [y])], {}, { name: 'flat', outputs: ['y'] }))
    return b.model()
  }

  it('a weight behind a pair is the layer’s, and is learnt', async () => {
    expect(trainingGraph(model(), options).weights.map((w) => [w.name, w.group])).toEqual([
      ['w', 'decay'],
      ['bias', 'noDecay'],
    ])
    const notices: string[] = []
    const trainer = await createTrainer(model(), { ...trainerOptions, onNotice: (text) => notices.push(text) })
    const [first, second] = [await trainer.step(batch, 0.5), await trainer.step(batch, 0.5)]
    expect(second.loss).toBeLessThan(first.loss)
    const after = trainer.model()
    const values = tensorValues(after.graph.initializers.get('w')!)
    expect(values[0]).not.toBe(1)
    // Kernels do all of it.
    expect(notices).toEqual([])
  })
})

describe('what is frozen', () => {
  const glob = (text: string): NamePattern => ({ text, matches: (name) => name.startsWith(text) })
  const graphOf = (...freeze: string[]) =>
    trainingGraph(tinyNet({ adder: true, dropout: true }), {
      imageShape: [4, 1, 8, 8],
      classes: 3,
      freeze: freeze.map(glob),
    })

  it('tensors by name, layers by theirs, a BatchNormalization with its statistics', () => {
    const { weights, statistics, inputShapes } = graphOf('fc.bias', 'bn1', 'conv2')
    expect(weights.map((w) => w.name)).toEqual(['conv1.weight', 'bn2.weight', 'bn2.bias', 'fc.weight'])
    expect(statistics.map((s) => s.name)).toEqual(['bn2.mean', 'bn2.var'])
    expect(inputShapes.has('bn1.mean')).toBe(false)
    // One tensor of it alone: the statistics go on.
    expect(graphOf('bn1.bias').statistics.map((s) => s.name)).toEqual(['bn1.mean', 'bn1.var', 'bn2.mean', 'bn2.var'])
    expect(graphOf('bn1.bias').weights.map((w) => w.name)).not.toContain('bn1.bias')
    expect(graphOf('bn1.var').weights.map((w) => w.name)).not.toContain('bn1.weight')
  })

  it('stays to the bit while the rest learns', async () => {
    const given = tinyNet()
    const trainer = await createTrainer(given, {
      ...trainerOptions,
      shape: [1, 8, 8],
      freeze: [glob('conv1'), glob('bn1')],
      optimiser: { kind: 'sgd', groups: parameterGroups({ weightDecay: 0.1 }) },
    })
    await trainer.step({ ...batch, images: batch.images.subarray(0, 256) }, 0.1)
    const after = trainer.model()
    const bits = (model: Model, name: string) => [...tensorValues(model.graph.initializers.get(name)!)]
    for (const name of ['conv1.weight', 'bn1.weight', 'bn1.bias', 'bn1.mean', 'bn1.var'])
      expect(bits(after, name), name).toEqual(bits(given, name))
    expect(bits(after, 'fc.weight')).not.toEqual(bits(given, 'fc.weight'))
    expect(bits(after, 'bn2.mean')).not.toEqual(bits(given, 'bn2.mean'))
  })

  it('refuses a pattern that matches nothing, and to freeze everything', () => {
    expect(() => graphOf('conv1', 'layer9')).toThrow(
      /^freeze: "layer9" matches no layer or tensor that training changes\. There are: .*conv1\.weight, .*\.$/,
    )
    expect(() => graphOf('')).toThrow('freeze leaves nothing to train: its patterns match every weight.')
  })

  it('names few of many', () => {
    const many = network((b, x) => {
      let y = layer(b, x)
      for (let i = 0; i < 30; i++) y = b.node('Mul', [y, b.constant(`s${i}`, tensorOf('float32', [2, 1, 1], [1, 1]))])
      return y
    })
    expect(() => trainingGraph(many, { ...options, freeze: [glob('none')] })).toThrow(/ and \d+ more\.$/)
  })
})

describe('what no gradient reaches', () => {
  const cut = network((b, x) => {
    const scaled = b.node('Mul', [layer(b, x), b.constant('scale', tensorOf('float32', [2, 1, 1], [1, 2]))])
    return b.node('Round', [scaled], {}, { name: 'steps' })
  })

  it('is said, and stays as it is', async () => {
    const notices: string[] = []
    const decaying = { kind: 'sgd', groups: parameterGroups({ weightDecay: 0.1 }) } as const
    const trainer = await createTrainer(cut, {
      ...trainerOptions,
      optimiser: decaying,
      onNotice: (text) => notices.push(text),
    })
    expect(notices).toEqual(['"w0", "scale" will not be learnt: no gradient passes through Round "steps".'])
    await trainer.step(batch, 0.1)
    expect([...tensorValues(trainer.model().graph.initializers.get('scale')!)]).toEqual([1, 2])
    expect(trainer.graph.weights.map((w) => w.name)).toEqual(['w'])
  })

  it('of which only the first output counts', () => {
    const b = new GraphBuilder('net')
    const x = b.input('x', 'float32', ['N', 2, 6, 6])
    const head = (name: string) => {
      const w = b.constant(name, tensorOf('float32', [3, 2, 1, 1], [1, 2, 3, 4, 5, 6]))
      return b.node('Flatten', [b.node('GlobalAveragePool', [b.node('Conv', [x, w])])], {}, { outputs: [`${name}/y`] })
    }
    b.output(head('main'))
    b.output(head('extra'))
    const { weights, notices } = trainingGraph(b.model(), options)
    expect(weights.map((w) => w.name)).toEqual(['main'])
    expect(notices).toEqual([
      '"extra" will not be learnt: the loss does not depend on it (of several outputs only the first counts).',
    ])
  })

  it('another output keeps the statistics that it has', async () => {
    const b = new GraphBuilder('net')
    const x = layer(b, b.input('x', 'float32', ['N', 2, 6, 6]))
    const head = (name: string) => {
      const statistics = [vector(b, `${name}.mean`, [0.5, 0.5]), vector(b, `${name}.variance`, [2, 2])] as const
      const w = b.constant(`${name}.w`, tensorOf('float32', [3, 2, 1, 1], [1, 2, 3, 4, 5, 6]))
      const y = b.node('Conv', [norm(b, x, name, ...statistics), w])
      b.output(b.node('Flatten', [b.node('GlobalAveragePool', [y])], {}, { outputs: [`${name}/y`] }))
    }
    head('main')
    head('extra')
    const { initializers } = (await afterStep(b.model())).graph
    const [main, extra] = ['main', 'extra'].map((name) => [...tensorValues(initializers.get(`${name}.mean`)!)])
    expect(main).not.toEqual([0.5, 0.5])
    expect(extra).toEqual([0.5, 0.5])
  })

  it('is an error where it is everything', () => {
    const all = network(
      (_, x) => x,
      (b, y) => b.node('Round', [y], {}, { name: 'end', outputs: ['rounded'] }),
    )
    expect(() => trainingGraph(all, options)).toThrow(
      'Nothing would be learnt: "w" will not be learnt: no gradient passes through Round "end".',
    )
  })
})

const trainerOptions: TrainerOptions = {
  batchSize: 4,
  shape: [2, 6, 6],
  classes: 3,
  optimiser: { kind: 'sgd', groups: parameterGroups() },
}
const batch = {
  images: Float32Array.from({ length: 288 }, (_, i) => Math.sin(i)),
  targets: Float32Array.from([1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0]),
  labels: Int32Array.of(0, 1, 2, 0),
  count: 4,
}

async function afterStep(model: Model): Promise<Model> {
  const trainer = await createTrainer(model, trainerOptions)
  await trainer.step(batch, 0.1)
  return trainer.model()
}

describe('the trained model', () => {
  it('has weights where they were: in Constant nodes, and as initializers in place of ConstantOfShape', async () => {
    const model = network((b, x) => {
      const scale = b.node('Constant', [], { value: tensorOf('float32', [2, 1, 1], [1, 2]) }, { outputs: ['scale'] })
      const shift = b.node('ConstantOfShape', [b.ints('shape', [2, 1, 1])], {}, { outputs: ['shift'] })
      return b.node('Add', [b.node('Mul', [layer(b, x), scale]), shift])
    })
    const after = await afterStep(model)
    const constant = after.graph.nodes.find((n) => n.outputs[0] === 'scale')?.attributes.get('value')
    expect(constant?.kind === 'tensor' && [...tensorValues(constant.value)]).not.toEqual([1, 2])
    expect(after.graph.nodes.map((n) => n.opType)).not.toContain('ConstantOfShape')
    expect([...tensorValues(after.graph.initializers.get('shift')!)]).not.toEqual([0, 0])
    // It is a valid file.
    expect(readModel(modelBytes(after)).graph.nodes).toHaveLength(after.graph.nodes.length)
  })

  it('gives layers that shared their statistics some of their own', async () => {
    const model = network((b, x) => {
      const [mean, variance] = [vector(b, 'mean', [0, 0]), vector(b, 'variance', [1, 1])]
      const first = norm(b, x, 'bn1', mean, variance)
      return norm(b, b.node('Mul', [first, vector(b, 'three', [3, 3, 3, 3, 3, 3])]), 'bn2', mean, variance)
    })
    const after = await afterStep(model)
    const inputs = after.graph.nodes.filter((n) => n.opType === 'BatchNormalization').map((n) => n.inputs.slice(3))
    expect(inputs).toEqual([
      ['bn1/statistic3', 'bn1/statistic4'],
      ['bn2/statistic3', 'bn2/statistic4'],
    ])
    const variance = (name: string) => tensorValues(after.graph.initializers.get(name)!)[0]!
    expect(variance('bn2/statistic4')).toBeGreaterThan(variance('bn1/statistic4') + 0.1)
  })

  it('inlines functions whose inside is learnt', async () => {
    const calling = network((b, x) => b.node('Scaled', [layer(b, x)], {}, { domain: 'mine', name: 'call' }))
    const scaled = {
      name: 'Scaled',
      domain: 'mine',
      inputs: ['a'],
      outputs: ['c'],
      attributes: [],
      defaults: new Map(),
      opsetImports: new Map([['', 17]]),
      nodes: [
        makeNode('Constant', [], ['s'], { value: tensorOf('float32', [2, 1, 1], [1, 1]) }),
        makeNode('Mul', ['a', 's'], ['c'], {}, { name: 'm' }),
      ],
    }
    const model = editGraph(calling).setFunctions([scaled]).model()
    const after = await afterStep(model)
    expect(after.graph.nodes.map((n) => n.opType)).not.toContain('Scaled')
  })
})

describe('what cannot be trained', () => {
  it('what lies behind an operator that is not known, whose shape nobody knows', async () => {
    const b = new GraphBuilder('net')
    const x = layer(b, b.input('x', 'float32', ['N', 2, 6, 6]))
    const flat = b.node('Flatten', [b.node('Unheard', [x], {}, { domain: 'of' })])
    const w = b.constant('w', tensorOf('float32', [3, 72], new Float32Array(216).fill(1)))
    b.output(b.node('Gemm', [flat, w], { transB: 1 }), { kind: 'tensor', elementType: 'float32', shape: ['N', 3] })
    await expect(createTrainer(b.model(), trainerOptions)).rejects.toMatchObject({ code: expect.any(String) })
  })

  const outOf = (end: (b: GraphBuilder, y: string) => string) => network((_, x) => x, end)
  const two = () => {
    const b = new GraphBuilder('two')
    b.output(b.node('Add', [b.input('a', 'float32', [1]), b.input('b', 'float32', [1])]))
    return b.model()
  }
  const half = () => {
    const model = network((_, x) => x)
    const [, first, ...more] = model.graph.nodes
    return editGraph(model)
      .setNodes([{ ...first!, inputs: ['x'] }, ...more])
      .dropDead()
      .model()
  }
  it.each([
    [
      'two inputs',
      two(),
      {},
      /^The model takes "a" \(float32 \[1\]\), "b" \(float32 \[1\]\); expected one input of images, float32 \[N,C,H,W\]\.$/,
    ],
    [
      'other images',
      plain,
      { imageShape: [4, 3, 6, 6] },
      /^The model takes images \[2,6,6\] .*the data give \[3,6,6\]\. Take data of 2 channels/,
    ],
    [
      'other classes',
      plain,
      { classes: 5 },
      /^The model's output "y" has 3 classes, the data have 5\. Give it a new classifier when training \(--classes 5\), or take other data\.$/,
    ],
    [
      'no number per class',
      outOf((b, y) => b.node('ReduceSum', [y], {}, { outputs: ['sum'] })),
      {},
      /^The output "sum" is float32 \[1,1\] for a batch of 4; expected float32 \[4,classes\]/,
    ],
    [
      'squashed outputs',
      outOf((b, y) => b.node('Sigmoid', [y], {}, { name: 'last' })),
      {},
      /^The output passes Sigmoid "last": cross-entropy needs logits, or Softmax\./,
    ],
    ['no weights', half(), { classes: 2 }, /^The model has no float32 weights\. Half-precision and quantised models/],
    [
      'no variance',
      network((b, x) =>
        norm(b, b.node('GlobalAveragePool', [x]), 'bn', vector(b, 'm', [0, 0]), vector(b, 'v', [1, 1])),
      ),
      { imageShape: [1, 2, 6, 6] },
      /^BatchNormalization "bn": it has one value per channel, which has no variance; .*Train with a larger batch\.$/,
    ],
    [
      'a mask that is read',
      network((b, x) => {
        b.node('Dropout', [x], {}, { name: 'drop', outputs: ['kept', 'mask'] })
        return b.node('Where', ['mask', 'kept', x])
      }),
      {},
      /^Dropout "drop": its mask is read, which cannot be trained.*Take out what reads it/,
    ],
    [
      'a ratio of 1',
      network((b, x) => b.node('Dropout', [x, b.constant('one', tensorOf('float32', [], [1]))], {}, { name: 'drop' })),
      {},
      /^Dropout "drop": its ratio is 1; expected one of at least 0 and below 1/,
    ],
  ] as [string, Model, Partial<TrainingGraphOptions>, RegExp][])('%s', (_, model, more, message) => {
    expect(() => trainingGraph(model, { ...options, ...more })).toThrow(message)
  })

  const distilling = (
    features: { student: string; teacher: string; weight: number }[],
    teacher: Model | undefined = plain,
  ) =>
    createTrainer(plain, {
      ...trainerOptions,
      teacher,
      loss: { kind: 'crossEntropy', distillation: { temperature: 2, weight: 0.5, features } },
    })
  it.each([
    ['no student value', [{ student: 'z', teacher: 'y', weight: 1 }], 'The network has no value "z" of known shape'],
    ['no teacher value', [{ student: 'y', teacher: 'z', weight: 1 }], 'The teacher has no value "z" of known shape.'],
    [
      'other shapes',
      [{ student: 'y', teacher: 'conv_output', weight: 1 }],
      'The feature "y" is [4,3], the teacher\'s "conv_output" [4,3,6,6]: they cannot be compared.',
    ],
  ])('a teacher with %s', async (_, features, message) => {
    await expect(distilling(features)).rejects.toThrow(message)
  })

  it('no teacher', async () => {
    const loss = { kind: 'crossEntropy', distillation: { temperature: 2, weight: 0.5 } } as const
    await expect(createTrainer(plain, { ...trainerOptions, loss })).rejects.toThrow(
      'Distillation needs a teacher: give one.',
    )
  })
})
