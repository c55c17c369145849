import type { Operator } from '../graph/index.ts'

/** Types one operator's object and hides its attributes' type from the list. */
export function defineOperator<A>(operator: Operator<A>): Operator {
  return operator as unknown as Operator
}
