import { type GraphBuilder, tensorOf } from '../graph/index.ts'

/**
 * Adds float32 constants to a graph under construction.
 * @param valueAt the element at place i
 * @returns what adds one, and says its name
 */
export const weightsFor =
  (b: GraphBuilder, valueAt: (i: number) => number) =>
  (name: string, ...shape: number[]): string => {
    const count = shape.reduce((p, d) => p * d, 1)
    return b.constant(
      name,
      tensorOf(
        'float32',
        shape,
        Array.from({ length: count }, (_, i) => valueAt(i)),
      ),
    )
  }
