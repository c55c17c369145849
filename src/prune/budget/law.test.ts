import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../base/index.ts'
import { lawOf, type TimedLayer, timeOf } from './law.ts'

const size = 14

/** A convolution of so many channels, 3×3 on 14×14. */
const work = (inChannels: number, outChannels: number) => ({
  macs: 9 * inChannels * outChannels * size * size,
  reads: inChannels * size * size,
  writes: outChannels * size * size,
  inChannels,
  outChannels,
})

/** Eight outputs at a time; three times as long where a width is no multiple of four. */
function stairs({ macs, writes, inChannels, outChannels }: Omit<TimedLayer, 'ms'>): number {
  const done = (macs * Math.ceil(outChannels / 8) * 8) / outChannels
  return 0.002 + done * 1e-8 * (inChannels % 4 || outChannels % 4 ? 3 : 1) + writes * 1e-7
}

const widths = [8, 12, 16, 17, 23, 24, 28, 30, 32, 40, 44, 45, 48, 56, 61, 64]
/** Twelve points, each width with one or two others. */
const measured = (time: (w: Omit<TimedLayer, 'ms'>) => number): TimedLayer[] =>
  widths.map((w, i) => {
    const at = work(w, widths[(i * 7 + 3) % widths.length]!)
    return { ...at, ms: time(at) }
  })

const others = [work(20, 36), work(33, 64), work(64, 33), work(52, 52), work(27, 27), work(9, 60)]

describe('the law of a layer', () => {
  it('finds the steps of a staircase', () => {
    const law = lawOf(measured(stairs))
    expect(law).toMatchObject({ inTile: 1, outTile: 8, inAlign: 4, outAlign: 4 })
    for (const at of others) expect(timeOf(law, at) / stairs(at)).toBeCloseTo(1, 3)
    // A wider layer can be faster.
    expect(timeOf(law, work(28, 28))).toBeLessThan(0.5 * timeOf(law, work(27, 27)))
  })

  it('believes in none where time is smooth', () => {
    const smooth = ({ macs, reads }: Omit<TimedLayer, 'ms'>) => 0.01 + macs * 2e-8 + reads * 1e-7
    const random = seededRandom(1)
    const law = lawOf(measured((w) => smooth(w) * (1 + 0.02 * random.normal())))
    expect(law).toMatchObject({ inTile: 1, outTile: 1, inAlign: 1, outAlign: 1 })
    for (const at of others) expect(Math.abs(timeOf(law, at) / smooth(at) - 1)).toBeLessThan(0.04)
  })

  it('is not led astray by a time that was disturbed', () => {
    const law = lawOf(measured(stairs).map((p, i) => (i === 5 ? { ...p, ms: 4 * p.ms } : p)))
    for (const at of others) expect(Math.abs(timeOf(law, at) / stairs(at) - 1)).toBeLessThan(0.05)
  })
})
