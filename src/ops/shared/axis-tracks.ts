import type { InferredCall, Ties, Track } from '../../graph/index.ts'

/*
 * Channel rules of operators that work along some axes and leave the others as they are.
 */

export interface PassOptions {
  /** Where an axis of the input is in the outputs; undefined: the operator works across it, its channels must stay. */
  readonly to: (axis: number) => number | undefined
  readonly why: (axis: number) => string
  /** Tracks that end here, and have been seen to. */
  readonly leaves?: (axes: readonly number[]) => boolean
  /** 0 by default. */
  readonly input?: number
  /** Handed on besides. */
  readonly more?: readonly Track[]
}

/** Hands an input's tracks to every output, with axes renumbered; freezes those on axes that have no counterpart. */
export function passTracks(
  call: InferredCall,
  ties: Ties,
  { to, why, leaves, input = 0, more = [] }: PassOptions,
): void {
  const passed: Track[] = [...more]
  for (const { axes, labels } of ties.tracks(input)) {
    const moved = axes.map(to)
    const stuck = axes.find((_, i) => moved[i] === undefined)
    if (stuck !== undefined && leaves?.(axes) && !ties.isConstant(input)) continue
    if (stuck === undefined) passed.push({ axes: moved as number[], labels })
    else ties.freeze(labels, why(stuck))
  }
  for (let i = 0; i < call.outputs.length; i++) ties.setOutput(i, passed)
}

/** Works along `axes`, whose channels must stay; the others pass. */
export function worksAlong(call: InferredCall, ties: Ties, axes: readonly number[]): void {
  passTracks(call, ties, {
    to: (a) => (axes.includes(a) ? undefined : a),
    why: (a) => `${call.node.opType} works along axis ${a}, which is what would shrink`,
  })
}

/** How many of the ascending `kept` indices lie before `end`. */
export function countBelow(kept: ArrayLike<number>, end: number): number {
  let n = 0
  while (n < kept.length && kept[n]! < end) n++
  return n
}
