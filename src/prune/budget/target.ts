import { KerfError } from '../../base/index.ts'
import type { Totals } from '../../cost/index.ts'
import type { ChannelGroups } from '../groups.ts'
import { checkRatio, type Scope } from '../select.ts'
import { costAt, countedTerms, storedBytes, type Term } from './costs.ts'
import { type TimeTable, timeModel } from './times.ts'

/**
 * What a target limits.
 * - `macs`, `params`: as `profileModel` counts them
 * - `bytes`: of everything that the file stores
 * - `milliseconds`: of a run, by the times of a table
 */
export type BudgetOf = 'macs' | 'params' | 'bytes' | 'milliseconds'

/**
 * How a target chooses widths.
 * - `uniform`: the same part of every group goes
 * - `global`: the lowest scores of all groups together go
 * - `cost`: the most is kept that was found within the limit. Of a group its share of the scores is kept, of the network the geometric mean of all groups
 * - `outputs`: the outputs err least. Each group is cut alone to several widths, the layers that read it are solved anew, and the outputs are compared, which needs
 *   `images` and a run of the network for each; the squared errors of all groups are summed
 */
export type Allocation = 'uniform' | 'global' | 'cost' | 'outputs'

/** A budget to be kept, by removing as little as possible. */
export interface Target {
  /** What is counted. */
  readonly of: BudgetOf
  /** What may stay of it, in (0, 1). One of `part` and `value`. */
  readonly part?: number
  /** The limit itself, in MACs, parameters, bytes or milliseconds. */
  readonly value?: number
  /** Measured times of the network's layers (`measureTimes`): for `milliseconds`, which need them. */
  readonly times?: TimeTable
  /** Default `global` where `scope` says so, else `cost` for milliseconds and `uniform` for the others. */
  readonly allocate?: Allocation
  /**
   * For `outputs`: squared errors of the outputs that were measured for an earlier target, and are not measured again; what is measured is put in. Of one network, ranked in one way, on
   * the same images.
   */
  readonly known?: Map<string, number>
  /** How channels are ranked and rounded; the ratio follows. */
  readonly scope?: Omit<Scope, 'ratio'>
}

/** What became of a target. */
export interface BudgetReport {
  /** What was counted. */
  readonly of: BudgetOf
  /** How widths were chosen. */
  readonly allocate: Allocation
  /** Of the given network; milliseconds as predicted. */
  readonly before: number
  /** That was not to be exceeded. */
  readonly limit: number
  /** Of the cut network; milliseconds as predicted. */
  readonly after: number
  /** The part of the criterion's scores that is kept: the geometric mean over groups of the share of each. */
  readonly kept: number
  /** The part that no widths within the limit could exceed: a fractional knapsack. */
  readonly bound: number
}

export const budgetNames: Readonly<Record<BudgetOf, string>> = {
  macs: 'MACs',
  params: 'parameters',
  bytes: 'bytes',
  milliseconds: 'milliseconds',
}

export const allocationOf = ({ allocate, of, scope }: Target): Allocation =>
  allocate ?? (scope?.global ? 'global' : of === 'milliseconds' ? 'cost' : 'uniform')

/** A target's limit, and how what counts against it follows from widths. */
export interface Budget {
  readonly before: number
  readonly limit: number
  /** Their sum stands for what counts: it is that, but for times. */
  readonly terms: readonly Term[]
  /** What a sum of terms stands for. */
  corrected(sum: number): number
  /** The largest sum that stands for no more than this. */
  sumFor(limit: number): number
}

/** @throws KerfError `bad-options`, `bad-ratio`, `bad-target`, `no-times` */
export function budgetOf(found: ChannelGroups, totals: Totals, target: Target): Budget {
  const { of, part, value, times } = target
  if ((part === undefined) === (value === undefined))
    throw new KerfError('bad-options', 'Say what may stay in one way: a part of what there is, or a value.')
  if (part !== undefined) checkRatio(part, 'The target')
  if (value !== undefined && !(value > 0 && Number.isFinite(value)))
    throw new KerfError('bad-target', `The target must be a number of ${budgetNames[of]} above 0. Received ${value}.`, {
      received: value,
    })
  const costs = costsOf(found, totals, of, times)
  const limit = value ?? costs.before * part!
  if (limit >= costs.before)
    throw new KerfError(
      'nothing-to-prune',
      `Nothing needs to be removed: the network has ${amountText(of, costs.before)}, which is within the target of ${amountText(of, limit)}. Ask for less.`,
      { before: costs.before, limit },
    )
  return { ...costs, limit }
}

function costsOf(
  found: ChannelGroups,
  totals: Totals,
  of: BudgetOf,
  times: TimeTable | undefined,
): Omit<Budget, 'limit'> {
  if (of !== 'milliseconds') {
    const before = of === 'bytes' ? storedBytes(found.trace.analysis) : totals[of]
    return { before, terms: countedTerms(of, found), corrected: (sum) => sum, sumFor: (limit) => limit }
  }
  if (!times)
    throw new KerfError(
      'no-times',
      'A target in milliseconds needs measured times: give the table that measureTimes makes (kerf prune measures by itself).',
    )
  const model = timeModel(found, times)
  const all = new Float64Array(found.groups.length).fill(1)
  return { ...model, before: model.corrected(costAt(model.terms, all)) }
}

/** `3.2 ms`, `1,200 parameters`. */
export const amountText = (of: BudgetOf, amount: number): string =>
  of === 'milliseconds'
    ? `${Number(amount.toPrecision(4))} ms`
    : `${Math.ceil(amount).toLocaleString('en')} ${budgetNames[of]}`
