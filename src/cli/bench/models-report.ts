import type { Profile, Totals } from '../../api/cost.ts'
import type { Timing } from '../../api/runtime.ts'
import { atLeast, type Cell, human, notCountedFact, type Report, shapeText } from '../../report/index.ts'
import { bar, decimals, milliseconds } from './cells.ts'
import { type Machine, machineText } from './machine.ts'

export interface ModelTiming extends Timing {
  readonly model: string
  readonly inputs: readonly { readonly name: string; readonly shape: readonly number[] }[]
  readonly totals: Totals
  readonly unsupported: Profile['unsupported']
  /** Its median by that of the first model: below 1 it is the faster one. */
  readonly ratio: number
}

export interface ModelsResult {
  readonly machine: Machine
  readonly models: readonly ModelTiming[]
  readonly notices: readonly string[]
}

/** Paths without the folders that all of them begin with. */
export function shortened(paths: readonly string[]): string[] {
  const parts = paths.map((path) => path.split(/[\\/]/))
  let common = 0
  while (parts.every((p) => common < p.length - 1 && p[common] === parts[0]?.[common])) common++
  return parts.map((p) => p.slice(common).join('/'))
}

export function modelsReport({ machine, models: given, notices }: ModelsResult): Report {
  const names = shortened(given.map((m) => m.model))
  const models = given.map((m, i) => ({ ...m, model: names[i]! }))
  const slowest = Math.max(...models.map((m) => m.medianMs))
  const [first, ...others] = models as [ModelTiming, ...ModelTiming[]]
  const shapes = (m: ModelTiming) => m.inputs.map((i) => `${i.name} ${shapeText(i.shape)}`).join(', ')
  const alike = others.every((m) => shapes(m) === shapes(first))
  return {
    title: models.length === 1 ? first.model : `${models.length} models`,
    facts: [
      ...(alike
        ? [['Inputs', shapes(first)] as [string, string]]
        : models.map((m): [string, string] => [m.model, shapes(m)])),
      ['Machine', machineText(machine)],
      ...models.flatMap((m) => notCountedFact(m)),
    ],
    tables: [
      {
        columns: [
          { key: 'model', header: 'Model', shorten: true },
          { key: 'macs', header: 'MACs', kind: 'count', optional: true },
          { key: 'median', header: 'Median ms', kind: 'count' },
          { key: 'middle', header: 'Middle half', kind: 'count' },
          { key: 'ratio', header: '÷ first', kind: 'count' },
          { key: 'bar', header: '' },
        ],
        rows: models.map((m): Cell[] => [
          m.model,
          atLeast(m.totals, 'macs', human(m.totals.macs)),
          milliseconds(m.medianMs),
          `${milliseconds(m.quartilesMs[0])} – ${milliseconds(m.quartilesMs[1])}`,
          decimals(m.ratio, 2),
          bar(m.medianMs / slowest),
        ]),
        notes: [
          `Medians of ${models.map((m) => m.runs).join(', ')} runs, in turns; half of the runs took what "Middle half" says.`,
          ...others.map((m) => verdict(m, first)),
        ],
      },
    ],
    notes: notices,
  }
}

/** Who is faster; no more is said than the spread of the runs allows. */
function verdict(one: ModelTiming, first: ModelTiming): string {
  const apart = one.quartilesMs[1] < first.quartilesMs[0] || one.quartilesMs[0] > first.quartilesMs[1]
  if (!apart) return `${one.model} and ${first.model}: the difference is within the spread of the runs.`
  const faster = one.ratio < 1
  return `${one.model} is ${decimals(faster ? 1 / one.ratio : one.ratio, 2)} times as ${faster ? 'fast' : 'slow'} as ${first.model}.`
}
