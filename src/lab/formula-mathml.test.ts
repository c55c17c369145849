import { describe, expect, it } from 'vitest'
import { formulaMathml } from './formula-mathml.ts'

/** What stands in the only row of a formula. */
const inside = (latex: string, display = false): string =>
  /^<math[^>]*><mrow>(.*)<\/mrow><\/math>$/.exec(formulaMathml(latex, display))?.[1] ?? ''

// Numbers, letters and structure as KaTeX 0.16.47 gives them with { output: 'mathml' }.
describe('formulas as MathML', () => {
  it.each([
    ['X = 1', '<mi>X</mi><mo>=</mo><mn>1</mn>'],
    ['k^2 C_{in}', '<msup><mi>k</mi><mn>2</mn></msup><msub><mi>C</mi><mrow><mi>i</mi><mi>n</mi></mrow></msub>'],
    ['0.572', '<mn>0.572</mn>'],
    ['x_1^2', '<msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup>'],
    ['\\frac{1}{\\sigma}', '<mfrac><mrow><mn>1</mn></mrow><mrow><mi>σ</mi></mrow></mfrac>'],
    ['\\sqrt{2}', '<msqrt><mrow><mn>2</mn></mrow></msqrt>'],
    ['-a < b', '<mo>−</mo><mi>a</mi><mo>&lt;</mo><mi>b</mi>'],
    ['\\sum_i x', '<munder><mo>∑</mo><mi>i</mi></munder><mi>x</mi>'],
    [
      '\\lvert x \\rvert',
      '<mo form="prefix" stretchy="false">|</mo><mi>x</mi><mo form="postfix" stretchy="false">|</mo>',
    ],
    ['\\Delta', '<mi mathvariant="normal">Δ</mi>'],
    ['a \\quad b', '<mi>a</mi><mspace width="1em"></mspace><mi>b</mi>'],
    ['\\operatorname{Var} Y', '<mtext>Var</mtext><mspace width="0.167em"></mspace><mi>Y</mi>'],
    [
      '\\max(0)',
      '<mi>max</mi><mo form="prefix" stretchy="false">(</mo><mn>0</mn><mo form="postfix" stretchy="false">)</mo>',
    ],
    [
      '\\left(a\\right)',
      '<mrow><mo form="prefix" stretchy="true">(</mo><mrow><mi>a</mi></mrow><mo form="postfix" stretchy="true">)</mo></mrow>',
    ],
  ])('%s', (latex, mathml) => {
    expect(inside(latex)).toBe(mathml)
  })

  it('with what a maximum is over below it, in a line of its own', () => {
    expect(inside('\\max_i', true)).toBe('<munder><mi>max</mi><mi>i</mi></munder>')
    expect(inside('\\max_i')).toBe('<msub><mi>max</mi><mi>i</mi></msub>')
    expect(formulaMathml('a', true)).toContain('<math display="block">')
  })

  it.each([
    ['\\unknown', '\\unknown is not known'],
    ['{a', 'there is a { without its }'],
    ['a}', 'there is a } without its {'],
    ['\\frac{a}', 'something is missing at its end'],
    ['\\left(a', 'there is a \\left without its \\right'],
  ])('refuses %s', (latex, problem) => {
    expect(() => formulaMathml(latex, false)).toThrow(`The formula ${latex} cannot be typeset: ${problem}.`)
  })
})
