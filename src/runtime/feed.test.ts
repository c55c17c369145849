import { expect, it } from 'vitest'
import { GraphBuilder, type Model } from '../graph/index.ts'
import { createSession, type Feed } from './index.ts'

const model = (shape: (number | string)[], elementType: 'float32' | 'int64' = 'float32'): Model => {
  const b = new GraphBuilder('small')
  b.output(b.node('Identity', [b.input('x', elementType, shape)], {}, { name: 'same' }))
  return b.model()
}
const run = async (m: Model, feed: Feed, inputShapes?: ReadonlyMap<string, readonly number[]>) => {
  const session = await createSession(m, { backend: 'reference', inputShapes })
  const [output] = Object.values(await session.run({ x: feed }))
  return [output?.shape, Array.from(output?.data ?? [], Number)]
}

it('elements alone get the shape that the model tells: a fixed one, one open dimension, or a batch of 1', async () => {
  const six = Float32Array.of(1, 2, 3, 4, 5, 6)
  expect(await run(model([2, 3]), six)).toEqual([
    [2, 3],
    [1, 2, 3, 4, 5, 6],
  ])
  expect((await run(model(['N', 3]), six))[0]).toEqual([2, 3])
  expect((await run(model(['N', 2, 'W']), six))[0]).toEqual([1, 2, 3])
  expect((await run(model(['N', 'H', 'W']), six, new Map([['x', [1, 3, 2]]])))[0]).toEqual([1, 3, 2])
  expect((await run(model(['N', 3]), [1, 2, 3, 4, 5, 6]))[0]).toEqual([2, 3])
  expect(await run(model([2], 'int64'), [3, 4])).toEqual([[2], [3, 4]])
  expect(
    await run(model(['N', 'M']), [
      [1, 2],
      [3, 4],
      [5, 6],
    ]),
  ).toEqual([
    [3, 2],
    [1, 2, 3, 4, 5, 6],
  ])
})

it('and an error that says what to give where it does not', async () => {
  const six = new Float32Array(6)
  const tell = 'elements alone do not tell its shape. Give hostTensor(elementType, shape, data).'
  await expect(run(model([2, 2]), six)).rejects.toThrow(`Input "x" is [2,2]: 6 ${tell}`)
  await expect(run(model(['N', 'H', 'W']), six)).rejects.toThrow(`Input "x" is [N,H,W]: 6 ${tell}`)
  await expect(run(model(['N', 4]), six)).rejects.toThrow(`Input "x" is [N,4]: 6 ${tell}`)
  await expect(run(model([2, 3]), new Uint8Array(6))).rejects.toThrow(
    'Input "x" is float32: give a Float32Array, not a Uint8Array.',
  )
  await expect(
    run(model([2, 3]), [
      [1, 2, 3],
      [4, 5],
    ]),
  ).rejects.toThrow('The lists for input "x" are of different lengths, or hold something else than numbers.')
})
