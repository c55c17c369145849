import { describe, expect, it } from 'vitest'
import { namePattern } from '../../base/index.ts'
import { tinyNet } from '../../testing/tiny-images.ts'
import { tinyTrainer } from '../../testing/tiny-trainer.ts'
import { gradualRatio } from './gmp.ts'

describe('gradual magnitude pruning', () => {
  /*
   * Equation 1 of Zhu and Gupta, with fractions:
   *   from fractions import Fraction as F
   *   for t in (10, 15, 20, 25, 30): print(float(F(9, 10) + (F(1, 10) - F(9, 10)) * (1 - F(t - 10, 20)) ** 3))
   */
  it('follows the cubic schedule', () => {
    const options = { ratio: 0.9, initialRatio: 0.1, begin: 10, end: 34, every: 5 }
    const expected = [0.1, 0.5625, 0.8, 0.8875, 0.9]
    expected.forEach((s, i) => {
      expect(gradualRatio(10 + 5 * i, options)).toBeCloseTo(s, 12)
    })
  })

  it('has as many zeros behind each update, and they stay', async () => {
    const { trainer, step, weight, dispose } = await tinyTrainer(tinyNet(), {
      sparsity: { method: 'gmp', ratio: 0.75, begin: 1, end: 5, every: 2 },
      average: { decay: 0.5 },
    })
    const zeros = (name: string) => weight(name).flatMap((w, i) => (w === 0 ? [i] : []))
    const chosen: boolean[] = []
    // 324 weights: s = 0, 0.75·(1 − 1/8), 0.75.
    const counts = [0, 0, Math.round(324 * 0.65625), Math.round(324 * 0.65625), 243, 243, 243]
    let before: number[] = []
    for (const count of counts) {
      await step()
      chosen.push(trainer.mayBeChosen)
      const now = zeros('conv2.weight')
      expect(now).toHaveLength(count)
      expect(before.every((i) => now.includes(i))).toBe(true)
      before = now
    }
    expect(chosen).toEqual([false, false, false, false, true, true, true])
    expect(zeros('fc.weight')).toHaveLength(Math.round(18 * 0.75))
    expect(zeros('bn1.weight')).toEqual([])
    // (54 + 324 + 18)·0.75, rounded tensor by tensor.
    expect(trainer.metrics()).toEqual({ sparsity: (41 + 243 + 14) / 396 })
    // The average has them, too.
    const written = [...trainer.model().graph.initializers.get('conv2.weight')!.data.bytes()]
    const values = new Float32Array(Uint8Array.from(written).buffer)
    expect([...values].flatMap((w, i) => (w === 0 ? [i] : []))).toEqual(before)
    await dispose()
  })

  it('cuts the smallest: of each layer, or of all together', async () => {
    const once = { method: 'gmp', ratio: 0.5, begin: 0, end: 1, every: 1 } as const
    for (const global of [false, true]) {
      const plain = await tinyTrainer(tinyNet())
      const sparse = await tinyTrainer(tinyNet(), { sparsity: { ...once, global } })
      await Promise.all([plain.step(), sparse.step()])
      const names = ['conv1.weight', 'conv2.weight', 'fc.weight']
      const all = names.map((name) => plain.weight(name))
      const median = (values: number[]) => values.map(Math.abs).sort((a, b) => a - b)[values.length / 2]!
      names.forEach((name, i) => {
        const limit = median(global ? all.flat() : all[i]!)
        expect(sparse.weight(name)).toEqual(all[i]!.map((w) => (Math.abs(w) < limit ? 0 : w)))
      })
      await Promise.all([plain.dispose(), sparse.dispose()])
    }
  })

  it('leaves alone what is to be kept, and keeps zeros that were there', async () => {
    const masks = new Map([['fc.weight', Uint8Array.from({ length: 18 }, (_, i) => Number(i !== 7))]])
    const { step, weight, dispose } = await tinyTrainer(tinyNet(), {
      masks,
      sparsity: { method: 'gmp', ratio: 0.5, end: 2, every: 1, keep: [namePattern('conv*')] },
    })
    await step()
    await step()
    expect(weight('conv1.weight').includes(0)).toBe(false)
    expect(weight('fc.weight').filter((w) => w === 0)).toHaveLength(9)
    expect(weight('fc.weight')[7]).toBe(0)
    await dispose()
  })

  it.each([
    [{ end: 3, every: 4 }, 'it begins with step 0, ends with step 3, and an update comes every 4.'],
    [
      { end: 3, every: 1, keep: [namePattern('conv3')] },
      'sparsity.keep: "conv3" matches nothing that is learnt. There are: conv1.weight,',
    ],
    [
      { end: 3, every: 1, keep: [namePattern('*')] },
      'sparsity.keep leaves no weights of convolutions or linear layers to make sparse.',
    ],
  ])('refuses %o', async (options, message) => {
    await expect(tinyTrainer(tinyNet(), { sparsity: { method: 'gmp', ratio: 0.5, ...options } })).rejects.toThrow(
      message,
    )
  })
})
