import { describe, expect, it } from 'vitest'
import { operatorList } from '../ops/index.ts'
import { type Case, gradientError } from '../testing/gradient-check.ts'
import { gradientCases } from '../testing/gradients/index.ts'

/**
 * Central differences in float64 are good to about 1e-9, and the constants in gradients are float32, good to 6e-8.
 */
const tolerance = 1e-7

describe.each(Object.entries(gradientCases))('gradients against central differences: %s', (_, cases) => {
  it.each(Object.entries(cases))('%s', (_, given) => {
    expect(gradientError(given)).toBeLessThan(tolerance)
  })
})

describe('products of matrices before opset 11, which add something always', () => {
  const products = Object.values(gradientCases).flatMap((cases) =>
    Object.entries(cases).filter(([, { op, inputs }]) => op === 'MatMul' || (op === 'Gemm' && inputs.length === 3)),
  )
  it.each(products)('%s', (_, given) => {
    expect(gradientError({ ...given, opset: 9 })).toBeLessThan(tolerance)
  })
})

describe('the check of gradients', () => {
  it('leaves no exact operator out', () => {
    const checked = new Set(
      Object.values(gradientCases).flatMap((cases) => Object.values(cases).map((c) => `${c.domain ?? ''}/${c.op}`)),
    )
    const exact = operatorList.filter((o) => o.unrolled || (o.backward && !o.surrogate))
    expect(exact.length).toBeGreaterThan(20)
    expect(exact.map((o) => `${o.domain}/${o.name}`).filter((name) => !checked.has(name))).toEqual([])
  })

  it('finds a wrong rule: the full-precision gradient of an adder convolution is no derivative, its sign is', () => {
    const adder: Case = {
      op: 'AdderConv',
      domain: 'ai.kerf',
      inputs: [
        [1, 2, 4, 4],
        [3, 2, 3, 3],
      ],
      attributes: { pads: [1, 1, 1, 1] },
    }
    expect(gradientError(adder, { 'AdderConv.weight': 'full', 'AdderConv.input': 'full' })).toBeGreaterThan(0.1)
    expect(gradientError(adder, { 'AdderConv.weight': 'sign', 'AdderConv.input': 'sign' })).toBeLessThan(tolerance)
  })
})
