import { describe, expect, it, vi } from 'vitest'
import { KerfError } from '../base/index.ts'
import { editGraph, type Model, type Tensor, tensorOf, tensorValues } from '../graph/index.ts'
import { type Abilities, makePlan, withWeights } from '../plan/index.ts'
import { nodeRuntime, type Runtime } from '../runtime/index.node.ts'
import { tinyLoader, tinyNet, tinyShape } from '../testing/tiny-images.ts'
import { evaluate } from './evaluate.ts'
import { networkForImages } from './graph/images.ts'
import { parameterGroups } from './optimisers/parameter.ts'
import { createSchedule } from './schedules/schedule.ts'
import { type TrainingEvent, type TrainingPosition, type TrainOptions, train } from './train.ts'
import { createTrainer, type Trainer, type TrainerOptions } from './trainer.ts'

const batchSize = 16
const base: TrainerOptions = {
  batchSize,
  shape: tinyShape,
  classes: 3,
  optimiser: { kind: 'sgd', groups: parameterGroups({ weightDecay: 1e-4 }) },
}
const training = tinyLoader(160, batchSize)
const validation = tinyLoader(96, batchSize, { seed: 2, training: false })
const plan = (epochs: number, more: Partial<TrainOptions> = {}): TrainOptions => ({
  training,
  validation,
  epochs,
  schedule: createSchedule({ kind: 'cosine' }, 0.1),
  ...more,
})

async function trained(
  model: Model,
  epochs: number,
  options: Partial<TrainerOptions> = {},
  more: Partial<TrainOptions> = {},
) {
  const trainer = await createTrainer(model, { ...base, ...options })
  const result = await train(trainer, plan(epochs, more))
  return { trainer, ...result, last: result.metrics.at(-1)! }
}

const bitsOf = (model: Model) =>
  [...model.graph.initializers].map(([name, tensor]) => [name, [...tensor.data.bytes()].join()])

describe('a small network learns', () => {
  it.each([
    ['ordinary', {}],
    ['adder', { adder: true }],
    ['ending with Softmax, with Dropout', { softmax: true, dropout: true }],
  ])('%s', async (_, net) => {
    const model = tinyNet(net)
    const before = await evaluate(model, validation)
    const { last, trainer } = await trained(model, 8)
    expect(before.accuracy).toBeLessThan(0.6)
    expect(last['validation/accuracy']).toBeGreaterThan(0.9)
    expect(last['train/loss']).toBeLessThan(0.6)
    // What the loop measured is what the written model does.
    const after = await evaluate(trainer.model(), validation)
    expect([after.accuracy, after.loss]).toEqual([last['validation/accuracy'], last['validation/loss']])
  })

  it('by AdamW, and by mean squared error', async () => {
    const adam = { kind: 'adamw', groups: parameterGroups({ weightDecay: 0.01 }) } as const
    const { last } = await trained(
      tinyNet(),
      6,
      { optimiser: adam },
      { schedule: createSchedule({ kind: 'cosine' }, 0.02) },
    )
    expect(last['validation/accuracy']).toBeGreaterThan(0.9)
    const squared = await trained(tinyNet(), 6, { loss: { kind: 'meanSquaredError' } }, { loss: 'meanSquaredError' })
    expect(squared.last['validation/accuracy']).toBeGreaterThan(0.9)
    expect(squared.last['validation/loss']).toBeLessThan(0.1)
  })

  it('from a teacher, whose answers bring its loss down', async () => {
    const teacher = (await trained(tinyNet({ channels: 10, seed: 9 }), 6)).trainer.model()
    const distillation = { temperature: 2, weight: 1 }
    const { metrics } = await trained(tinyNet(), 6, { teacher, loss: { kind: 'crossEntropy', distillation } })
    // With all the weight on the teacher the labels are never seen.
    expect(metrics.at(-1)!['validation/accuracy']).toBeGreaterThan(0.85)
    expect(metrics.at(-1)!['train/loss']!).toBeLessThan(0.3 * metrics[0]!['train/loss']!)
  })
})

describe('the trained model', () => {
  it('differs from the given one in the content of its weights and statistics only', async () => {
    const model = tinyNet({ adder: true, dropout: true, softmax: true })
    const before = bitsOf(model)
    const after = (await trained(model, 1)).trainer.model()
    expect(bitsOf(model)).toEqual(before)
    const { initializers, ...rest } = after.graph
    const { initializers: given, ...expected } = model.graph
    expect(rest).toEqual(expected)
    expect([...initializers].map(([name, t]) => [name, t.elementType, t.shape])).toEqual(
      [...given].map(([name, t]) => [name, t.elementType, t.shape]),
    )
    const changed = bitsOf(after).filter(([, bits], i) => bits !== before[i]![1])
    expect(changed.map(([name]) => name)).toEqual([...given.keys()].filter((name) => name !== 'ratio'))
  })

  it('is the moving average where one is asked for; training goes on with the weights themselves', async () => {
    const plain = await trained(tinyNet(), 1)
    const averaged = await trained(tinyNet(), 1, { average: { decay: 0.9, warmUp: false } })
    const weights = (t: Trainer) => [...t.exportState().weights!].map(([name, values]) => [name, [...values]])
    expect(weights(averaged.trainer)).toEqual(weights(plain.trainer))
    const model = averaged.trainer.model()
    const average = averaged.trainer.exportState().average!
    for (const name of ['conv1.weight', 'bn2.var', 'fc.bias'])
      expect([...tensorValues(model.graph.initializers.get(name)!)]).toEqual([...average.get(`average/${name}`)!])
    expect(bitsOf(model)).not.toEqual(bitsOf(plain.trainer.model()))
  })
})

describe('masks', () => {
  it('keep zeros through training, also of the average, and leave biases of 0 to learn', async () => {
    const model = withWeight('conv2.weight', (w, i) => (i % 3 ? w : 0))
    const { trainer } = await trained(model, 1, { masks: 'zeros', average: {} })
    const after = trainer.model().graph.initializers
    const zeros = (tensors: ReadonlyMap<string, Tensor>) =>
      [...tensorValues(tensors.get('conv2.weight')!)].flatMap((w, i) => (w === 0 ? [i] : []))
    expect(zeros(after)).toEqual(zeros(model.graph.initializers))
    expect([...tensorValues(after.get('fc.bias')!)].every((w) => w !== 0)).toBe(true)
  })

  it('by name; one that fits no weight is an error', async () => {
    const masks = new Map([['fc.weight', new Uint8Array(18).fill(1).fill(0, 0, 6)]])
    const { trainer } = await trained(tinyNet(), 1, { masks })
    expect([...tensorValues(trainer.model().graph.initializers.get('fc.weight')!)].slice(0, 6)).toEqual(
      Array(6).fill(0),
    )
    await expect(createTrainer(tinyNet(), { ...base, masks: new Map([['fc', new Uint8Array(18)]]) })).rejects.toThrow(
      'There is no weight "fc" to mask. Weights: conv1.weight, bn1.weight, bn1.bias, conv2.weight, bn2.weight, bn2.bias, fc.weight, fc.bias.',
    )
  })
})

/** The tiny network with one of its weights changed. */
function withWeight(name: string, change: (w: number, i: number) => number): Model {
  const model = tinyNet()
  const weight = model.graph.initializers.get(name)!
  return editGraph(model)
    .set(name, tensorOf('float32', weight.shape, tensorValues(weight).map(change)))
    .model()
}

describe('a run that was stopped', () => {
  const net = { dropout: true, adder: true }
  const options: Partial<TrainerOptions> = { average: { decay: 0.9 }, seed: 3 }

  /** Stops after `steps` updates, and goes on in a new trainer from what was saved. */
  async function interrupted(steps: number) {
    const first = await createTrainer(tinyNet(net), { ...base, ...options })
    const stop = new AbortController()
    let saved: { position: TrainingPosition; state: Record<string, ReadonlyMap<string, Float32Array | Float64Array>> }
    const stopped = await train(
      first,
      plan(2, {
        signal: stop.signal,
        onEvent: (e) => {
          if (e.kind === 'step' && e.step === steps) stop.abort()
        },
        onCheckpoint: (position) => {
          const state = Object.entries(first.exportState()).map(([section, arrays]) => [
            section,
            new Map([...arrays].map(([name, array]) => [name, array.slice()])),
          ])
          // As a checkpoint keeps it.
          saved = { position: JSON.parse(JSON.stringify(position)), state: Object.fromEntries(state) }
        },
      }),
    )
    expect(stopped.stopped).toBe(true)
    expect(stopped.position.step).toBe(steps)
    const second = await createTrainer(tinyNet(net), { ...base, ...options })
    second.importState(saved!.state, saved!.position.step)
    const rest = await train(second, plan(2, { from: saved!.position }))
    return { metrics: [...stopped.metrics, ...rest.metrics], model: second.model() }
  }

  const timeless = (metrics: readonly object[]) => metrics.map((m) => ({ ...m, imagesPerSecond: 0 }))

  it.each([1, 7, 10, 13])('after %i of 20 steps, goes on to the same bits', async (steps) => {
    const whole = await trained(tinyNet(net), 2, options)
    const parts = await interrupted(steps)
    expect(bitsOf(parts.model)).toEqual(bitsOf(whole.trainer.model()))
    expect(timeless(parts.metrics)).toEqual(timeless(whole.metrics))
  })

  it('has other masks of Dropout with another seed', async () => {
    const [a, b] = await Promise.all([3, 4].map((seed) => trained(tinyNet(net), 1, { seed })))
    expect(bitsOf(a!.trainer.model())).not.toEqual(bitsOf(b!.trainer.model()))
  })

  it('refuses the state of another network', async () => {
    const { trainer } = await trained(tinyNet(), 1)
    const other = await createTrainer(tinyNet({ channels: 4 }), base)
    expect(() => other.importState(trainer.exportState(), 3)).toThrow(
      'The state has 54 elements for "conv1.weight", the network 36. It belongs to another network.',
    )
    const averaging = await createTrainer(tinyNet(), { ...base, average: {} })
    expect(() => averaging.importState(trainer.exportState(), 3)).toThrow('The state lacks the average of the weights.')
  })
})

describe('checkpoints and evaluations', () => {
  it('need one plan', async () => {
    const trainer = await createTrainer(tinyNet(), base)
    const ofImages = (model: Model) => networkForImages(model, [batchSize, ...tinyShape]).model
    const abilities: Abilities = { supports: () => ({ layout: 'plain', fuses: { affine: true, clamp: true } }) }
    const before = makePlan(ofImages(trainer.model()), new Map([['image', [batchSize, ...tinyShape]]]), abilities)
    for await (const batch of training.epoch(0)) await trainer.step(batch, 0.1)
    expect(withWeights(before, ofImages(trainer.model()))?.tasks).toBe(before.tasks)
    await trainer.dispose()
  })

  it('all evaluations have one session, which is gone at the end', async () => {
    const ends: Promise<void>[] = []
    const createSession = vi.fn<Runtime['createSession']>(async (model, options) => {
      const session = await nodeRuntime.createSession(model, options)
      const dispose = session.dispose.bind(session)
      vi.spyOn(session, 'dispose').mockImplementation(() => {
        ends.push(dispose())
        return ends.at(-1)!
      })
      return session
    })
    const { metrics } = await trained(tinyNet(), 4, {}, { runtime: { ...nodeRuntime, createSession } })
    expect(metrics.every((m) => m['validation/loss'] !== undefined)).toBe(true)
    expect([createSession.mock.calls.length, ends.length]).toEqual([1, 1])
  })

  it('come as often as asked for, and at the end', async () => {
    const saved: number[] = []
    const events: TrainingEvent[] = []
    const { metrics } = await trained(
      tinyNet(),
      3,
      {},
      {
        evaluateEveryEpochs: 2,
        checkpointEverySteps: 12,
        onCheckpoint: ({ step }) => void saved.push(step),
        onEvent: (e) => events.push(e),
      },
    )
    expect(saved).toEqual([12, 24, 30])
    expect(metrics.map((m) => ['validation/accuracy' in m, m.epoch, m.step])).toEqual([
      [false, 1, 10],
      [true, 2, 20],
      [true, 3, 30],
    ])
    expect(events.filter((e) => e.kind === 'step')).toHaveLength(30)
    expect(events.find((e) => e.kind === 'step')).toMatchObject({
      step: 1,
      steps: 30,
      epoch: 0.1,
      epochs: 3,
      learningRate: 0.1,
    })
  })
})

describe('the best network', () => {
  const told = (accuracy: number, loss: number, epoch: number) => ({ accuracy, loss, step: 10 * epoch, epoch })

  it('is the most accurate one on the validation images, and of equals the one with the lower loss', async () => {
    const kept: [number, boolean][] = []
    const { metrics, position } = await trained(
      tinyNet(),
      8,
      {},
      { onEpoch: ({ epoch }, isBest) => void kept.push([epoch, isBest]) },
    )
    let best = told(-1, 0, 0)
    for (const m of metrics) {
      const now = told(m['validation/accuracy']!, m['validation/loss']!, m.epoch)
      const isBest = now.accuracy > best.accuracy || (now.accuracy === best.accuracy && now.loss < best.loss)
      expect(kept[m.epoch - 1]).toEqual([m.epoch, isBest])
      if (isBest) best = now
    }
    expect(position.best).toEqual(best)
  })

  it.each([
    [1, 1],
    [2, 1],
    [3, 2],
  ])('ends training when patience of %i epochs, evaluated every %i, has brought none', async (patience, every) => {
    const steady = { schedule: () => 0.1, evaluateEveryEpochs: every }
    const { metrics } = await trained(tinyNet(), 12, {}, steady)
    let best = { accuracy: -1, loss: 0, epoch: 0 }
    let end = 0
    for (const m of metrics) {
      if (m.epoch % every !== 0) continue
      const now = { accuracy: m['validation/accuracy']!, loss: m['validation/loss']!, epoch: m.epoch }
      if (now.accuracy > best.accuracy || (now.accuracy === best.accuracy && now.loss < best.loss)) best = now
      if (m.epoch - best.epoch < patience) continue
      end = m.epoch
      break
    }
    expect(end).toBeGreaterThan(0)
    const saved: number[] = []
    const onCheckpoint = ({ epoch }: TrainingPosition) => void saved.push(epoch)
    const stopped = await trained(tinyNet(), 12, {}, { ...steady, patience, onCheckpoint, checkpointEverySteps: 1e6 })
    expect(stopped.position).toMatchObject({ epoch: end, best: { epoch: best.epoch } })
    expect(stopped.metrics).toHaveLength(end)
    expect(stopped.stopped).toBe(false)
    expect(saved).toEqual([end])
  })

  it('does not exist without validation images', async () => {
    const { position, metrics } = await trained(tinyNet(), 1, {}, { validation: undefined })
    expect(position.best).toBeUndefined()
    expect(metrics[0]).not.toHaveProperty('validation/accuracy')
  })
})

describe('values that are not finite stop the training', () => {
  async function faultOf(model: Model, more: Partial<TrainOptions> = {}): Promise<KerfError> {
    const trainer = await createTrainer(model, base)
    try {
      await train(trainer, plan(2, more))
    } catch (error) {
      expect(error).toBeInstanceOf(KerfError)
      expect(trainer.steps).toBe(((error as KerfError).details.step as number) - 1)
      return error as KerfError
    }
    throw new Error('it went on')
  }

  it('at the layer where they began, with nothing changed', async () => {
    const model = withWeight('conv2.weight', (w) => w * 1e38)
    const error = await faultOf(model)
    expect(error.code).toBe('not-finite')
    expect(error.message).toMatch(
      /^Step 1: the loss is NaN\. Conv "conv2" made the first values that are not finite, [\d,]+ of 6,144\. Lower the learning rate \(now 0\.1\), warm it up, or clip gradients\.$/,
    )
  })

  it('at the images, where these are wrong', async () => {
    const wrong = {
      ...training,
      async *epoch(epoch: number) {
        for await (const batch of training.epoch(epoch)) {
          batch.images[77] = Number.NaN
          yield batch
        }
      },
    }
    const error = await faultOf(tinyNet(), { training: wrong })
    expect(error.message).toContain('Before the step, "image" already had values that are not finite, 1 of 1,024.')
  })

  it('when learning too fast', async () => {
    const error = await faultOf(tinyNet(), { schedule: () => 1e30 })
    expect(error.message).toMatch(/^Step [2-9]: .* Lower the learning rate \(now 1e\+30\)/)
  })

  it('before a checkpoint of them is saved', async () => {
    const trainer = await createTrainer(tinyNet(), base)
    trainer.program.input('fc.bias')[1] = Number.POSITIVE_INFINITY
    expect(() => trainer.exportState()).toThrow(
      'Step 0: the update has made "fc.bias" Infinity. Lower the learning rate, warm it up',
    )
  })
})

it('two runs on two threads are the same bits', async () => {
  const twice = async () => bitsOf((await trained(tinyNet(), 1, { threads: 2, runtime: nodeRuntime })).trainer.model())
  expect(await twice()).toEqual(await twice())
})
