import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../base/index.ts'
import { bounded, type LinearMap, ridgeRegression } from './ridge.ts'

const turn = async () => {}
const draw = (seed: number, count: number) => {
  const random = seededRandom(seed)
  return Float64Array.from({ length: count }, () => random.normal())
}

/*
 * import numpy as np
 * D, M = 3, 2
 * w0, b0 = np.array([[1, -1, 0.5], [0, 2, 0.25]]), np.array([0.5, -1])
 * for N in (5, 2):
 *   for constants in (True, False):
 *     x = np.array([[(7 * d + 3 * n + d * n * n) % 11 / 4 for n in range(N)] for d in range(D)])
 *     t = np.array([[(5 * m + 2 * n + m * n * n) % 7 / 2 for n in range(N)] for m in range(M)])
 *     xm, tm = (x.mean(1), t.mean(1)) if constants else (np.zeros(D), b0)
 *     xc, tc = x - xm[:, None], t - tm[:, None]
 *     lam = 1e-3 * np.trace(xc @ xc.T) / D
 *     a = np.vstack([xc.T, np.sqrt(lam) * np.eye(D)])
 *     w = np.linalg.lstsq(a, np.vstack([tc.T, np.sqrt(lam) * w0.T]), rcond=None)[0].T
 *     print(N, constants, w.ravel().tolist(), (tm - w @ xm if constants else b0).tolist())
 */
const numpy: readonly [number, boolean, readonly number[], readonly number[]][] = [
  [
    5,
    true,
    [
      1.3957691236853256, -0.10921698059720836, -0.19840627273613157, 0.7220900241717904, 1.5717137850826253,
      0.32678484898909393,
    ],
    [0.3500833968670124, -0.658026718122295],
  ],
  [
    5,
    false,
    [
      1.432290180761162, -0.1606919781341346, -0.2927001610800394, 0.6289136771022477, 1.6851931955754982,
      0.551889501284548,
    ],
    [0.5, -1.0],
  ],
  [
    2,
    true,
    [
      0.6928734598507323, -0.28337140631837576, -0.011877566915445639, 0.17162953714223916, 1.599531080001446,
      0.5360492285703958,
    ],
    [0.5044540875932919, -0.7010184607138994],
  ],
  [
    2,
    false,
    [
      0.6935752968090859, -0.28226823405324913, -0.009533213579545952, 0.2048528656957475, 1.7119106796786026,
      0.6728074569556759,
    ],
    [0.5, -1.0],
  ],
]

const [inputs, targets] = [3, 2]
const example = (count: number) => ({
  ...{ inputs, targets, count },
  x: Float32Array.from({ length: inputs * count }, (_, i) => {
    const [d, n] = [Math.floor(i / count), i % count]
    return ((7 * d + 3 * n + d * n * n) % 11) / 4
  }),
  t: Float32Array.from({ length: targets * count }, (_, i) => {
    const [m, n] = [Math.floor(i / count), i % count]
    return ((5 * m + 2 * n + m * n * n) % 7) / 2
  }),
})
const start: LinearMap = {
  weights: Float64Array.from([1, -1, 0.5, 0, 2, 0.25]),
  constants: Float64Array.from([0.5, -1]),
}
/** The first ridge is taken, since every other one is said to be worse. */
const first = () => {
  let calls = 0
  return async () => [1, 0.5][calls++] ?? 2
}

describe('ridge regression', () => {
  it.each(numpy)('of %i samples, with constants: %s, gives what NumPy does', async (count, has, weights, constants) => {
    const found = await ridgeRegression(example(count), start, has, first(), turn)
    expect([...found!.weights]).toEqual(weights.map((w) => expect.closeTo(w, 9)))
    expect([...found!.constants]).toEqual(constants.map((c) => expect.closeTo(c, 9)))
  })

  it('keeps what is there where nothing is better, and where inputs are dead', async () => {
    expect(await ridgeRegression(example(5), start, true, async () => 1, turn)).toBeUndefined()
    const dead = { ...example(5), x: new Float32Array(15) }
    expect(await ridgeRegression(dead, start, true, first(), turn)).toBeUndefined()
  })

  it('takes inputs that are equal, dead, or more than samples', async () => {
    const whole = example(7)
    const x = Float32Array.from([...whole.x.subarray(0, 7), ...whole.x.subarray(0, 7), ...new Float32Array(7)])
    for (const count of [7, 3]) {
      const some = (rows: Float32Array) =>
        Float32Array.from(
          { length: (rows.length / 7) * count },
          (_, i) => rows[Math.floor(i / count) * 7 + (i % count)]!,
        )
      const samples = { ...whole, count, x: some(x), t: some(whole.t) }
      let seen = 2
      // Ever smaller ridges are said to be better.
      const found = await ridgeRegression(samples, start, true, async () => --seen, turn)
      expect([...found!.weights, ...found!.constants].every((v) => Math.abs(v) < 10)).toBe(true)
      // The dead input keeps its weight; the equal ones have moved by the same.
      const [a, b, dead] = found!.weights as unknown as [number, number, number]
      expect(a - 1).toBeCloseTo(b + 1, 4)
      expect(dead).toBeCloseTo(0.5, 9)
    }
  })

  it.each(['lower', 'upper'] as const)('looks at nothing that lies beyond a %s bound', async (side) => {
    const count = 400
    const sign = side === 'lower' ? 1 : -1
    const x = Float32Array.from(draw(5, inputs * count))
    const own = [1.5, -0.5, 0.75, -1, 0.25, 2]
    // Half of what comes out is cut off at 0; what the targets say beyond has nothing to do with the inputs.
    const beyond = draw(6, targets * count)
    const t = Float32Array.from(beyond, (chance, i) => {
      const [m, n] = [Math.floor(i / count), i % count]
      const value = [0, 1, 2].reduce((sum, d) => sum + own[m * inputs + d]! * x[d * count + n]!, 0)
      return sign * value > 0 ? value : -sign * 3 * Math.abs(chance)
    })
    const none = new Float32Array(t.length).fill(sign * Number.POSITIVE_INFINITY)
    const zeros = new Float32Array(t.length)
    const bounds = side === 'lower' ? { lo: zeros, hi: none } : { lo: none, hi: zeros }
    const samples = { inputs, targets, count, x, t }
    const errorOf = async ({ weights, constants }: LinearMap) => {
      let error = 0
      t.forEach((wanted, i) => {
        const [m, n] = [Math.floor(i / count), i % count]
        const value = [0, 1, 2].reduce((sum, d) => sum + weights[m * inputs + d]! * x[d * count + n]!, constants[m]!)
        error += (bounded({ t, ...bounds }, i, value) - bounded({ t, ...bounds }, i, wanted)) ** 2
      })
      return error
    }
    const plain = await ridgeRegression(samples, start, true, errorOf, turn)
    const found = await ridgeRegression({ ...samples, ...bounds }, start, true, errorOf, turn)
    expect(await errorOf(found!)).toBeLessThan(0.25 * (await errorOf(plain!)))
  })
})
