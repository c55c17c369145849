import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { GraphBuilder, type Model, tensorOf, tensorValues } from '../../graph/index.ts'
import { parameterGroups } from '../optimisers/parameter.ts'
import { createTrainer, type TrainerOptions } from '../trainer.ts'

// Made by pytorch.py beside it.
const pytorch: {
  images: number[]
  labels: number[]
  start: Record<string, number[]>
  teacher: Record<string, number[]>
  cases: Record<string, { losses: number[]; after: Record<string, number[]> }>
} = JSON.parse(readFileSync(new URL('pytorch.json', import.meta.url), 'utf8'))

const shapes: Readonly<Record<string, readonly number[]>> = {
  'conv1.weight': [4, 1, 3, 3],
  'conv2.weight': [6, 4, 3, 3],
  'fc.weight': [3, 24],
}

/** The network of pytorch.py. */
function network(weights: Record<string, number[]>, second: 'Conv' | 'AdderConv' = 'Conv'): Model {
  const b = new GraphBuilder('small')
  const w = (name: string) =>
    b.constant(name, tensorOf('float32', shapes[name] ?? [weights[name]!.length], weights[name]!))
  const norm = (x: string, name: string) =>
    b.node('BatchNormalization', [
      x,
      ...['weight', 'bias', 'running_mean', 'running_var'].map((k) => w(`${name}.${k}`)),
    ])
  const x = b.input('image', 'float32', ['N', 1, 8, 8])
  const first = norm(b.node('Conv', [x, w('conv1.weight')], { pads: [1, 1, 1, 1] }, { name: 'conv1' }), 'bn1')
  const pooled = b.node('MaxPool', [b.node('Relu', [first])], { kernel_shape: [2, 2], strides: [2, 2] })
  const domain = second === 'Conv' ? '' : 'ai.kerf'
  const convolved = b.node(second, [pooled, w('conv2.weight')], {}, { name: 'conv2', domain })
  const feature = b.node('Relu', [norm(convolved, 'bn2')], {}, { outputs: ['feature'] })
  const flat = b.node('Flatten', [feature], { axis: 1 })
  b.output(b.node('Gemm', [flat, w('fc.weight'), w('fc.bias')], { transB: 1 }, { name: 'fc', outputs: ['logits'] }))
  return b.model()
}

const targets = pytorch.labels.flatMap((label) => [0, 1, 2].map((c) => Number(c === label)))
const batch = {
  images: Float32Array.from(pytorch.images),
  targets: Float32Array.from(targets),
  labels: Int32Array.from(pytorch.labels),
  count: 4,
}
const options: TrainerOptions = {
  batchSize: 4,
  shape: [1, 8, 8],
  classes: 3,
  optimiser: { kind: 'sgd', groups: parameterGroups({ weightDecay: 5e-4 }) },
}

const cases: [string, Partial<TrainerOptions>][] = [
  ['plain', {}],
  ['smoothed', { loss: { kind: 'crossEntropy', labelSmoothing: 0.2 } }],
  ['squared', { loss: { kind: 'meanSquaredError' } }],
  [
    'distilled',
    {
      teacher: network(pytorch.teacher),
      loss: {
        kind: 'crossEntropy',
        distillation: {
          temperature: 3,
          weight: 0.7,
          features: [{ student: 'feature', teacher: 'feature', weight: 0.5 }],
        },
      },
    },
  ],
  ['adder', {}],
]

describe.each(['wasm', 'reference'] as const)('the first updates are those of PyTorch 1.13, by %s', (backend) => {
  it.each(cases)('%s', async (name, more) => {
    const expected = pytorch.cases[name]!
    const model = network(pytorch.start, name === 'adder' ? 'AdderConv' : 'Conv')
    const trainer = await createTrainer(model, { ...options, ...more, backend })
    for (const loss of expected.losses) expect((await trainer.step(batch, 0.1)).loss).toBeCloseTo(loss, 4)
    const after = trainer.model().graph.initializers
    for (const [key, values] of Object.entries(expected.after)) {
      // PyTorch's running variance divides by one less than the count, ONNX's by the count.
      const count = key.startsWith('bn1') ? 4 * 64 : 4 * 4
      const kept = 0.9 ** 5
      const wanted = key.endsWith('running_var') ? values.map((v) => kept + ((v - kept) * (count - 1)) / count) : values
      const actual = tensorValues(after.get(key)!)
      for (const [i, v] of wanted.entries()) expect(Math.abs(actual[i]! - v), `${key}[${i}]`).toBeLessThan(2e-4)
    }
    trainer.dispose()
  })
})
