import { describe, expect, it } from 'vitest'
import { formulaText, proseText, splitProse } from './formula-text.ts'

describe('formulas as text', () => {
  it.each([
    ['\\operatorname{Var} Y = k^2 C_{in} \\cdot \\operatorname{Var} X', 'Var Y = k² C_in · Var X'],
    ['\\frac{\\partial Y}{\\partial W} = \\operatorname{sgn}(X - W)', '(∂ Y)/(∂ W) = sgn(X − W)'],
    ['\\sigma \\sqrt{\\frac{2}{\\pi}}', 'σ √(2/π)'],
    ['2^{20}', '2²⁰'],
    ['10^{-3}', '10⁻³'],
    ['g^l', 'g^l'],
    ['e^{a+b}', 'e^(a+b)'],
    ['x_1 + x_{12}', 'x₁ + x₁₂'],
    ['\\lVert g \\rVert_2', '‖ g ‖₂'],
    ['\\eta \\frac{\\sqrt{k}}{\\lVert g \\rVert_2} g', 'η (√k)/‖ g ‖₂ g'],
    ['\\left(1 - \\frac{2}{\\pi}\\right)', '(1 − 2/π)'],
    ['a \\unknown b', 'a unknown b'],
    ['{a', 'a'],
    ['', ''],
  ])('%s', (latex, text) => {
    expect(formulaText(latex)).toBe(text)
  })

  it('in prose, between dollars', () => {
    expect(proseText('For $k^2$ taps: $$a \\ne b$$ and 5 $ more')).toBe('For k² taps: a ≠ b and 5 $ more')
    expect(splitProse('a $b$ $$c$$')).toEqual([
      { text: 'a ' },
      { text: 'b', formula: 'inline' },
      { text: ' ' },
      { text: 'c', formula: 'display' },
    ])
  })
})
