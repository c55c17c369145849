import { describe, expect, it } from 'vitest'
import { KerfError } from '../../base/index.ts'
import { GraphBuilder } from '../../graph/index.ts'
import { sparsityContext, waves } from '../../testing/sparsity-context.ts'
import { tinyNet } from '../../testing/tiny-images.ts'
import { tinyTrainer } from '../../testing/tiny-trainer.ts'
import { weightsFor } from '../../testing/weights.ts'
import { channelLayout } from '../../workflow/index.ts'
import { parameterGroups } from '../optimisers/parameter.ts'
import { sgd } from '../optimisers/sgd.ts'
import { srSte } from './sr-ste.ts'

describe('SR-STE', () => {
  /*
   * import torch
   * w = lambda n, k: torch.sin(torch.arange(n, dtype=torch.float64) * k + 1)
   * x = w(8, 0.9).reshape(1, 8); d = w(16, 1.7).reshape(2, 8)
   * class SrSte(torch.autograd.Function):
   *     @staticmethod
   *     def forward(ctx, weight, n, m, decay):
   *         flat = weight.reshape(-1, m)
   *         index = flat.abs().argsort(dim=1)[:, : m - n]
   *         mask = torch.ones_like(flat).scatter_(1, index, 0).reshape(weight.shape)
   *         ctx.save_for_backward(weight, mask); ctx.decay = decay
   *         return weight * mask
   *     @staticmethod
   *     def backward(ctx, grad):
   *         weight, mask = ctx.saved_tensors
   *         return grad + ctx.decay * (1 - mask) * weight, None, None, None
   * weight = torch.nn.Parameter(d.clone())
   * opt = torch.optim.SGD([weight], lr=0.5, momentum=0.9)
   * for _ in range(3):
   *     y = x @ SrSte.apply(weight, 2, 4, 0.1).T
   *     loss = ((y - torch.tensor([[1.0, -1.0]])) ** 2).mean()
   *     opt.zero_grad(); loss.backward(); opt.step()
   * print([round(v, 7) for v in weight.flatten().tolist()])
   */
  it('learns the dense weights that PyTorch learns', () => {
    const value = waves(16, 1.7)
    const weight = { name: 'w', shape: [2, 8], role: 'layer', layers: ['fc'], value } as const
    const context = sparsityContext([weight], { inputs: new Map([['w', { axis: 1, run: 8 }]]) })
    const sparsifier = srSte.start(context, { n: 2, m: 4, penalty: 0.1 })
    const optimiser = sgd({ momentum: 0.9, groups: parameterGroups() })
    const x = waves(8, 0.9)
    for (let step = 0; step < 3; step++) {
      const gradient = new Float32Array(16)
      for (const [o, target] of [1, -1].entries()) {
        const y = x.reduce((sum, xi, i) => sum + xi * value[8 * o + i]!, 0)
        // Of the mean of two squares.
        for (let i = 0; i < 8; i++) gradient[8 * o + i] = (y - target) * x[i]!
      }
      sparsifier.beforeUpdate!(() => gradient, step)
      optimiser.step([{ name: 'w', value, gradient, group: 'decay' }], 0.5)
      sparsifier.afterUpdate!(step + 1)
      for (let at = 0; at < 16; at += 4) expect([...value.subarray(at, at + 4)].filter((w) => w !== 0)).toHaveLength(2)
    }
    const expected = [
      0.4123368, -0.1131251, -1.021901, 0.1924375, 1.4670284, 0.3787005, -1.0386156, -0.1506048, 1.5330422, 0.2121509,
      -0.2444061, 0.3626721, -0.2475733, -1.4096818, -0.1968286, 1.6137169,
    ]
    const dense = [...sparsifier.exportState!().get('dense/w')!]
    dense.forEach((d, i) => {
      expect(d).toBeCloseTo(expected[i]!, 5)
    })
    expect([...value]).toEqual(dense.map((d, i) => (value[i] === 0 ? 0 : d)))
  })

  it('keeps 2 of 4 in a network behind every step, and goes on from its state', async () => {
    const sparsity = { method: 'sr-ste', n: 2, m: 4 } as const
    const { trainer, step, weight, dispose } = await tinyTrainer(tinyNet({ channels: 8 }), {
      sparsity,
      layout: channelLayout,
    })
    const pattern = () => {
      const w = weight('conv2.weight')
      for (let o = 0; o < 8; o++)
        for (let i = 0; i < 8; i += 4)
          for (let k = 0; k < 9; k++) {
            const run = [0, 1, 2, 3].map((j) => w[72 * o + 9 * (i + j) + k]!)
            expect(run.filter((v) => v !== 0)).toHaveLength(2)
          }
      return w.map((v) => Number(v !== 0)).join('')
    }
    pattern()
    // One input: nothing to choose from.
    expect(weight('conv1.weight').every((w) => w !== 0)).toBe(true)
    await step()
    const before = pattern()
    const state = Object.fromEntries(
      Object.entries(trainer.exportState()).map(([section, arrays]) => [
        section,
        new Map([...arrays].map(([name, array]) => [name, array.slice()])),
      ]),
    )
    await step(0.5)
    expect(pattern()).not.toBe(before)
    trainer.importState(state, 1)
    expect(pattern()).toBe(before)
    const { masks: _, sparsity: __, ...without } = state
    expect(() => trainer.importState(without, 1)).toThrow('The state lacks the part of the sparsity method sr-ste')
    await dispose()
  })

  it('leaves the weights as they were where a step fails', async () => {
    const sparsity = { method: 'sr-ste', n: 1, m: 3 } as const
    const { trainer, weight, dispose } = await tinyTrainer(tinyNet(), { sparsity, layout: channelLayout })
    const before = weight('conv2.weight')
    trainer.program.input('fc.bias').fill(3e38)
    const images = new Float32Array(8 * 64).fill(1e30)
    const batch = { images, targets: new Float32Array(24), labels: new Int32Array(8), count: 8 }
    await expect(trainer.step(batch, 0.1)).rejects.toThrow(KerfError)
    expect(weight('conv2.weight')).toEqual(before)
    await dispose()
  })

  it('refuses patterns that keep all', async () => {
    const tiny = (n: number, m: number) =>
      tinyTrainer(tinyNet(), { sparsity: { method: 'sr-ste', n, m }, layout: channelLayout })
    await expect(tiny(4, 4)).rejects.toThrow('The pattern 4:4 is none. Give whole numbers N:M with 1 ≤ N < M')
    await expect(tiny(8, 16)).rejects.toThrow('No layer has more than 8 inputs, so that 8:16 leaves all as they are.')
  })

  it('knows the inputs of every kind of layer', () => {
    const b = new GraphBuilder('kinds')
    const weights = weightsFor(b, () => 0.5)
    const x = b.input('x', 'float32', [1, 4, 6, 6])
    const grouped = b.node('Conv', [x, weights('grouped', 8, 2, 1, 1)], { group: 2 })
    const deep = b.node('Conv', [grouped, weights('deep', 8, 1, 1, 1)], { group: 8 })
    const up = b.node('ConvTranspose', [deep, weights('up', 8, 3, 1, 1)], { group: 2 })
    const flat = b.node('Flatten', [b.node('GlobalAveragePool', [up])])
    const first = b.node('Gemm', [flat, weights('first', 5, 6)], { transB: 1 })
    b.output(b.node('MatMul', [first, weights('second', 5, 2)]))
    expect(Object.fromEntries(channelLayout(b.model()).inputs)).toEqual({
      grouped: { axis: 1, run: 2 },
      deep: { axis: 1, run: 1 },
      up: { axis: 0, run: 4 },
      first: { axis: 1, run: 6 },
      second: { axis: 0, run: 5 },
    })
  })
})
