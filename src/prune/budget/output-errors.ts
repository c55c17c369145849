import type { MatrixTurn, Task, Turn } from '../../base/index.ts'
import { KerfError } from '../../base/index.ts'
import type { RunningOptions } from '../../runtime/index.ts'
import type { ScoringImages } from '../criteria/batches.ts'
import { cutModel, keptIndices } from '../cut.ts'
import type { ChannelGroup, ChannelGroups } from '../groups.ts'
import { withMatrices } from '../matrices.ts'
import { collectImages } from '../recover/networks.ts'
import { errorOnceRead } from '../recover/recover.ts'
import { type ClassScores, selectWidths } from '../select.ts'
import type { Widths } from './value.ts'

/*
 * What a network's outputs lose with each width of each group, measured: the group is cut alone, the layers that read it are solved anew (recovery's least
 * squares), the rest stays, and the outputs are compared on images that are held out. Errors of several groups add up in squares, about; so a sum of squares is
 * what widths are chosen by. It is measured at four widths. Between them the logarithm of the error is a line; behind the last one, where it goes to
 * nothing, it falls with the square of what is removed.
 */

/** A group is measured at so many widths besides the whole one. */
const levels = 4

/** What is looked at. */
export interface OutputErrorOptions extends RunningOptions, Task {
  readonly images?: ScoringImages
}

/**
 * Of each group what each of its widths is worth: minus the squared relative error of the outputs.
 * @param choices the widths that groups may have
 * @param known of `Target`
 * @throws KerfError `no-images`, `too-few-images`, and as `recover` for images that do not fit
 */
export async function outputErrors(
  found: ChannelGroups,
  scores: ClassScores,
  choices: readonly Widths[],
  { images, ...running }: OutputErrorOptions,
  turn: Turn,
  known: Map<string, number> = new Map(),
): Promise<Widths[]> {
  if (!images)
    throw new KerfError(
      'no-images',
      'Widths are chosen by what the outputs lose (--allocate outputs), which needs images, without labels: say which (--data).',
    )
  const given = await collectImages(images, turn)
  const { progress, ...quiet } = running
  const options = { ...quiet, batchSize: images.batchSize }
  const measured = choices.map(({ widths }) => measuredWidths(widths))
  const total = measured.reduce((sum, widths) => sum + widths.length, 0)
  let done = 0
  const errorOf = async (group: ChannelGroup, width: number, turn: MatrixTurn): Promise<number> => {
    const { removed } = selectWidths(found, scores, new Map([[group, width]]))
    const key = `${group.name} ${[...removed]}`
    const before = known.get(key)
    if (before !== undefined) return before
    const { model } = cutModel(found, removed)
    const cut = { model, was: found.trace.analysis.model, kept: keptIndices(found, removed) }
    const error = await errorOnceRead(cut, given, options, turn)
    progress?.({ what: 'measuring widths', done: ++done, total })
    known.set(key, error ** 2)
    return error ** 2
  }
  return withMatrices(options, turn, async (turn) => {
    const all: Widths[] = []
    for (const [i, { widths }] of choices.entries()) {
      const errors = new Map<number, number>()
      for (const width of measured[i]!) errors.set(width, await errorOf(found.groups[i]!, width, turn))
      all.push({ widths, values: errorCurve(widths, errors).map((error) => -error) })
    }
    return all
  })
}

/** Those near 1/8, 3/8, 5/8 and 7/8 of the widest, and the narrowest. */
function measuredWidths(widths: readonly number[]): number[] {
  const most = widths.at(-1)!
  const near = Array.from({ length: levels }, (_, k) => (most * (2 * k + 1)) / (2 * levels)).map((wanted) =>
    widths.slice(0, -1).reduce((best, w) => (Math.abs(w - wanted) < Math.abs(best - wanted) ? w : best), widths[0]!),
  )
  return [...new Set([widths[0]!, ...near])].filter((w) => w < most).sort((a, b) => a - b)
}

/**
 * Errors of all widths from those of some. A wider one errs no more than a narrower one: what says otherwise is chance.
 * @param measured by width; the narrowest is among them
 */
export function errorCurve(widths: readonly number[], measured: ReadonlyMap<number, number>): number[] {
  const most = widths.at(-1)!
  const known = [...measured].filter(([w]) => w < most).sort(([a], [b]) => b - a)
  let worst = 0
  const points = known.map(([width, error]) => {
    worst = Math.max(worst, error)
    return { width, error: worst }
  })
  return widths.map((width) => {
    if (width === most) return 0
    const right = points.findLast((p) => p.width >= width)
    const left = points.find((p) => p.width <= width)
    if (!left) return right?.error ?? 0
    if (!right) return left.error * ((most - width) / (most - left.width)) ** 2
    if (left.width === right.width) return left.error
    const part = (width - left.width) / (right.width - left.width)
    return right.error > 0 ? left.error ** (1 - part) * right.error ** part : left.error * (1 - part)
  })
}
