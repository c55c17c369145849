import { describe, expect, it } from 'vitest'
import { KerfError, seededRandom } from '../base/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../graph/index.ts'
import { imageMetadata, withImageMetadata } from '../image/index.ts'
import { abortedAfter } from '../testing/aborting.ts'
import { tinyNet } from '../testing/tiny-images.ts'
import { type Engine, ownEngine, partOf, pruneAndProve } from './index.ts'

const half = { scope: { ratio: 0.5 }, inputs: new Map([['', [2, 1, 8, 8]]]) } as const

describe('pruning with a proof', () => {
  it('cuts, and runs the masked network against the cut one', async () => {
    const { result, proof } = await pruneAndProve(tinyNet(), { prune: half, proof: { inputs: half.inputs } })
    expect(result.groups.map((g) => [g.name, g.channels, g.kept])).toEqual([
      ['conv1', 6, 3],
      ['conv2', 6, 3],
    ])
    expect(proof.check?.maxRelDiff).toBeLessThan(1e-6)
    expect(proof.allowed).toBe(1e-4)
  })

  it('runs nothing where that is not wanted, and has nothing to prove of zeros', async () => {
    const ran: string[] = []
    const own: Engine = {
      run: (model, feeds) => {
        ran.push(model.graph.name)
        return ownEngine().run(model, feeds)
      },
    }
    expect((await pruneAndProve(tinyNet(), { prune: half, proof: false })).proof).toEqual({ check: null })
    const weights = { prune: { ...half, methods: ['weight'] }, proof: { own } } as const
    expect((await pruneAndProve(tinyNet(), weights)).proof).toEqual({ check: null })
    expect(ran).toEqual([])
  })

  it('is not given away where the networks differ', async () => {
    let runs = 0
    const own: Engine = {
      run: async (model, feeds) => {
        const outputs = await ownEngine().run(model, feeds)
        const noise = runs++ === 1 ? 1.01 : 1
        return new Map([...outputs].map(([n, t]) => [n, { ...t, values: t.values.map((v) => v * noise) }]))
      },
    }
    const pruning = pruneAndProve(tinyNet(), { prune: half, proof: { inputs: half.inputs, own } })
    await expect(pruning).rejects.toMatchObject({ code: 'not-faithful' })
  })

  it('keeps the names of the classes that are left', async () => {
    const random = seededRandom(1)
    const b = new GraphBuilder('outputs')
    const w = Float32Array.from({ length: 12 }, random.normal)
    b.output(b.node('Gemm', [b.input('x', 'float32', [1, 3]), b.constant('w', tensorOf('float32', [3, 4], w))]))
    const model = withImageMetadata(b.model(), { classes: ['a', 'b', 'c', 'd'] })
    const prune = { methods: ['neuron'], scope: { ratio: 0.5 }, outputsMayShrink: true } as const
    const { result } = await pruneAndProve(model, { prune })
    const kept = [...result.outputs.get(model.graph.outputs[0]!.name)!.get(1)!]
    expect(imageMetadata(result.model).classes).toEqual(kept.map((i) => 'abcd'[i]))
    expect(kept).toHaveLength(2)
  })

  it('is stopped while it prunes, and while it proves', async () => {
    const target = { of: 'macs', part: 0.5 } as const
    const pruning = (task: object, model: Model = tinyNet()) =>
      pruneAndProve(model, { prune: { target, inputs: half.inputs }, proof: { inputs: half.inputs }, ...task })
    await abortedAfter(2, pruning)
    const stop = new AbortController()
    const own: Engine = {
      run: (model, feeds, signal) => {
        stop.abort('enough')
        return ownEngine().run(model, feeds, signal)
      },
    }
    const proving = pruneAndProve(tinyNet(), { prune: half, proof: { inputs: half.inputs, own }, signal: stop.signal })
    const error: unknown = await proving.catch((e: unknown) => e)
    expect(error).toBeInstanceOf(KerfError)
    expect(error).toMatchObject({ message: 'Pruning was stopped.', details: { reason: 'enough' } })
  })
})

it('equal cuts: of what is left, or of the whole where zeros stay', () => {
  const part = { methods: ['filter'], scope: { ratio: 0.75 } } as const
  expect(partOf(part, 1, 2).scope?.ratio).toBeCloseTo(0.5, 12)
  expect(partOf(part, 2, 2).scope?.ratio).toBeCloseTo(0.5, 12)
  const zeros = { methods: ['weight'], scope: { ratio: 0.75 } } as const
  expect(partOf(zeros, 2, 2).scope?.ratio).toBeCloseTo(0.75, 12)
  const target = { target: { of: 'macs', part: 0.25 } } as const
  expect(partOf(target, 1, 2).target?.part).toBeCloseTo(0.5, 12)
})
