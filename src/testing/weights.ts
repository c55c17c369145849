import { type GraphBuilder, tensorOf } from '../graph/index.ts'

/**
 * Adds float32 constants to a graph under construction.
 * @param valueAt the element at place i
 * @returns what adds one, and says its name
 */
export const weightsFor =
  (b: GraphBuilder, valueAt: (i: number) => number) =>
  (name: string, ...shape: number[]): string => {
    const values = Array.from({ length: shape.reduce((p, d) => p * d, 1) }, (_, i) => valueAt(i))
    return b.constant(name, tensorOf('float32', shape, values))
  }
