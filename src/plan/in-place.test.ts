import { expect, it } from 'vitest'
import { GraphBuilder } from '../graph/index.ts'
import { createSession, hostTensor, referenceRun } from '../runtime/index.ts'

/** Builds a network of one input [4, 8, 3, 3] and returns how many of its sizes the arena takes, and whether it is right. */
async function arenaOf(build: (b: GraphBuilder, x: string) => readonly string[]): Promise<number> {
  const shape = [4, 8, 3, 3]
  const b = new GraphBuilder('chain')
  for (const output of build(b, b.input('x', 'float32', shape))) b.output(output)
  const model = b.model()
  const x = Float32Array.from({ length: 288 }, (_, i) => Math.sin(i))
  const feeds = { x: hostTensor('float32', shape, x) }
  const session = await createSession(model)
  const [got] = [await session.run(feeds), await session.run(feeds)].slice(1)
  for (const [name, wanted] of referenceRun(model, new Map(Object.entries(feeds))))
    Array.from(wanted.data as Float32Array).forEach((v, i) => {
      expect(got?.[name]?.data[i]).toBeCloseTo(v, 5)
    })
  const { arena } = session.memory as { arena: number }
  session.dispose()
  return arena / (4 * 288)
}

it('a chain of elementwise operators takes the memory of one value', async () => {
  expect(await arenaOf((b, x) => [b.node('Tanh', [b.node('Exp', [b.node('Sigmoid', [x])])])])).toBe(1)
})

it('a value that is read later keeps its memory', async () => {
  expect(
    await arenaOf((b, x) => {
      const first = b.node('Sigmoid', [x])
      return [b.node('Mul', [b.node('Tanh', [b.node('Exp', [first])]), first])]
    }),
  ).toBe(2)
})

it('a graph output keeps its memory', async () => {
  expect(
    await arenaOf((b, x) => {
      const first = b.node('Sigmoid', [x])
      return [first, b.node('Tanh', [first])]
    }),
  ).toBe(2)
})

it('an operator both of whose operands are one value does not write over what it still reads', async () => {
  expect(await arenaOf((b, x) => [b.node('Sub', [b.node('Sigmoid', [x]), b.node('Tanh', [x])])])).toBe(2)
  expect(
    await arenaOf((b, x) => {
      const first = b.node('Sigmoid', [x])
      return [b.node('Mul', [first, first])]
    }),
  ).toBe(2)
})
