import { describe, expect, it } from 'vitest'
import { namePattern } from '../base/index.ts'
import { type Model, tensorValues } from '../graph/index.ts'
import { pruneModel } from '../prune/index.ts'
import { randomNetwork, stepNames } from '../testing/random-network.ts'
import type { ChannelMember } from '../train/index.ts'
import { channelLayout } from './channel-layout.ts'

const values = ({ graph }: Model, name: string) => [...tensorValues(graph.initializers.get(name)!)]

/** Which channel each element of a weight is, −1 for none. */
function channelOf({ axis, of, blocks }: ChannelMember, shape: readonly number[]): (at: number) => number {
  const indexOf = (at: number, on: number) =>
    Math.floor(at / shape.slice(on + 1).reduce((p, d) => p * d, 1)) % shape[on]!
  return (at) => {
    const block = blocks ? Math.floor((indexOf(at, blocks.rows) * blocks.groups) / shape[blocks.rows]!) : 0
    return of[block * shape[axis]! + indexOf(at, axis)]!
  }
}

describe('the layout of channels', () => {
  it('is what a cut removes, element by element', async () => {
    let [cuts, blocks] = [0, 0]
    for (let seed = 0; seed < 14; seed++) {
      // Of everything that ties channels together some, in another order each time.
      const path = Array.from({ length: 7 }, (_, i) => stepNames[(7 * seed + 3 * i) % stepNames.length]!)
      const model = randomNetwork(seed, [['grouped', 'convTranspose'][seed % 2]!, ...path])
      const { groups } = channelLayout(model)
      for (const { name, members } of groups) {
        const perLayer = [{ ...namePattern(members[0]!.tensor), ratio: 0.5 }]
        const cut = await pruneModel(model, { methods: ['filter', 'neuron'], scope: { ratio: 0, perLayer } }).catch(
          (error: { code?: string }) => {
            expect(error.code).toBe('nothing-to-prune')
          },
        )
        // Several groups of one layer are cut together.
        if (cut?.groups.some((g) => g.kept < g.channels !== (g.name === name)) !== false) continue
        const [maker] = members
        const shapeOf = (tensor: string) => model.graph.initializers.get(tensor)!.shape
        const made = channelOf(maker!, shapeOf(maker!.tensor))
        const left = new Set(values(cut.masked!, maker!.tensor).flatMap((w, at) => (w === 0 ? [] : [made(at)])))
        const gone = new Map<string, Set<number>>()
        for (const member of members) {
          const of = channelOf(member, shapeOf(member.tensor))
          const elements = gone.get(member.tensor) ?? new Set()
          gone.set(member.tensor, elements)
          for (const at of values(model, member.tensor).keys()) if (of(at) >= 0 && !left.has(of(at))) elements.add(at)
          if (member.blocks) blocks++
        }
        for (const tensor of model.graph.initializers.keys()) {
          if (!cut.model.graph.initializers.has(tensor)) continue
          const expected = values(model, tensor).filter((_, at) => !gone.get(tensor)?.has(at))
          // Sizes and indices, which a cut writes anew, are no weights.
          if (model.graph.initializers.get(tensor)?.elementType !== 'float32') continue
          expect(values(cut.model, tensor), `${seed}: ${name}, ${tensor}`).toEqual(expected)
        }
        cuts++
      }
    }
    expect(cuts).toBeGreaterThan(20)
    expect(blocks).toBeGreaterThan(2)
  })
})
