import { type Command, InvalidArgumentError, Option } from 'commander'
import { readTimeTable, timeTablePath, writeTimeTable } from '../../api/files.node.ts'
import type { Allocation, Target } from '../../api/prune.ts'
import type { InTimeOptions } from '../../api/workflow.node.ts'
import { UsageError } from '../errors.ts'
import { byteCount, portion, positiveNumber } from '../options.ts'
import { addTimingFlags, type TimingFields, timingRuntime } from '../timing.ts'

/* What a pruned network may cost, and where its time is measured. */

const allocations = ['uniform', 'global', 'cost', 'outputs'] as const satisfies readonly Allocation[]

type Amount = Pick<Target, 'part' | 'value'>

export interface BudgetFields extends TimingFields {
  readonly targetMacs?: Amount
  readonly targetParams?: Amount
  readonly targetBytes?: Amount
  readonly targetMs?: number
  readonly faster?: number
  readonly allocate?: Allocation
  readonly timeTable?: string
}

const scales: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 }

/** `0.5`: a part; `300M`, `1200000`: a number. */
export function amount(text: string): Amount {
  const [, digits, scale = ''] = /^(\d*\.?\d+)(\s*%|[kmg]?)$/i.exec(text.trim()) ?? []
  const isPercent = scale.endsWith('%')
  const value = isPercent ? portion(text) : Number(digits) * scales[scale.toLowerCase()]!
  if (!(value > 0 && value !== 1) || (isPercent && value > 1))
    throw new InvalidArgumentError('Give a part below 1, as in 0.5 or 50%, or a number, as in 300M.')
  return value < 1 ? { part: value } : { value }
}

/** `0.5`: a part; `5MB`: a size. */
export const byteAmount = (text: string): Amount =>
  /^0?\.\d+$|%$/.test(text.trim()) ? amount(text) : { value: byteCount(text) }

export function factor(text: string): number {
  const value = positiveNumber(text)
  if (value <= 1) throw new InvalidArgumentError('Give a factor above 1, as in 2.')
  return value
}

const targets = ['targetMacs', 'targetParams', 'targetBytes', 'targetMs', 'faster'] as const

export function addBudgetFlags(command: Command): Command {
  const target = (flags: string, text: string, parser: (text: string) => unknown) => {
    const option = new Option(flags, text).argParser(parser)
    return option.conflicts(['ratio', ...targets.filter((name) => name !== option.attributeName())])
  }
  command
    .addOption(target('--target-macs <n>', 'remove until so many MACs remain: a part (0.5) or a number (300M)', amount))
    .addOption(target('--target-params <n>', 'the same of parameters', amount))
    .addOption(target('--target-bytes <n>', 'the same of the weights in the file: 0.5 or 5MB', byteAmount))
    .addOption(target('--target-ms <ms>', 'remove until a run takes so long, measured (see --runtime)', positiveNumber))
    .addOption(target('--faster <factor>', 'remove until a run is so many times as fast, measured', factor))
    .addOption(
      new Option(
        '--allocate <how>',
        'how a target chooses widths (default: cost for times, otherwise uniform)',
      ).choices(allocations),
    )
  return addTimingFlags(command).option(
    '--time-table <file>',
    'measured times, read and added to (default: in the cache folder)',
  )
}

/** The target that flags ask for; undefined without one. */
export function targetOf(o: BudgetFields, scope: Target['scope']): Target | undefined {
  const common = { allocate: o.allocate, scope }
  const { targetMacs, targetParams, targetBytes, targetMs, faster } = o
  if (targetMacs) return { of: 'macs', ...targetMacs, ...common }
  if (targetParams) return { of: 'params', ...targetParams, ...common }
  if (targetBytes) return { of: 'bytes', ...targetBytes, ...common }
  if (targetMs !== undefined) return { of: 'milliseconds', value: targetMs, ...common }
  if (faster !== undefined) return { of: 'milliseconds', part: 1 / faster, ...common }
  if (o.allocate)
    throw new UsageError('--allocate says how a target chooses widths: give one, as in --target-macs 0.5.')
  return undefined
}

/** How a target in milliseconds is measured, and the table that is known. */
export async function timingOf(o: BudgetFields): Promise<InTimeOptions & Pick<Target, 'times'>> {
  const timing = await timingRuntime(o)
  const path = o.timeTable ?? timeTablePath(timing.on)
  return { timing, times: readTimeTable(path), onTimes: (table) => writeTimeTable(path, table) }
}
