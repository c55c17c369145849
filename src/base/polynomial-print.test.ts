import { describe, expect, it } from 'vitest'
import { type Polynomial, variable } from './polynomial.ts'

const [H, C, k, t] = ['H', 'C', 'k', 't'].map(variable) as [Polynomial, Polynomial, Polynomial, Polynomial]
const Cin = variable('C_in')

describe('printing of polynomials', () => {
  it.each([
    ['with dots', String, '2·H·C + k²·C²', '4·C_in/(k²·H)'],
    ['short', (p: Polynomial) => p.toShortString(), '2HC + k²C²', '4·C_in/(k²H)'],
    ['as LaTeX', (p: Polynomial) => p.toLatex(), '2 H C + k^{2} C^{2}', '\\frac{4 C_{\\mathrm{in}}}{k^{2} H}'],
  ])('%s', (_, print, sum, quotient) => {
    expect(print(H.times(C, 2).plus(k.power(2).times(C, C)))).toBe(sum)
    expect(print(Cin.times(4).over(k.power(2).times(H)))).toBe(quotient)
  })

  it('has a chosen order of letters, which changes nothing else', () => {
    const p = C.times(C, t, H, 2).plus(Cin.times(k))
    const ordered = p.ordered(['H', 'k', 't', 'C'])
    expect(ordered.toShortString()).toBe('2HtC² + k·C_in')
    expect(ordered.minus(p).terms).toEqual([])
  })
})
