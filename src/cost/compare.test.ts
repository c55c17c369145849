import { describe, expect, it } from 'vitest'
import { GraphBuilder, tensorOf } from '../graph/index.ts'
import { compareProfiles } from './compare.ts'
import { profileModel } from './profile.ts'

/** Pointwise convolutions in a chain, by name and number of output channels. */
function chain(...layers: [name: string, channels: number][]) {
  const b = new GraphBuilder('chain')
  let value = b.input('x', 'float32', [1, 4, 2, 2])
  let channels = 4
  layers.forEach(([name, outChannels], i) => {
    const w = b.constant(
      `w${i}`,
      tensorOf('float32', [outChannels, channels, 1, 1], new Float32Array(outChannels * channels)),
    )
    value = b.node('Conv', [value, w], {}, { name, outputs: [`v${i}`] })
    channels = outChannels
  })
  b.output(value)
  return profileModel(b.model())
}

describe('compareProfiles', () => {
  it('puts totals and layers side by side', () => {
    const { totals, layers } = compareProfiles(chain(['a', 8], ['b', 4]), chain(['a', 2], ['b', 4]))
    expect(totals.macs).toEqual({ a: 4 * (32 + 32), b: 4 * (8 + 8), ratio: 0.25 })
    expect(totals.nonZeroParams).toEqual({ a: null, b: null, ratio: null })
    expect(layers.map((l) => [l.name, l.params])).toEqual([
      ['a', { a: 32, b: 8, ratio: 0.25 }],
      ['b', { a: 32, b: 8, ratio: 0.25 }],
    ])
    expect(layers[0]?.accesses).toEqual({ a: 16 + 32 + 32, b: 16 + 8 + 8, ratio: 0.4 })
  })

  it('says which sums are not whole', () => {
    const whole = chain(['a', 8])
    const partial = { ...whole, totals: { ...whole.totals, partial: ['macs'] as const } }
    expect(compareProfiles(whole, partial).totals).toMatchObject({
      macs: { ratio: 1, partial: ['b'] },
      params: { ratio: 1 },
    })
    expect(compareProfiles(partial, partial).totals.macs.partial).toEqual(['a', 'b'])
    expect(compareProfiles(whole, partial).totals.params).not.toHaveProperty('partial')
  })

  it('keeps layers that one model lacks, at their places', () => {
    const { layers } = compareProfiles(
      chain(['a', 4], ['gone', 4], ['z', 4]),
      chain(['first', 4], ['a', 4], ['new', 4], ['newer', 4], ['z', 4]),
    )
    expect(layers.map((l) => [l.name, l.a !== null, l.b !== null])).toEqual([
      ['first', false, true],
      ['a', true, true],
      ['new', false, true],
      ['newer', false, true],
      ['gone', true, false],
      ['z', true, true],
    ])
    expect(layers[4]?.macs).toEqual({ a: 64, b: null, ratio: null })
  })

  it('matches layers of the same name in their order', () => {
    const { layers } = compareProfiles(chain(['same', 4], ['same', 8]), chain(['same', 4], ['same', 2]))
    expect(layers.map((l) => l.params.b)).toEqual([16, 8])
  })
})
