import type { ImageSet } from 'kerf/data'
import { criteria } from 'kerf/prune'
import { asksOutputs, type PreviewGroup, type PruneWish, type RecoverWish } from './prune-types.ts'
import { outputOf, quoted } from './quoted.ts'

/** The part of a group that goes, rounded down: the width that follows is the one that was chosen. */
const partOf = (channels: number, kept: number): number => Math.floor((1e6 * (channels - kept)) / channels) / 1e6

/** What a cut stands on besides the network. */
export interface CommandSources {
  /** That times are measured with. */
  readonly threads?: number
  readonly images?: Pick<ImageSet, 'count'>
}

/**
 * What does the same on the command line. Widths that were chosen by hand are ratios of single layers there.
 * @param used times and pictures
 */
export function pruneCommand(
  model: string,
  wish: PruneWish,
  groups: readonly PreviewGroup[],
  used: CommandSources = {},
): string {
  const { kinds, criterion, amount, global, allocate, widths, locked } = wish
  const { of } = amount
  const isByHand = Object.keys(widths).length > 0
  const locks = new Set(locked)
  // A budget chose the other widths: then all are said.
  const said = groups.filter(({ name }) => isByHand && (of !== 'ratio' || global || name in widths || locks.has(name)))
  return [
    'kerf prune',
    quoted(model),
    `-o ${outputOf(model, '-pruned.onnx')}`,
    ...(kinds.includes('neuron') ? [`--method ${kinds.join(',')}`] : []),
    ...amountFlags(wish, used.threads),
    ...(criterion === 'l2' ? [] : [`--criterion ${criterion}`]),
    ...imageFlags(wish, used.images),
    ...(allocate && of !== 'ratio' && !isByHand ? [`--allocate ${allocate}`] : []),
    ...(global && !isByHand && !(allocate && of !== 'ratio') ? ['--global'] : []),
    ...groups.flatMap(({ name, layers }) => (locks.has(name) && !isByHand ? [`--keep ${quoted(layers[0]!)}`] : [])),
    ...said.map(({ layers, channels, kept }) => `--ratios ${quoted(`${layers[0]}=${partOf(channels, kept)}`)}`),
  ].join(' ')
}

/** A budget in time is measured there. */
function amountFlags({ amount: { of, part }, widths }: PruneWish, threads = 1): string[] {
  const isByHand = Object.keys(widths).length > 0
  const rounded = (number: number) => Number(number.toPrecision(4))
  if (of === 'ratio') return [`--ratio ${rounded(part)}`]
  if (isByHand) return ['--ratio 0.5']
  if (of !== 'milliseconds') return [`--target-${of} ${rounded(part)}`]
  return [`--faster ${rounded(1 / part)}`, ...(threads > 1 ? [`--time-threads ${threads}`] : [])]
}

/** Criteria that look at pictures look at the same number there; where they lie on the disk a page does not know. */
function imageFlags(wish: PruneWish, images: CommandSources['images']): string[] {
  const { criterion, loss } = wish
  const { needs = 'weights' } = criteria.find(({ name }) => name === criterion) ?? {}
  if ((needs === 'weights' && !asksOutputs(wish)) || !images) return []
  const asksLoss = needs === 'loss' || needs === 'labels'
  return ['--data pictures/', `--images ${images.count}`, ...(asksLoss ? [`--loss ${loss}`] : [])]
}

/** The cut's command, recovering as well. Labels are not looked at there. */
export function recoverCommand(cut: string, { steps, epochs }: RecoverWish, images: number): string {
  const solved = 'least-squares,statistics'
  return [
    cut,
    '--recover',
    ...(cut.includes('--data ') ? [] : ['--data pictures/']),
    ...(cut.includes('--images ') ? [] : [`--images ${images}`]),
    ...(steps === 'auto' ? [] : [`--recover-steps ${solved}${steps === 'train' ? ',distillation' : ''}`]),
    ...(steps === 'solve' ? [] : [`--epochs ${epochs}`]),
  ].join(' ')
}
