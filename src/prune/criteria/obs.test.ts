import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../base/index.ts'
import { elimination, errorsOf } from './obs.ts'

/*
 * What layers err by without some channels, all other weights solved anew by numpy, for every pair and triple:
 *
 * import itertools, numpy as np
 * M, C, T, N = 2, 4, 2, 12
 * X = np.array([[((7 * d + 3 * n + d * n * n) % 11 - 5) / 4 for d in range(C * T)] for n in range(N)])
 * W = np.array([[((5 * m + 2 * d + m * d * d) % 7 - 3) / 2 for d in range(C * T)] for m in range(M)])
 * X = X - X.mean(0)
 * lam = 1e-3 * (X ** 2).sum() / N / (C * T)
 * # The ridge pulls towards the weights that are there: rows of their own.
 * A, B = np.vstack([X / N ** .5, lam ** .5 * np.eye(C * T)]), W.T
 * def error(gone):
 *     left = [d for d in range(C * T) if d // T not in gone]
 *     return ((A[:, left] @ np.linalg.lstsq(A[:, left], A @ B, rcond=None)[0] - A @ B) ** 2).sum()
 * for k in (1, 2, 3, 4):
 *     print({c: round(error(c), 9) for c in itertools.combinations(range(C), k)})
 * print(((X @ B) ** 2).sum() / N)
 */
const errors = new Map(
  [
    ...(['0: 0.828195125', '1: 0.733532605', '2: 0.831864832', '3: 0.245105761'] as const),
    ...([
      '01: 2.589921895',
      '02: 1.833984411',
      '03: 2.646861672',
      '12: 1.567154494',
      '13: 1.483935251',
      '23: 2.251668401',
    ] as const),
    ...(['012: 4.035603328', '013: 5.550598425', '023: 6.505581248', '123: 2.870124619', '0123: 7.735113824'] as const),
  ].map((line) => line.split(': ') as [string, string]),
)
const energy = 7.726019965277778

const [outputs, channels, taps, count] = [2, 4, 2, 12]
const size = channels * taps
const turn = async () => {}

/** The layer of the snippet, its channels in another order. */
function layer(order: readonly number[] = [0, 1, 2, 3]) {
  const old = (d: number) => order[Math.floor(d / taps)]! * taps + (d % taps)
  const x = (d: number, n: number) => (((7 * d + 3 * n + d * n * n) % 11) - 5) / 4
  const w = (m: number, d: number) => (((5 * m + 2 * d + m * d * d) % 7) - 3) / 2
  const columns = Array.from({ length: size }, (_, d) => {
    const values = Array.from({ length: count }, (_, n) => x(old(d), n))
    const mean = values.reduce((s, v) => s + v, 0) / count
    return values.map((v) => v - mean)
  })
  const square = Float64Array.from({ length: size * size }, (_, at) =>
    columns[at % size]!.reduce((s, v, n) => s + (v * columns[Math.floor(at / size)]![n]!) / count, 0),
  )
  const weights = Float64Array.from({ length: outputs * size }, (_, at) => w(Math.floor(at / size), old(at % size)))
  const inputs = new Map(Array.from({ length: channels }, (_, c) => [c, [c * taps, c * taps + 1]]))
  return elimination(square, weights, size, inputs, turn)
}

describe('obs', () => {
  it('knows the error without any set of channels, all other weights solved anew', async () => {
    for (const [gone, error] of errors) {
      // In both directions: what is added up on the way depends on it, the sum does not.
      for (const way of [[...gone], [...gone].reverse()]) {
        const part = await layer()
        let sum = 0
        for (const c of way) {
          sum += part.cost(Number(c))
          await part.remove(Number(c), turn)
        }
        expect(sum, gone).toBeCloseTo(Number(error), 7)
      }
    }
    expect((await layer()).energy).toBeCloseTo(energy, 10)
  })

  it('takes the channel that adds least at each time, in parts of what the layer gives', async () => {
    const least = ['0123', '13', '123', '3'].map((gone) => Number(errors.get(gone)) / energy)
    const found = await errorsOf([await layer()], channels, turn)
    found.forEach((error, c) => {
      expect(error).toBeCloseTo(least[c]!, 7)
    })
    const order = [2, 0, 3, 1]
    const moved = await errorsOf([await layer(order)], channels, turn)
    moved.forEach((error, i) => {
      expect(error).toBeCloseTo(least[order[i]!]!, 7)
    })
    // Two readers: both of them count.
    const both = await errorsOf([await layer(), await layer()], channels, turn)
    both.forEach((error, c) => {
      expect(error).toBeCloseTo(2 * least[c]!, 7)
    })
  })

  it('errs as much when many channels go one by one as when they go as one', async () => {
    const [inputs, outputs, samples] = [150, 7, 400]
    const random = seededRandom(8)
    const draw = (count: number) => Float64Array.from({ length: count }, random.normal)
    const [x, weights] = [draw(inputs * samples), draw(outputs * inputs)]
    const square = Float64Array.from({ length: inputs ** 2 }, (_, at) => {
      let sum = 0
      const [i, j] = [Math.floor(at / inputs) * samples, (at % inputs) * samples]
      for (let n = 0; n < samples; n++) sum += x[i + n]! * x[j + n]!
      return sum / samples
    })
    // Every third input stays.
    const gone = Array.from({ length: inputs }, (_, d) => d).filter((d) => d % 3 > 0)
    const part = (channels: ReadonlyMap<number, readonly number[]>) =>
      elimination(square.slice(), weights.slice(), inputs, channels, turn)
    const together = (await part(new Map([[0, gone]]))).cost(0)
    const one = await part(new Map(gone.map((d) => [d, [d]])))
    let sum = 0
    for (const d of gone.toReversed()) {
      sum += one.cost(d)
      await one.remove(d, turn)
    }
    expect(together).toBeGreaterThan(1)
    expect(sum / together).toBeCloseTo(1, 9)
  })

  it('gives inputs that never change, and copies of others, no say', async () => {
    const random = seededRandom(3)
    const values = [Array.from({ length: 20 }, random.normal), Array.from({ length: 20 }, random.normal)]
    const columns = [values[0]!, values[1]!, values[0]!, values[0]!.map(() => 0)]
    const square = Float64Array.from({ length: 16 }, (_, at) =>
      columns[at % 4]!.reduce((s, v, n) => s + v * columns[Math.floor(at / 4)]![n]!, 0),
    )
    const inputs = new Map([0, 1, 2, 3].map((c) => [c, [c]]))
    const part = await elimination(square, Float64Array.from([1, 1, 0.5, 9]), 4, inputs, turn)
    const found = await errorsOf([part], 4, turn)
    const order = [...found.keys()].sort((a, b) => found[a]! - found[b]!)
    // The smaller part of the copy goes, and the other one takes it over; the dead one costs what the ridge says of its weight.
    expect(order[0]).toBe(2)
    expect(found[2]).toBeLessThan(1e-3)
    expect(found.every(Number.isFinite)).toBe(true)
    expect(Math.max(found[0]!, found[1]!)).toBeGreaterThan(0.9)
  })
})
