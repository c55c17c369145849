import { describe, expect, it } from 'vitest'
import { sparsityContext, waves } from '../../testing/sparsity-context.ts'
import { tinyNet } from '../../testing/tiny-images.ts'
import { tinyTrainer } from '../../testing/tiny-trainer.ts'
import { channelLayout } from '../../workflow/index.ts'
import { parameterGroups } from '../optimisers/parameter.ts'
import { groupSparsity } from './group-sparsity.ts'
import { grownPenalty } from './growing.ts'
import type { ChannelMember } from './method.ts'
import { slimming } from './slimming.ts'

const names = [
  'conv1.weight',
  'bn1.weight',
  'bn1.bias',
  'conv2.weight',
  'bn2.weight',
  'bn2.bias',
  'fc.weight',
  'fc.bias',
]

/** Channel c of the six that conv1, or conv2, makes in the tiny network: the elements of each weight that are its. */
function elementsOf(layer: 1 | 2, channel: number): Record<string, number[]> {
  const list = (length: number, of: (i: number) => number) => Array.from({ length }, (_, i) => of(i))
  const vectors = { [`bn${layer}.weight`]: [channel], [`bn${layer}.bias`]: [channel] }
  return layer === 1
    ? {
        ...vectors,
        'conv1.weight': list(9, (i) => 9 * channel + i),
        'conv2.weight': list(54, (i) => 54 * Math.floor(i / 9) + 9 * channel + (i % 9)),
      }
    : {
        ...vectors,
        'conv2.weight': list(54, (i) => 54 * channel + i),
        'fc.weight': list(3, (i) => 6 * i + channel),
      }
}

const norm = (values: readonly number[]) => Math.hypot(...values)

/** A step of the same batch with and without a method: what it adds to each weight's gradient. */
async function added(sparsity: Parameters<typeof tinyTrainer>[1] & object, steps = 1) {
  const [plain, sparse] = [
    await tinyTrainer(tinyNet()),
    await tinyTrainer(tinyNet(), { layout: channelLayout, ...sparsity }),
  ]
  const before = new Map(names.map((name) => [name, plain.weight(name)]))
  for (let i = 0; i < steps; i++) await Promise.all([plain.step(1e-3), sparse.step(1e-3)])
  const gradient = (name: string) => {
    const other = sparse.weight(name)
    return plain.weight(name).map((w, i) => (w - other[i]!) / 1e-3)
  }
  const result = {
    before,
    gradient: new Map(names.map((name) => [name, gradient(name)])),
    metrics: sparse.trainer.metrics(),
  }
  await Promise.all([plain.dispose(), sparse.dispose()])
  return result
}

const close = (received: readonly number[], expected: readonly number[], digits = 3) => {
  expect(received).toHaveLength(expected.length)
  received.forEach((r, i) => {
    expect(r).toBeCloseTo(expected[i]!, digits)
  })
}

describe('network slimming', () => {
  it('adds λ·sign(γ) to the gradients of scales alone, nothing where γ is 0', async () => {
    const { before, gradient, metrics } = await added({ sparsity: { method: 'slimming', penalty: 0.5 } })
    for (const name of names)
      close(
        gradient.get(name)!,
        before.get(name)!.map((w) => (/^bn\d.weight/.test(name) ? 0.5 * Math.sign(w) : 0)),
      )
    expect(metrics).toEqual({ smallChannels: 0 })
  })

  it('takes the sign as it is', () => {
    const value = Float32Array.of(-0.3, 0, 2, 0.001)
    const context = sparsityContext([{ name: 'g', shape: [4], role: 'scale', layers: ['bn'], value }])
    const sparsifier = slimming.start(context, { penalty: 0.25, settled: 7 })
    const gradient = Float32Array.of(1, 1, 1, 1)
    sparsifier.beforeUpdate!(() => gradient, 0)
    expect([...gradient]).toEqual([0.75, 1, 1.25, 1.25])
    expect(sparsifier.metrics!()).toEqual({ smallChannels: 0.5 })
    expect([6, 7].map((step) => sparsifier.settled(step))).toEqual([false, true])
  })

  it('needs a normalisation, and a penalty', async () => {
    const context = sparsityContext([{ name: 'w', shape: [1], role: 'layer', layers: [], value: Float32Array.of(1) }])
    expect(() => slimming.start(context, {})).toThrow('The network learns no scales of normalisations')
    await expect(tinyTrainer(tinyNet(), { sparsity: { method: 'slimming', penalty: 0 } })).rejects.toThrow(
      'A penalty of sparsity is a number greater than 0. Received 0.',
    )
  })
})

describe('group sparsity', () => {
  /*
   * import torch
   * w = lambda n, k: torch.sin(torch.arange(n, dtype=torch.float64) * k + 1)
   * conv1 = w(12, 0.7).reshape(3, 2, 2, 1).float().requires_grad_()
   * scale = w(3, 1.3).float().requires_grad_()
   * conv2 = w(6, 2.1).reshape(2, 3, 1, 1).float().requires_grad_()
   * with torch.no_grad():
   *     norms = (conv1.double().pow(2).sum((1, 2, 3)) + scale.double().pow(2) + conv2.double().pow(2).sum((0, 2, 3))).sqrt()
   *     gamma = 2 ** (4 * (norms.max() - norms) / (norms.max() - norms.min()))
   * penalty = sum(0.01 * gamma[k] / 2 * (conv1[k].double().pow(2).sum() + scale[k].double().pow(2)
   *               + conv2[:, k].double().pow(2).sum()) for k in range(3))
   * penalty.backward()
   * for p in (conv1, scale, conv2): print([round(x, 7) for x in p.grad.flatten().tolist()])
   */
  it('pulls everything of a channel as PyTorch says, its bias not', () => {
    const weights = [
      { name: 'conv1', shape: [3, 2, 2, 1], role: 'layer', layers: [], value: waves(12, 0.7) },
      { name: 'scale', shape: [3], role: 'scale', layers: [], value: waves(3, 1.3) },
      { name: 'bias', shape: [3], role: 'other', layers: [], value: waves(3, 0.3) },
      { name: 'conv2', shape: [2, 3, 1, 1], role: 'layer', layers: [], value: waves(6, 2.1) },
    ] as const
    const of = Int32Array.of(0, 1, 2)
    const members: ChannelMember[] = [
      { tensor: 'conv1', role: 'makes', axis: 0, of },
      { tensor: 'scale', role: 'other', axis: 0, of },
      { tensor: 'bias', role: 'other', axis: 0, of },
      { tensor: 'conv2', role: 'reads', axis: 1, of },
    ]
    const context = sparsityContext(weights, { groups: [{ name: 'conv1', channels: 3, members }] })
    const gradients = new Map(weights.map((w) => [w.name as string, new Float32Array(w.value.length)]))
    groupSparsity.start(context, { penalty: 0.01 }).beforeUpdate!((name) => gradients.get(name)!, 0)
    const expected = {
      conv1: [
        0.0084147, 0.0099166, 0.0067546, 0.0004158, -0.0978973, -0.1564048, -0.1413527, -0.0598203, 0.0052963,
        0.0144577, 0.0168194, 0.0112707,
      ],
      scale: [0.0084147, 0.1193128, -0.007523],
      bias: [0, 0, 0],
      conv2: [0.0084147, 0.0066529, -0.015019, 0.0085044, 0.0039641, -0.0148829],
    }
    for (const [name, numbers] of Object.entries(expected)) close([...gradients.get(name)!], numbers, 6)
  })

  it('does so in a network, for both groups that a weight belongs to', async () => {
    const { before, gradient } = await added({ sparsity: { method: 'group-sparsity', penalty: 0.1, contrast: 3 } })
    const expected = new Map(names.map((name) => [name, before.get(name)!.map(() => 0)]))
    for (const layer of [1, 2] as const) {
      const channels = Array.from({ length: 6 }, (_, c) =>
        Object.entries(elementsOf(layer, c)).filter(([name]) => !name.endsWith('bias')),
      )
      const norms = channels.map((c) => norm(c.flatMap(([name, at]) => at.map((i) => before.get(name)![i]!))))
      const [most, least] = [Math.max(...norms), Math.min(...norms)]
      channels.forEach((c, k) => {
        const pull = 0.1 * 2 ** ((3 * (most - norms[k]!)) / (most - least))
        for (const [name, at] of c) for (const i of at) expected.get(name)![i]! += pull * before.get(name)![i]!
      })
    }
    for (const name of names) close(gradient.get(name)!, expected.get(name)!)
  })
})

describe('growing regularisation', () => {
  it('grows by increments up to its limit', () => {
    const options = { ratio: 0.5, increment: 0.25, every: 3, limit: 0.6, begin: 2, end: 20 }
    const penalties = Array.from({ length: 13 }, (_, step) => grownPenalty(step, options))
    expect(penalties).toEqual([0, 0, 0.25, 0.25, 0.25, 0.5, 0.5, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6])
  })

  it('pulls the channels of least L1 norm alone, holds them at 0 in the end', async () => {
    const sparsity = {
      method: 'growing-regularisation',
      ratio: 0.3,
      increment: 0.25,
      every: 1,
      limit: 2,
      end: 4,
    } as const
    const { before, gradient } = await added({ sparsity })
    // 0.7 · 6 = 4.2: four stay.
    const gone = new Map(
      ([1, 2] as const).map((layer) => {
        const sizes = Array.from({ length: 6 }, (_, c) =>
          elementsOf(layer, c)[`conv${layer}.weight`]!.reduce(
            (s, i) => s + Math.abs(before.get(`conv${layer}.weight`)![i]!),
            0,
          ),
        )
        return [layer, [...sizes.keys()].sort((a, b) => sizes[a]! - sizes[b]!).slice(0, 2)] as const
      }),
    )
    const expected = new Map(names.map((name) => [name, before.get(name)!.map(() => 0)]))
    const zeros = new Map(names.map((name) => [name, new Set<number>()]))
    for (const [layer, channels] of gone)
      for (const c of channels)
        for (const [name, at] of Object.entries(elementsOf(layer, c)))
          for (const i of at) {
            if (!name.endsWith('bias')) expected.get(name)![i]! += 0.25 * before.get(name)![i]!
            zeros.get(name)!.add(i)
          }
    for (const name of names) close(gradient.get(name)!, expected.get(name)!)

    const { trainer, step, weight, dispose } = await tinyTrainer(tinyNet(), { sparsity, layout: channelLayout })
    for (let i = 0; i < 3; i++) await step()
    expect(trainer.mayBeChosen).toBe(false)
    for (let i = 0; i < 2; i++) await step()
    expect(trainer.mayBeChosen).toBe(true)
    // Biases of the tiny network begin at 0 and have learnt since.
    for (const name of names)
      expect(
        weight(name).flatMap((w, i) => (w === 0 ? [i] : [])),
        name,
      ).toEqual([...zeros.get(name)!].sort((a, b) => a - b))
    expect(trainer.metrics()).toEqual({ smallChannels: 4 / 12 })
    await dispose()
  })
})

describe('soft filter pruning', () => {
  const smallest = (weights: readonly number[], count: number) => {
    const norms = Array.from({ length: 6 }, (_, c) =>
      norm(weights.slice((c * weights.length) / 6, ((c + 1) * weights.length) / 6)),
    )
    return [...norms.keys()]
      .sort((a, b) => norms[a]! - norms[b]!)
      .slice(0, count)
      .sort((a, b) => a - b)
  }
  const zeroFilters = (weights: readonly number[]) =>
    Array.from({ length: 6 }, (_, c) => c).filter((c) =>
      weights.slice((c * weights.length) / 6, ((c + 1) * weights.length) / 6).every((w) => w === 0),
    )

  it('zeroes the filters of least L2 norm, which then learn again', async () => {
    // Where ReLU lets nothing of a zero filter's channel through, momentum brings it back.
    const optimiser = { kind: 'sgd', momentum: 0.9, groups: parameterGroups() } as const
    const plain = await tinyTrainer(tinyNet(), { optimiser })
    const soft = await tinyTrainer(tinyNet(), {
      optimiser,
      sparsity: { method: 'sfp', ratio: 0.5, every: 2 },
      layout: channelLayout,
    })
    for (let i = 0; i < 2; i++) await Promise.all([plain.step(), soft.step()])
    for (const name of ['conv1.weight', 'conv2.weight']) {
      const expected = smallest(plain.weight(name), 3)
      expect(zeroFilters(soft.weight(name))).toEqual(expected)
      // The others are those of the training without it.
      soft.weight(name).forEach((w, i) => {
        expect(w).toBe(expected.includes(Math.floor((6 * i) / soft.weight(name).length)) ? 0 : plain.weight(name)[i])
      })
    }
    expect(soft.weight('bn1.weight')).toEqual(plain.weight('bn1.weight'))
    expect(soft.trainer.mayBeChosen).toBe(true)
    await soft.step()
    for (const name of ['conv1.weight', 'conv2.weight']) expect(zeroFilters(soft.weight(name))).toEqual([])
    expect(soft.trainer.mayBeChosen).toBe(false)
    await Promise.all([plain.dispose(), soft.dispose()])
  })

  it('chooses for good where it has an end', async () => {
    const sparsity = { method: 'sfp', ratio: 0.5, every: 2, end: 3 } as const
    const { step, weight, dispose } = await tinyTrainer(tinyNet(), { sparsity, layout: channelLayout })
    for (let i = 0; i < 3; i++) await step()
    const chosen = ['conv1.weight', 'conv2.weight'].map((name) => zeroFilters(weight(name)))
    for (let i = 0; i < 2; i++) await step()
    expect(['conv1.weight', 'conv2.weight'].map((name) => zeroFilters(weight(name)))).toEqual(chosen)
    expect(chosen.map((c) => c.length)).toEqual([3, 3])
    for (const [i, name] of ['bn1.bias', 'bn2.bias'].entries())
      expect(weight(name).flatMap((w, c) => (w === 0 ? [c] : []))).toEqual(chosen[i])
    await dispose()
  })

  it('has no average, and needs the layout of channels', async () => {
    const sparsity = { method: 'sfp', ratio: 0.5, every: 2 } as const
    await expect(tinyTrainer(tinyNet(), { sparsity, layout: channelLayout, average: {} })).rejects.toThrow(
      'A moving average of the weights has not the zeros that sfp makes',
    )
    await expect(tinyTrainer(tinyNet(), { sparsity })).rejects.toThrow(
      'The sparsity method sfp works on channels: give the trainer their layout',
    )
  })
})
