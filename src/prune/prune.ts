import {
  checkPattern,
  didYouMean,
  KerfError,
  largest,
  type NamePattern,
  type NmPattern,
  stoppable,
  type Turn,
  turns,
} from '../base/index.ts'
import { type Profile, profileAnalysed, type Totals } from '../cost/index.ts'
import { type Analysis, analyse, bindInputs, type Model, nodeLabel, simplified } from '../graph/index.ts'
import { type ModelSource, modelOf } from '../onnx/index.ts'
import { prunableOperators } from '../ops/index.ts'
import { type CountedCut, type Reached, reach } from './budget/reach.ts'
import type { Target } from './budget/target.ts'
import { criterionOf } from './criteria/catalogue.ts'
import { type ScoringOptions, scoreGroups } from './criteria/context.ts'
import type { Criterion } from './criteria/criterion.ts'
import { cutModel, keptIndices, maskedModel, survivingOutputs } from './cut.ts'
import { type ChannelGroups, groupsOf, meansOne, namesOf, reachOf } from './groups.ts'
import { narrowInputs } from './inputs.ts'
import { withoutMisfits } from './misfits.ts'
import type { GroupReport, InexactNode, PruneResult } from './result.ts'
import {
  balancedWidths,
  type ClassScores,
  checkRatio,
  type Scope,
  type Selection,
  select,
  selectWidths,
} from './select.ts'
import { type Asked, nothingRemoved, nothingToPrune, shortfall } from './shortfall.ts'
import { zeroWeights } from './unstructured.ts'

/**
 * What is removed.
 * - `filter`: output channels of convolutions, with everything that hangs on them
 * - `neuron`: outputs of linear layers (Gemm, MatMul), likewise
 * - `weight`: single weights are set to zero; nothing is removed. Kerf's runtime leaves enough zeros out, others gain nothing
 * - `nm`: likewise, N of each M consecutive inputs stay
 * - `input`: linear layers stop looking at some of their inputs
 */
export type PruneMethod = 'filter' | 'neuron' | 'weight' | 'nm' | 'input'

/** `images` and `loss` are for criteria that need them; what is running is what these run. */
export interface PruneOptions extends ScoringOptions {
  /** `filter`, `neuron` or both together; `weight`, `nm` or `input` alone. Default: `['filter']`. */
  readonly methods?: readonly PruneMethod[]
  /** One of `criteria` by its name, or one of your own. Default `l2`. */
  readonly criterion?: string | Criterion
  /** How much goes. One of `scope`, `widths` and `target`; for the method `nm` none of them. */
  readonly scope?: Scope
  /** For the method `nm`: how many weights stay of how many. Default 2 of 4. */
  readonly pattern?: NmPattern
  /**
   * How many channels of a group stay, by the group's name (`findGroups`, `PruneResult.groups`); of groups that are not named all. Exactly so many, but where
   * grouped convolutions must stay balanced: there the nearest number that leaves them equal.
   */
  readonly widths?: ReadonlyMap<string, number>
  /** Remove as little as brings the network within a budget of MACs, parameters, bytes or measured time. Channels only. */
  readonly target?: Target
  /** Layers to leave alone. */
  readonly keep?: readonly NamePattern[]
  /** Shapes of inputs whose dimensions are symbolic. */
  readonly inputs?: ReadonlyMap<string, readonly number[]>
  /** Let graph outputs shrink too. Default false: a classifier keeps its classes. */
  readonly outputsMayShrink?: boolean
  /**
   * Let channels go that means, variances or maxima are taken over, or windows slide over (GroupNorm, LayerNorm, CBAM, ECA). What these give then changes, so that the cut network
   * is not the masked one: `PruneResult.inexact` says where. Default false.
   */
  readonly inexact?: boolean
}

/**
 * Prunes a network. The given model is not changed; weights of the result are computed when they are written. Calls of model-local functions are
 * inlined: two calls of one function may keep different widths.
 * @param source a model in any form; in browsers a text is an address, in Node a path
 * @throws as `openModel`; KerfError `bad-ratio`, `bad-target`, `no-times` for a target without measured times, `unknown-group` and `bad-width` for widths, `nothing-to-prune`, `unreachable-target`, `partial-count` for a target, `bad-options`, `unknown-criterion`,
 *   `no-images`, `no-loss`, `bad-scores` and `not-finite` for what a criterion needs and gives, `aborted`; NodeError where the graph is inconsistent
 */
export const pruneModel = (source: ModelSource, options: PruneOptions): Promise<PruneResult> =>
  stoppable('Pruning', async () => pruned(await modelOf(source, options), options), options)

async function pruned(given: Model, options: PruneOptions): Promise<PruneResult> {
  const methods = options.methods ?? ['filter']
  const single = methods.find((m) => m === 'weight' || m === 'nm' || m === 'input')
  if (methods.length === 0 || (single && methods.length > 1))
    throw new KerfError(
      'bad-options',
      `The methods ${methods.join(', ')} cannot be combined. Filter and neuron go together; weight, nm and input each stand alone.`,
    )
  if (single && options.target)
    throw new KerfError('bad-options', `A target needs channels to be removed; the method ${single} takes a ratio.`)
  if (single && options.widths)
    throw new KerfError('bad-options', `Widths need channels to be removed; the method ${single} takes a ratio.`)
  const pattern = single === 'nm' ? (options.pattern ?? { n: 2, m: 4 }) : undefined
  if (pattern) checkPattern(pattern)
  else if (options.pattern)
    throw new KerfError('bad-options', `A pattern is for the method nm alone; the methods are ${methods.join(', ')}.`)
  const amounts = [options.scope, options.target, options.widths, pattern].filter((amount) => amount !== undefined)
  if (amounts.length !== 1)
    throw new KerfError(
      'bad-options',
      'Say how much to remove, in one way: a ratio (scope), widths of groups, or a target for MACs, parameters, bytes or milliseconds; or by the method nm, whose pattern says it.',
    )
  if (options.scope && (options.scope.ratio !== 0 || !options.scope.perLayer?.length)) checkRatio(options.scope.ratio)
  for (const p of options.scope?.perLayer ?? []) if (p.ratio !== 0) checkRatio(p.ratio, 'The ratio of a layer')
  const kinds = new Set(methods.filter((m) => m === 'filter' || m === 'neuron'))
  const criterion = criterionOf(options.criterion ?? 'l2')
  // Without the sizes of one input: what they decide is not written into a file for all.
  const turn = turns(options.signal, 'Pruning')
  await turn()
  const { operators = prunableOperators } = options
  const model = simplified(given, operators)
  await turn()
  const analysis = analyse(model, operators, bindInputs(model.graph, options.inputs))
  const asked = { ...options, kinds }
  const found = groupsOf(analysis, single ? { ...asked, kinds: undefined } : asked)
  checkPatterns(found, options)
  if (options.widths) checkWidths(found, options.widths)
  await turn()
  const profile = profileAnalysed(analysis, { countNonZero: single === 'weight' || single === 'nm' })
  const { totals, unsupported, layers } = profile
  const { of } = options.target ?? {}
  if (of === 'macs' || of === 'params') checkCounted(of, profile)
  await turn()
  const result = single
    ? await pruneValues(found, single, totals, { ...options, pattern }, criterion, turn)
    : await withoutMisfits(
        found,
        asked,
        (fitting) => cutChannels(fitting, totals, options, asked, criterion, turn),
        turn,
      )
  return { ...result, analysis: found.trace.analysis, unsupported, layers }
}

/** A part of a sum cannot be aimed at where the sum is not known. */
function checkCounted(of: 'macs' | 'params', { layers, totals }: Profile): void {
  if (!totals.partial.includes(of)) return
  const missing = layers.filter((l) => l[of] === null)
  const some = missing.slice(0, 3).map((l) => `${l.op} "${l.name}" (${l.notCounted})`)
  const more = missing.length > 3 ? `, and ${missing.length - 3} more` : ''
  throw new KerfError(
    'partial-count',
    `What part of the ${of === 'macs' ? 'MACs' : 'parameters'} remains cannot be said, because not all are counted: ${some.join(', ')}${more}. Give a ratio of the channels instead: --ratio 0.5.`,
    { layers: missing.map((l) => l.name) },
  )
}

/** A pattern that means no layer is a mistake of the caller's, not a wish for nothing. */
function checkPatterns(found: ChannelGroups, options: PruneOptions): void {
  const { roots } = found.trace
  for (const matcher of [
    ...(options.keep ?? []),
    ...(options.scope?.perLayer ?? []),
    ...(options.target?.scope?.perLayer ?? []),
  ])
    if (!roots.some((r) => meansOne(matcher, namesOf(r)))) {
      const some = [...new Set(roots.map((r) => nodeLabel(r.node)))].slice(0, 4).map((n) => `"${n}"`)
      throw new KerfError(
        'matches-nothing',
        `The pattern "${matcher.text}" matches no convolution or linear layer of the model. Its layers are called ${some.join(', ') || 'nothing: there are none'}${roots.length > 4 ? ' …' : ''}`,
        { pattern: matcher.text },
      )
    }
}

/** @throws KerfError `unknown-group`, `bad-width` */
function checkWidths({ groups }: ChannelGroups, widths: ReadonlyMap<string, number>): void {
  const byName = new Map(groups.map((g) => [g.name, g]))
  for (const [name, kept] of widths) {
    const group = byName.get(name)
    if (!group) {
      const names = [...byName.keys()]
      const some = names.slice(0, 4).map((n) => `"${n}"`)
      throw new KerfError(
        'unknown-group',
        `No group of channels that can be removed is called "${name}".${didYouMean(name, names)} The groups are ${some.join(', ') || 'none'}${names.length > 4 ? ' …' : ''}: findGroups tells all, and why others stay.`,
        { group: name },
      )
    }
    const { length } = group.classes
    if (!(Number.isInteger(kept) && kept >= 1 && kept <= length))
      throw new KerfError(
        'bad-width',
        `The width of "${name}" must be a whole number from 1 to ${length}, the channels that it has. Received ${kept}.`,
        { group: name, channels: length, received: kept },
      )
  }
}

/** @param edited a model made from the analysed one, with the same inputs */
function totalsOf({ operators, options }: Analysis, edited: Model, countNonZero = false): Totals {
  return profileAnalysed(analyse(edited, operators, options), { countNonZero }).totals
}

type Counted = Omit<PruneResult, 'unsupported' | 'analysis' | 'layers'>

async function pruneValues(
  found: ChannelGroups,
  method: 'weight' | 'nm' | 'input',
  before: Totals,
  options: PruneOptions,
  criterion: Criterion,
  turn: Turn,
): Promise<Counted> {
  const common = {
    ...{ outputs: new Map(), kept: () => undefined, before, ratio: undefined, inexact: [], warnings: [] },
    survivors: new Map(),
  }
  if (method !== 'input') {
    const { pattern } = options
    const amount = pattern ? { pattern } : { scope: options.scope! }
    const { model, tensors } = await zeroWeights(found, amount, criterion, options, turn)
    const groups = tensors.map((t) => ({
      name: t.layer,
      layers: [t.layer],
      channels: t.values,
      kept: t.values - t.zeros,
      tensors: [],
      nodes: [],
    }))
    checkSome(groups, pattern ? `the pattern ${pattern.n}:${pattern.m}` : `the ratio ${options.scope!.ratio}`, 'weight')
    return {
      ...common,
      model,
      masked: undefined,
      after: totalsOf(found.trace.analysis, model, true),
      groups,
      refused: [],
    }
  }
  const scope = options.scope!
  const { model, masked, layers, refused } = await narrowInputs(found, scope, criterion, options, turn)
  const groups = layers.map((l) => ({
    name: l.layer,
    layers: [l.layer],
    channels: l.inputs,
    kept: l.kept,
    tensors: [],
    nodes: [],
  }))
  checkSome(groups, `the ratio ${scope.ratio}`, 'input')
  return { ...common, model, masked, after: totalsOf(found.trace.analysis, model), groups, refused }
}

/** @throws KerfError `nothing-to-prune` where rounding leaves all as it was */
function checkSome(groups: readonly GroupReport[], amount: string, what: string): void {
  if (groups.some((g) => g.kept < g.channels)) return
  const most = largest(groups.map((g) => g.channels))
  throw new KerfError(
    'nothing-to-prune',
    `Nothing would be removed: ${amount} takes no ${what} of any layer, the largest of ${most}. Ask for more.`,
  )
}

async function cutChannels(
  found: ChannelGroups,
  before: Totals,
  options: PruneOptions,
  asked: Asked,
  criterion: Criterion,
  turn: Turn,
): Promise<Counted> {
  if (found.groups.length === 0) throw nothingToPrune(found, asked)
  const { global: isGlobal } = options.target?.scope ?? options.scope ?? {}
  const scores = await scoreGroups(found, criterion, options, turn, isGlobal ? 'global' : 'local')
  await turn()
  const made: CountedCut & Partial<Reached> = options.target
    ? await reach(found, scores, before, options.target, (selection) => counted(found, selection), options, turn)
    : cutBy(found, scores, asked)
  const { selection, cut, after } = made
  await turn()
  return {
    model: cut.model,
    masked: maskedModel(found, selection.removed),
    outputs: survivingOutputs(found, selection.removed),
    kept: keptIndices(found, selection.removed),
    before,
    after,
    groups: groupReports(found, selection),
    survivors: new Map(
      found.groups.map(({ name, classes }) => [
        name,
        Int32Array.from(classes.keys()).filter((i) => !selection.removed.has(classes[i]!.label)),
      ]),
    ),
    refused: found.refused,
    inexact: inexactNodes(found, selection),
    warnings: shortfall(found, selection, asked),
    ratio: made.ratio,
    budget: made.budget,
  }
}

function inexactNodes({ trace }: ChannelGroups, { removed }: Selection): InexactNode[] {
  return trace.changes.flatMap(({ node, labels, why }) => {
    // A channel may lie in several places, as every pixel of it between the Reshapes of a GroupNorm.
    const channels = new Set(Array.from(labels, (label) => trace.labels.find(label)))
    const gone = [...channels].filter((label) => removed.has(label)).length
    return gone > 0 ? [{ node: nodeLabel(node), why, removed: gone, channels: channels.size }] : []
  })
}

function groupReports(found: ChannelGroups, { kept }: Selection): GroupReport[] {
  const reach = reachOf(found)
  return found.groups.map((group) => ({
    name: group.name,
    layers: [...new Set(group.roots.map((r) => nodeLabel(r.node)))],
    channels: group.classes.length,
    kept: kept.get(group) ?? group.classes.length,
    ...reach.get(group)!,
  }))
}

function counted(found: ChannelGroups, selection: Selection): CountedCut {
  const cut = cutModel(found, selection.removed)
  return { selection, cut, after: profileAnalysed(cut).totals }
}

/** @throws KerfError `nothing-to-prune` where rounding leaves all as it was */
function cutBy(
  found: ChannelGroups,
  scores: ClassScores,
  asked: Asked & { readonly widths?: ReadonlyMap<string, number> },
): CountedCut {
  const selection = asked.widths
    ? selectWidths(found, scores, balancedWidths(found, asked.widths))
    : select(found, scores, asked.scope!)
  if (selection.removed.size === 0) throw nothingRemoved(found, scores, asked)
  return counted(found, selection)
}
