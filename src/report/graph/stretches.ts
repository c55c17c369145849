import { type Fold, joined } from './fold.ts'
import type { Wiring } from './wiring.ts'

/** A list that is longer is cut. */
const longest = 60
/** Into so many stretches. */
const stretchesOfAList = 40

/** Each layer with MACs, and what runs behind it up to the next one; blocks stay as they are. */
export function byWeights(list: readonly Fold[]): Fold[] {
  const runs: Fold[][] = []
  let isOpen = false
  for (const fold of list) {
    const isLayer = fold.layers.length === 1
    const isStart = (fold.layers[0]!.macs ?? 0) > 0 || runs.length === 0
    if (isLayer && isOpen && !isStart) runs.at(-1)!.push(fold)
    else runs.push([fold])
    isOpen = isLayer
  }
  return runs.map((run) => (run.length === 1 ? run[0]! : joined(run)))
}

/** A list that a person can take in: one that is too long in stretches, which end where few values pass. */
export function inStretches(list: readonly Fold[], wiring: Wiring): readonly Fold[] {
  if (list.length <= longest) return list
  const size = Math.ceil(list.length / stretchesOfAList)
  const passingAt = (end: number) => (end < list.length ? wiring.passing(list[end]!.layers[0]!) : 0)
  const stretches: Fold[] = []
  for (let from = 0; from < list.length; ) {
    let end = Math.min(from + size, list.length)
    const most = Math.min(from + Math.floor(size * 1.25), list.length)
    for (let e = from + Math.ceil(size * 0.75); e <= most; e++) if (passingAt(e) < passingAt(end)) end = e
    const parts = list.slice(from, end)
    stretches.push(parts.length === 1 ? parts[0]! : joined(inStretches(parts, wiring)))
    from = end
  }
  return stretches
}
