import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../base/index.ts'
import { createOptimiser, type OptimiserOptions } from './create.ts'
import type { CommonOptions } from './optimiser.ts'
import { maskOfZeros, type Parameter, parameterGroups } from './parameter.ts'
import { weightAverage } from './weight-average.ts'

// Made by pytorch.py beside it.
const pytorch: {
  start: number[][]
  gradients: number[][][]
  learningRates: number[]
  cases: Record<string, { values: number[][][]; norms: number[] }>
} = JSON.parse(readFileSync(new URL('pytorch.json', import.meta.url), 'utf8'))

const decayed = (weightDecay: number) => ({ groups: parameterGroups({ weightDecay }) })
const constant = pytorch.gradients.map(() => 0.1)

const startParameters = (): Parameter[] =>
  pytorch.start.map((values, i) => ({
    name: `p${i}`,
    value: Float32Array.from(values),
    gradient: new Float32Array(values.length),
    group: i === 0 ? 'decay' : 'noDecay',
  }))

describe('optimisers do what PyTorch 1.13 does', () => {
  const cases: [string, OptimiserOptions & CommonOptions, number[]][] = [
    ['plain', { kind: 'sgd', momentum: 0, ...decayed(0) }, constant],
    ['momentum', { kind: 'sgd', ...decayed(0.01) }, constant],
    ['momentumRates', { kind: 'sgd', ...decayed(0.01) }, pytorch.learningRates],
    ['nesterov', { kind: 'sgd', momentum: 0.8, nesterov: true, ...decayed(0.01) }, constant],
    ['clipped', { kind: 'sgd', clip: { norm: 1.5, value: 0.7 }, ...decayed(0) }, constant],
    ['adamw', { kind: 'adamw', ...decayed(0.05) }, constant],
    ['adamwBetas', { kind: 'adamw', betas: [0.8, 0.95], epsilon: 1e-3, ...decayed(0.05) }, pytorch.learningRates],
  ]
  it.each(cases.flatMap(([name, ...more]) => [1, 4].map((rate) => [name, rate, ...more] as const)))(
    '%s, with %i times the common rate',
    (name, rate, options, rates) => {
      const optimiser = createOptimiser(options)
      // As groups of PyTorch's optimisers have rates of their own.
      const parameters = startParameters().map((p) => ({ ...p, rate }))
      const expected = pytorch.cases[name]!
      for (const [t, gradients] of pytorch.gradients.entries()) {
        for (const [i, p] of parameters.entries()) p.gradient.set(gradients[i]!)
        const norm = optimiser.step(parameters, rates[t]! / rate)
        if (expected.norms.length > 0) expect(norm).toBeCloseTo(expected.norms[t]!, 5)
        for (const [i, p] of parameters.entries())
          for (const [j, x] of p.value.entries())
            expect(Math.abs(x - expected.values[t]![i]![j]!), `step ${t}, p${i}[${j}]`).toBeLessThan(1e-6)
      }
    },
  )
})

const randomParameter = (name: string, length: number, seed: number, more: Partial<Parameter> = {}): Parameter => {
  const random = seededRandom(seed)
  const draw = () => Float32Array.from({ length }, () => random.normal())
  return { name, value: draw(), gradient: draw(), group: 'decay', ...more }
}
const bits = (values: Float32Array) => [...new Uint32Array(values.buffer, values.byteOffset, values.length)]

describe('adaptive rate of adder layers', () => {
  const groups = parameterGroups({ weightDecay: 0.5 })

  it('moves the weights by γ·η·√k/‖g‖·g: a root mean square of 0.2 per unit of learning rate', () => {
    const p = randomParameter('adder', 50, 3, { group: 'adder' })
    const before = p.value.slice()
    const gradient = [...p.gradient]
    const norm = createOptimiser({ kind: 'sgd', momentum: 0, groups: parameterGroups() }).step([p], 0.1)
    const length = Math.hypot(...gradient)
    expect(norm).toBeCloseTo(length, 10)
    for (const [i, g] of gradient.entries())
      expect(p.value[i]).toBeCloseTo(before[i]! - 0.1 * (0.2 * Math.sqrt(50)) * (g / length), 6)
    const moved = Math.sqrt(p.value.reduce((sum, x, i) => sum + (x - before[i]!) ** 2, 0) / 50)
    expect(moved).toBeCloseTo(0.02, 6)
  })

  it('does not depend on the size of the gradient, and comes before momentum and weight decay', () => {
    const [a, b] = [1, 1000].map((scale) => {
      const p = randomParameter('adder', 20, 4, { group: 'adder' })
      const optimiser = createOptimiser({ kind: 'sgd', momentum: 0.9, groups })
      for (let t = 0; t < 3; t++) {
        const random = seededRandom(t)
        for (let i = 0; i < 20; i++) p.gradient[i] = scale * random.normal()
        optimiser.step([p], 0.1)
      }
      return p.value
    })
    for (let i = 0; i < 20; i++) expect(a![i]).toBeCloseTo(b![i]!, 5)
    // By hand: one step with decay 0.5, g = (3, 4), w = (1, 2): g·0.2·√2/5 + 0.5·w.
    const p: Parameter = {
      name: 'adder',
      value: Float32Array.of(1, 2),
      gradient: Float32Array.of(3, 4),
      group: 'adder',
    }
    createOptimiser({ kind: 'sgd', groups }).step([p], 1)
    expect(p.value[0]).toBeCloseTo(1 - (0.12 * Math.SQRT2 + 0.5), 6)
    expect(p.value[1]).toBeCloseTo(2 - (0.16 * Math.SQRT2 + 1), 6)
  })

  it('gives way to a fixed rate of each layer’s own, as a multiple of the common one', () => {
    const moved = (rate: ((name: string) => number) | undefined, name: string) => {
      const groups = parameterGroups({ adaptiveRate: false, adderRate: rate })
      const value = new Float32Array([1, 2])
      const parameter = { name, value, gradient: new Float32Array([0.5, -1]), group: 'adder' as const }
      createOptimiser({ kind: 'sgd', momentum: 0, groups }).step([parameter], 0.1)
      return [...value]
    }
    const expected = (rate: number) => [1 - 0.1 * rate * 0.5, 2 + 0.1 * rate].map(Math.fround)
    expect(moved(undefined, 'a')).toEqual(expected(1))
    expect(moved((name) => (name === 'a' ? 8 : 3), 'a')).toEqual(expected(8))
    expect(moved((name) => (name === 'a' ? 8 : 3), 'b')).toEqual(expected(3))
  })

  it('leaves a gradient of 0 at 0', () => {
    const p = randomParameter('adder', 4, 5, { group: 'adder', gradient: new Float32Array(4) })
    const before = [...p.value]
    createOptimiser({ kind: 'sgd', groups: parameterGroups() }).step([p], 0.1)
    expect([...p.value]).toEqual(before)
  })

  it('counts the weights that are left: a masked layer moves as the cut one', () => {
    const cut = randomParameter('adder', 6, 6, { group: 'adder' })
    const spread = (values: Float32Array) => Float32Array.from({ length: 12 }, (_, i) => (i % 2 ? 9 : values[i / 2]!))
    const masked: Parameter = {
      ...cut,
      value: spread(cut.value),
      gradient: spread(cut.gradient),
      mask: Uint8Array.from({ length: 12 }, (_, i) => 1 - (i % 2)),
    }
    for (const p of [cut, masked]) createOptimiser({ kind: 'sgd', groups }).step([p], 0.1)
    for (const [i, x] of cut.value.entries()) expect(masked.value[2 * i]).toBeCloseTo(x, 6)
  })
})

describe.each(['sgd', 'adamw'] as const)('%s', (kind) => {
  const options = { kind, groups: parameterGroups({ weightDecay: 0.1 }) }

  it('keeps masked weights and their state at exactly 0, and moves the others as without a mask', () => {
    const free = randomParameter('w', 9, 7)
    const mask = Uint8Array.from([1, 0, 1, 1, 0, 0, 1, 1, 1])
    const masked: Parameter = { ...free, value: free.value.slice(), gradient: free.gradient.slice(), mask }
    const [one, other] = [createOptimiser(options), createOptimiser(options)]
    // The mask comes after a step, when there is state to be cut.
    one.step([free], 0.1)
    other.step([{ ...masked, mask: undefined }], 0.1)
    for (let t = 0; t < 4; t++) {
      for (let i = 0; i < 9; i++) {
        free.gradient[i] = Math.cos(i + t)
        masked.gradient[i] = mask[i] === 0 ? Number.NaN : Math.cos(i + t)
      }
      one.step([free], 0.1)
      other.step([masked], 0.1)
      for (const array of [masked.value, masked.gradient, ...other.exportState().values()])
        if (array instanceof Float32Array)
          for (let i = 0; i < 9; i++) if (mask[i] === 0) expect(Object.is(array[i], 0)).toBe(true)
      for (let i = 0; i < 9; i++) if (mask[i] === 1) expect(masked.value[i]).toBe(free.value[i])
    }
  })

  it('goes on from exported state to the same bits', () => {
    const run = (interruptedAt: number) => {
      const p = randomParameter('layer/1', 33, 8)
      const random = seededRandom(9)
      let optimiser = createOptimiser(options)
      for (let t = 0; t < 8; t++) {
        if (t === interruptedAt) {
          const state = optimiser.exportState()
          optimiser = createOptimiser(options)
          optimiser.importState(state)
        }
        for (let i = 0; i < 33; i++) p.gradient[i] = random.normal()
        optimiser.step([p], 0.03)
      }
      return bits(p.value)
    }
    expect(run(4)).toEqual(run(-1))
  })

  it('refuses a gradient that is not finite, by name, and changes nothing', () => {
    const good = randomParameter('good', 3, 10)
    const bad = randomParameter('bad', 3, 11)
    const optimiser = createOptimiser(options)
    optimiser.step([good, bad], 0.1)
    const before = [bits(good.value), bits(bad.value), ...[...optimiser.exportState().values()].map((a) => [...a])]
    bad.gradient[1] = Number.NaN
    expect(() => optimiser.step([good, bad], 0.1)).toThrow('The gradient of "bad" has the value NaN (element 1).')
    expect([bits(good.value), bits(bad.value), ...[...optimiser.exportState().values()].map((a) => [...a])]).toEqual(
      before,
    )
  })

  it('refuses arrays and states that do not fit', () => {
    const optimiser = createOptimiser(options)
    expect(() => optimiser.step([randomParameter('w', 3, 1, { gradient: new Float32Array(2) })], 1)).toThrow(
      'Parameter "w" has 3 elements, its gradient 2.',
    )
    expect(() => optimiser.step([randomParameter('w', 3, 1, { mask: new Uint8Array(4) })], 1)).toThrow('its mask 4.')
    optimiser.step([randomParameter('w', 3, 1)], 1)
    expect(() => optimiser.step([randomParameter('w', 4, 1)], 1)).toThrow('of "w" has 3 elements, the parameter 4.')
    expect(() => optimiser.importState(new Map())).toThrow('no count of steps (it has nothing)')
    const foreign = new Map([
      ['steps', Float64Array.of(1)],
      ['velocity/w', new Float64Array(1)],
    ])
    expect(() => optimiser.importState(foreign)).toThrow('The state has "velocity/w", which this optimiser has not')
  })
})

describe('moving average of weights', () => {
  it('follows a ← d·a + (1 − d)·w with a decay that warms up', () => {
    const average = weightAverage({ decay: 0.5 })
    const w = { name: 'w', value: Float32Array.of(8) }
    average.update([w])
    w.value[0] = 0
    average.update([w])
    // t = 1: min(0.5, 2/11).
    expect(average.exportState().get('average/w')?.[0]).toBeCloseTo((8 * 2) / 11, 6)
    const plain = weightAverage({ decay: 0.5, warmUp: false })
    w.value[0] = 8
    plain.update([w])
    w.value[0] = 0
    plain.update([w])
    plain.swap([w])
    expect(w.value[0]).toBe(4)
    plain.swap([w])
    expect(w.value[0]).toBe(0)
  })

  it('goes on from exported state, keeps masks, and cannot be swapped in before an update', () => {
    const average = weightAverage()
    expect(() => average.swap([{ name: 'w', value: new Float32Array(2) }])).toThrow('There is no average of "w" yet')
    average.update([{ name: 'w', value: Float32Array.of(1, 2) }])
    const w = { name: 'w', value: Float32Array.of(3, 4), mask: Uint8Array.of(1, 0) }
    const resumed = weightAverage()
    resumed.importState(average.exportState())
    for (const a of [average, resumed]) a.update([w])
    expect(resumed.exportState()).toEqual(average.exportState())
    expect(resumed.exportState().get('average/w')?.[1]).toBe(0)
  })
})

it('masks are taken from the zeros of a pruned model', () => {
  expect(maskOfZeros(Float32Array.of(1, 0, -0, 1e-45))).toEqual(Uint8Array.of(1, 0, 0, 1))
  expect(maskOfZeros(Float32Array.of(1, 2))).toBeUndefined()
})
