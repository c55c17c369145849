import type { Operator } from '../graph/index.ts'

/** An operator as it is. Its name, and what its `attributes` read, become types; a rule for other attributes does not compile. */
export const defineOperator = <const N extends string, const D extends string, A = void>(
  operator: Operator<A, N, D>,
): Operator<A, N, D> => operator
