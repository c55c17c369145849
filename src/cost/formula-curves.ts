import { Polynomial } from '../base/index.ts'
import { evaluateFormulas, type Formula, type FormulaNumbers, type FormulaValues } from './formulas.ts'

/** A size that is varied, the others held. */
export interface FormulaRange {
  /** As in `Formula.costs`: `C`, `k`, `t`, `r` … */
  readonly letter: string
  /** Its values, ascending; exact fractions as numerator and denominator. */
  readonly points: readonly (number | readonly [numerator: number, denominator: number])[]
}

/** The formulas along a range. */
export interface FormulaCurves {
  /** What is varied. */
  readonly letter: string
  /** Its values. */
  readonly points: readonly number[]
  /** Of each formula, what it costs at each point; null where a width does not come out whole. */
  readonly curves: readonly {
    /** The formula. */
    readonly formula: Formula
    /** As `FormulaNumbers.costs`. */
    readonly costs: readonly FormulaNumbers['costs'][]
    /** As `FormulaNumbers.ratios`. */
    readonly ratios: readonly FormulaNumbers['ratios'][]
  }[]
}

/**
 * The formulas' numbers as curves over one of their letters.
 * @param rows of `formulas`; ratios are to the first
 * @param values a size for every letter; that of the varied one is not looked at
 * @throws KerfError `missing-variable`
 */
export function formulaCurves(
  rows: readonly Formula[],
  values: FormulaValues,
  { letter, points }: FormulaRange,
): FormulaCurves {
  const at = points.map((p) => {
    const value = typeof p === 'number' ? p : Polynomial.constant(p[0]).over(p[1])
    // A height that is varied is that of a square.
    return evaluateFormulas(rows, { ...values, [letter]: value, ...(letter === 'H' ? { W: value } : {}) })
  })
  return {
    letter,
    points: points.map((p) => (typeof p === 'number' ? p : p[0] / p[1])),
    curves: rows.map((formula, i) => ({
      formula,
      costs: at.map((numbers) => numbers[i]!.costs),
      ratios: at.map((numbers) => numbers[i]!.ratios),
    })),
  }
}
