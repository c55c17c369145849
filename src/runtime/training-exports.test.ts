import { describe, expect, it } from 'vitest'
import { GraphBuilder, type Model, tensorOf } from '../graph/index.ts'
import { backends } from '../testing/backends.ts'
import { hostTensor } from './index.ts'

const floats = (b: GraphBuilder, name: string, shape: number[], values: number[]) =>
  b.constant(name, tensorOf('float32', shape, values))

/** Conv (× 2), BatchNormalization with training_mode 1, Relu; then Dropout with training_mode true. As PyTorch exports with TrainingMode.TRAINING. */
function exported(outputs: number): Model {
  const b = new GraphBuilder('training', 15)
  const x = b.input('x', 'float32', [2, 1, 1, 2])
  const doubled = b.node('Conv', [x, floats(b, 'w', [1, 1, 1, 1], [2])])
  const vectors = [
    ['scale', 1],
    ['bias', 0.5],
    ['mean', 100],
    ['var', 9],
  ].map(([name, value]) => floats(b, name as string, [1], [value as number]))
  const names = ['y', 'next_mean', 'next_var'].slice(0, outputs)
  const attributes = { training_mode: 1, epsilon: { kind: 'float', value: 0 } } as const
  const normal = b.node('BatchNormalization', [doubled, ...vectors], attributes, { outputs: names })
  const on = b.constant('on', tensorOf('bool', [], [1]))
  b.output(b.node('Dropout', [b.node('Relu', [normal]), '', on], {}, { outputs: ['dropped', 'mask'] }))
  return b.model()
}

describe.each(backends)('a network exported for training, on $name', ({ run }) => {
  // 2, 4, 6, 8 around their own mean 5, by their own deviation √5; the running statistics would give 0 everywhere.
  it.each([1, 3])('is normalised by its batch (%i outputs) and loses nothing to Dropout', async (outputs) => {
    const results = await run(exported(outputs), new Map([['x', hostTensor('float32', [2, 1, 1, 2], [1, 2, 3, 4])]]))
    const { data } = [...results.values()][0] as { data: ArrayLike<number> }
    expect(Array.from(data, (v) => Number(v.toFixed(5)))).toEqual([0, 0.05279, 0.94721, 1.84164])
  })
})
