import type { PruneResult } from '../../api/prune.ts'
import type { Change } from '../../api/workflow.ts'
import type { Table } from '../../report/index.ts'
import { agreementText } from './agreement-text.ts'

export const changeFacts = ({ images, fromMasked, fromGiven }: Change): [string, string][] => [
  ['Measured on', images > 0 ? `training images: ${images}` : 'random numbers (--data measures on images)'],
  ['Cut − masked', `${agreementText(fromMasked)}: what the changed statistics do`],
  ...(fromGiven ? [['Cut − given', agreementText(fromGiven)] as [string, string]] : []),
]

export function inexactTable({ inexact }: PruneResult, named: (name: string) => string): Table[] {
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
      rows: inexact.map(({ node, removed, channels, why }) => [named(node), removed, channels, why]),
    },
  ]
}
