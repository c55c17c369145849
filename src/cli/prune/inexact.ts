import type { KerfError } from '../../base/index.ts'
import type { Model } from '../../graph/index.ts'
import type { PruneResult } from '../../prune/index.ts'
import type { Table } from '../../report/index.ts'
import { type Agreement, agreementText, compareOutputs } from '../agreement.ts'
import type { Feed } from '../onnx-runtime.ts'
import { cannotRun, type Engine } from './engines.ts'

/*
 * An inexact cut is no masked network: means and maxima are taken over fewer channels. There is nothing to prove, but how much that changes can be
 * measured, on the same input: against the masked network, which is what the change of statistics alone does, and against the given one.
 */

export interface Change {
  readonly fromMasked: Agreement
  /** Absent where the cut is one of several. */
  readonly fromGiven?: Agreement
}

/** @returns undefined where there is nothing to compare, the reason where no engine runs the networks */
export async function changeOf(
  result: PruneResult,
  given: Model | undefined,
  feeds: readonly Feed[],
  sized: (model: Model) => Model,
  engines: readonly (Engine | undefined)[],
): Promise<Change | KerfError | undefined> {
  let cannot: KerfError | undefined
  for (const engine of engines) {
    if (!engine) continue
    try {
      const run = (model: Model) => engine.run(sized(model), feeds)
      const cut = await run(result.model)
      const from = async (model: Model) => compareOutputs(await run(model), cut, result.outputs)
      const fromMasked = await from(result.masked!)
      const fromGiven = given && (await from(given))
      return fromMasked && { fromMasked, ...(fromGiven ? { fromGiven } : {}) }
    } catch (error) {
      if (!cannotRun.has((error as KerfError).code)) throw error
      cannot ??= error as KerfError
    }
  }
  return cannot
}

export const changeFacts = ({ fromMasked, fromGiven }: Change): [string, string][] => [
  ['Cut − masked', `${agreementText(fromMasked)}: what the changed statistics do`],
  ...(fromGiven ? [['Cut − given', agreementText(fromGiven)] as [string, string]] : []),
]

export function inexactTable({ inexact }: PruneResult): Table[] {
  if (inexact.length === 0) return []
  return [
    {
      title: 'Inexact: these nodes give other numbers than in the masked network',
      columns: [
        { key: 'node', header: 'Node', shorten: true },
        { key: 'removed', header: 'Removed', kind: 'count' },
        { key: 'channels', header: 'Of', kind: 'count' },
        { key: 'why', header: 'Because', wrap: true },
      ],
      rows: inexact.map(({ node, removed, channels, why }) => [node, removed, channels, why]),
    },
  ]
}
