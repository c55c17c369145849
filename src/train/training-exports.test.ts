import { describe, expect, it } from 'vitest'
import { attributeOf, type Model, type Node, tensorOf } from '../graph/index.ts'
import { tinyLoader, tinyNet, tinyShape } from '../testing/tiny-images.ts'
import { evaluate } from './evaluate.ts'
import { parameterGroups } from './optimisers/parameter.ts'
import { createSchedule } from './schedules/schedule.ts'
import { train } from './train.ts'
import { createTrainer } from './trainer.ts'

/** The network as exporters write it for training: running statistics as outputs, a mask that nobody reads, training_mode. */
function exported({ graph, ...model }: Model): Model {
  const initializers = new Map([...graph.initializers, ['on', tensorOf('bool', [], [1])] as const])
  const nodes = graph.nodes.map((node): Node => {
    const [y = ''] = node.outputs
    if (node.opType === 'Dropout')
      return { ...node, inputs: [...node.inputs.slice(0, 2), 'on'], outputs: [y, `${y}_mask`] }
    if (node.opType !== 'BatchNormalization') return node
    const attributes = new Map([...node.attributes, ['training_mode', attributeOf(1)]])
    return { ...node, attributes, outputs: [y, `${y}_mean`, `${y}_var`] }
  })
  return { ...model, graph: { ...graph, nodes, initializers } }
}

const validation = tinyLoader(96, 16, { seed: 2, training: false })

async function trained(model: Model) {
  const notices: string[] = []
  const trainer = await createTrainer(model, {
    ...{ batchSize: 16, shape: tinyShape, classes: 3, onNotice: (text: string) => void notices.push(text) },
    optimiser: { kind: 'sgd', groups: parameterGroups({ weightDecay: 1e-4 }) },
  })
  const schedule = createSchedule({ kind: 'cosine' }, 0.1)
  const { metrics } = await train(trainer, { training: tinyLoader(160, 16), validation, epochs: 2, schedule })
  return { trainer, notices, metrics }
}

describe('a network exported for training', () => {
  it('is trained and written as the same network exported for inference', async () => {
    const plain = await trained(tinyNet({ dropout: true }))
    const { trainer, notices, metrics } = await trained(exported(tinyNet({ dropout: true })))
    const comparable = (all: typeof metrics) =>
      all.map((m) => [m['train/loss'], m['validation/loss'], m['validation/accuracy']])
    expect(comparable(metrics)).toEqual(comparable(plain.metrics))
    expect(notices).toEqual([expect.stringContaining('the file was exported for training (training_mode = 1)')])
    const written = trainer.model()
    expect(written.graph.nodes.some((n) => n.attributes.has('training_mode'))).toBe(false)
  })

  it('is measured as in inference', async () => {
    const [plain, training] = [tinyNet({ dropout: true }), exported(tinyNet({ dropout: true }))]
    const [expected, got] = [await evaluate(plain, validation), await evaluate(training, validation)]
    expect(got.loss).toBe(expected.loss)
  })
})
