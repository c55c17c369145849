import { KerfError, type Task, type Turn } from '../../base/index.ts'
import type { Totals } from '../../cost/index.ts'
import type { Analysis } from '../../graph/index.ts'
import { lcm } from '../balance.ts'
import type { ChannelGroups } from '../groups.ts'
import { recounts } from '../recount.ts'
import { type ClassScores, capOf, type Selection, select, selectWidths } from '../select.ts'
import { allocate, boundOf, leastCost } from './allocate.ts'
import { costAt, storedBytes } from './costs.ts'
import { type OutputErrorOptions, outputErrors } from './output-errors.ts'
import {
  allocationOf,
  amountText,
  type Budget,
  type BudgetReport,
  budgetNames,
  budgetOf,
  type Target,
} from './target.ts'
import { keptFrom, sharesOf, type Widths, widthsOf } from './value.ts'

/** A cut that was made, and what remains. */
export interface CountedCut {
  readonly selection: Selection
  readonly cut: Analysis
  readonly after: Totals
}

/** A cut within a target. */
export interface Reached extends CountedCut {
  /** The part of the channels that was removed from all groups alike, or from all together. */
  readonly ratio?: number
  readonly budget: BudgetReport
}

/**
 * As little as brings a network within a target.
 * @param make cuts, and counts what remains
 * @throws KerfError `unreachable-target`, and as `budgetOf`, for `outputs` as `outputErrors`
 */
export async function reach(
  found: ChannelGroups,
  scores: ClassScores,
  before: Totals,
  target: Target,
  make: (selection: Selection) => CountedCut,
  options: OutputErrorOptions,
  turn: Turn,
): Promise<Reached> {
  const budget = budgetOf(found, before, target)
  const how = allocationOf(target)
  const choices = widthChoices(found, scores, target)
  await turn()
  const chosen = how === 'outputs' ? await outputErrors(found, scores, choices, options, turn, target.known) : choices
  const best =
    how === 'cost' || how === 'outputs'
      ? await byCost(found, scores, target, budget, chosen, make, turn)
      : await byRatio(
          found,
          scores,
          { ...target, scope: { ...target.scope, global: how === 'global' } },
          budget,
          make,
          options,
          turn,
        )
  const { selection } = best
  // Where all may go to the last channel the knapsack may, too.
  const widest =
    how === 'cost' || how === 'outputs' ? choices : widthChoices(found, scores, { ...target, scope: { maxRatio: 1 } })
  return {
    ...best,
    budget: {
      of: target.of,
      allocate: how,
      before: budget.before,
      limit: budget.limit,
      after: best.counted,
      kept: keptOf(found, scores, selection),
      bound: keptFrom(
        boundOf(widest, budget.terms, budget.sumFor(budget.limit), partsOf(found, selection)),
        found.groups.length,
      ),
    },
  }
}

function widthChoices(found: ChannelGroups, scores: ClassScores, { scope }: Target) {
  return found.groups.map((group) => {
    const fewest = group.classes.length - capOf(group, { ratio: 0, ...scope })
    return widthsOf(group, scores.get(group)!, fewest, lcm(group.balancing.unit, scope?.roundTo ?? 1))
  })
}

/** What the criterion keeps of all groups. */
function keptOf(found: ChannelGroups, scores: ClassScores, { removed }: Selection): number {
  const kept = found.groups.map((group) => {
    const shares = sharesOf(scores.get(group)!)
    return group.classes.reduce((sum, c, i) => (removed.has(c.label) ? sum : sum + shares[i]!), 0)
  })
  return keptFrom(
    kept.reduce((sum, share) => sum + Math.log(share), 0),
    kept.length,
  )
}

const partsOf = ({ groups }: ChannelGroups, { kept }: Selection): Float64Array =>
  Float64Array.from(groups, (g) => (kept.get(g) ?? g.classes.length) / g.classes.length)

/** What counts against the target in a cut that was made. */
function countedIn(
  { of }: Target,
  budget: Budget,
  found: ChannelGroups,
  { selection, cut, after }: CountedCut,
): number {
  if (of === 'milliseconds') return budget.corrected(costAt(budget.terms, partsOf(found, selection)))
  return of === 'bytes' ? storedBytes(cut) : after[of]
}

type Counted = CountedCut & { readonly counted: number; readonly ratio?: number }

/** How often widths are chosen anew where what was cut costs more than terms say (values decide which tensors are parameters; a Split must keep a channel). */
const mostAttempts = 8

async function byCost(
  found: ChannelGroups,
  scores: ClassScores,
  target: Target,
  budget: Budget,
  choices: readonly Widths[],
  make: (selection: Selection) => CountedCut,
  turn: Turn,
): Promise<Counted> {
  let aim = budget.sumFor(budget.limit)
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    await turn()
    const levels = allocate(choices, budget.terms, aim)
    if (!levels) break
    const widths = new Map(found.groups.map((group, i) => [group, choices[i]!.widths[levels[i]!]!]))
    const made = make(selectWidths(found, scores, widths, target.scope?.roundTo))
    const counted = countedIn(target, budget, found, made)
    if (counted <= budget.limit * (1 + 1e-9)) return { ...made, counted }
    aim *= 0.999 * (budget.limit / counted)
  }
  const least = budget.corrected(leastCost(choices, budget.terms))
  throw unreachable(target, budget, least, 'with every group as narrow as --max-ratio and --ratios let it be')
}

/** The smallest ratio, to a thousandth, whose result is within the target. */
async function byRatio(
  found: ChannelGroups,
  scores: ClassScores,
  target: Target,
  budget: Budget,
  make: (selection: Selection) => CountedCut,
  { progress }: Task,
  turn: Turn,
): Promise<Counted> {
  const { of, scope } = target
  const { limit } = budget
  const search = async (count: (selection: Selection) => number) => {
    const attempt = async (thousandths: number) => {
      await turn()
      const ratio = thousandths / 1000
      const selection = select(found, scores, { ...scope, ratio })
      return { ratio, selection, reached: count(selection) }
    }
    let [low, high] = [0, 999]
    let best = await attempt(high)
    while (high - low > 1 && best.reached <= limit) {
      const middle = Math.floor((low + high) / 2)
      progress?.({ what: 'searching the ratio', done: 999 - (high - low), total: 999 })
      const tried = await attempt(middle)
      if (tried.reached <= limit) {
        high = middle
        best = tried
      } else low = middle
    }
    return best
  }
  const countMade = (made: CountedCut) => countedIn(target, budget, found, made)
  const recount = of === 'macs' || of === 'params' ? recounts[of](found) : undefined
  const byTerms = (selection: Selection) => budget.corrected(costAt(budget.terms, partsOf(found, selection)))
  let best = await search((selection) => (recount ? recount(selection.removed) : byTerms(selection)))
  let made = make(best.selection)
  // Here and there values decide whether a tensor is a parameter, and those that remain otherwise than all: then the candidates are made.
  if (countMade(made) !== best.reached) {
    best = await search((selection) => countMade(make(selection)))
    made = make(best.selection)
  }
  if (best.reached > limit)
    throw unreachable(target, budget, best.reached, 'with all removable channels but one of each group gone')
  return { ...made, counted: best.reached, ratio: best.ratio }
}

function unreachable({ of, part }: Target, { before, limit }: Budget, least: number, how: string): KerfError {
  const what =
    part === undefined
      ? `${amountText(of, least)} remain; ${amountText(of, limit)} were asked for`
      : `${((100 * least) / before).toFixed(1)} % of the ${of === 'milliseconds' ? 'time' : budgetNames[of]} ${of === 'milliseconds' ? 'remains' : 'remain'}; ${Number((100 * part).toPrecision(6))} % was asked for`
  return new KerfError(
    'unreachable-target',
    `Even ${how}, ${what}. Give a larger target, or let more layers be pruned (--method filter,neuron).`,
    { reached: least, limit },
  )
}
