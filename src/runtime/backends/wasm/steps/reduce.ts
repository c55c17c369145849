import { elementCount } from '../../../../base/index.ts'
import type { Reduction as KernelReduction } from '../engine/kernels.generated.ts'
import { lowerUnary } from './elementwise.ts'
import { lowerFill } from './layout.ts'
import { type Allocator, type Step, step } from './step.ts'

export type Reduction = KernelReduction | 'mean' | 'l2' | 'logSum'

/** What is added up first, how partial results are joined, and what makes the result of them. */
const parts: Readonly<Record<Reduction, { first: KernelReduction; join: KernelReduction; last?: 'sqrt' | 'log' }>> = {
  sum: { first: 'sum', join: 'sum' },
  mean: { first: 'sum', join: 'sum' },
  max: { first: 'max', join: 'max' },
  min: { first: 'min', join: 'min' },
  prod: { first: 'prod', join: 'prod' },
  sumSquare: { first: 'sumSquare', join: 'sum' },
  l1: { first: 'l1', join: 'sum' },
  l2: { first: 'sumSquare', join: 'sum', last: 'sqrt' },
  logSum: { first: 'sum', join: 'sum', last: 'log' },
}

/** What an empty set reduces to. */
const neutral = (f: Reduction): number =>
  f === 'max' || f === 'logSum'
    ? Number.NEGATIVE_INFINITY
    : f === 'min'
      ? Number.POSITIVE_INFINITY
      : f === 'prod'
        ? 1
        : 0

/** [outer, size, inner] reduced to [outer, inner]. */
function reduceMiddle(
  apply: KernelReduction,
  x: number,
  y: number,
  [outer, size, inner]: readonly [number, number, number],
  scale: number,
): Step {
  return inner === 1
    ? step('reduceLastF32', { x, y, rows: outer, size, apply, scale })
    : step('reduceRowsF32', { x, y, outer, rows: size, inner, apply, scale })
}

/**
 * Reduces x (contiguous, `shape` in the order of memory) over the given axes into y (contiguous, without them). Axes that do not lie
 * side by side are reduced one after the other through scratch memory, the innermost first.
 */
export function lowerReduce(
  f: Reduction,
  x: number,
  y: number,
  shape: readonly number[],
  axes: readonly number[],
  alloc: Allocator,
): Step[] {
  const kept = elementCount(shape.filter((_, axis) => !axes.includes(axis)))!
  if (kept === 0) return []
  if (elementCount(shape) === 0) return lowerFill(y, kept, neutral(f))
  // Sizes of alternating kept and reduced axes: [kept, reduced, kept, …].
  const runs: number[] = [1]
  shape.forEach((d, axis) => {
    if (d === 1) return
    if (axes.includes(axis) === (runs.length % 2 === 0)) runs[runs.length - 1] = runs.at(-1)! * d
    else runs.push(d)
  })
  if (runs.length === 1) runs.push(1)
  if (runs.length % 2 === 0) runs.push(1)
  const { first, join, last } = parts[f]
  const scale = f === 'mean' ? kept / elementCount(shape)! : 1
  const steps: Step[] = []
  let from = x
  for (let i = runs.length - 2; i > 0; i -= 2) {
    const outer = runs.slice(0, i).reduce((p, d) => p * d, 1)
    const inner = runs[i + 1]!
    const to = i === 1 ? y : alloc.scratch(4 * outer * inner)
    steps.push(reduceMiddle(steps.length === 0 ? first : join, from, to, [outer, runs[i]!, inner], i === 1 ? scale : 1))
    from = to
    runs.splice(i - 1, 3, runs[i - 1]! * inner)
  }
  return last ? [...steps, ...lowerUnary(last, y, y, kept)] : steps
}
