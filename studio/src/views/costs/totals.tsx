import { Table } from '@mantine/core'
import type { Totals as Sums } from 'kerf'
import { human } from 'kerf/report'
import type { Network } from '../../engine/types.ts'
import { countText } from '../../grid/column.ts'
import { Cards } from '../../parts/cards.tsx'
import styles from './costs.module.css'

const metrics: readonly {
  readonly key: keyof Sums & ('macs' | 'params' | 'adds' | 'muls' | 'accesses' | 'bytes')
  readonly title: string
}[] = [
  { key: 'macs', title: 'MACs' },
  { key: 'params', title: 'Parameters' },
  { key: 'adds', title: 'Additions' },
  { key: 'muls', title: 'Multiplications' },
  { key: 'accesses', title: 'Accesses (elements)' },
  { key: 'bytes', title: 'Accesses (bytes)' },
]

/** The sums of the network. What lacks something says so. */
export function Totals({ totals }: { readonly totals: Sums }) {
  return (
    <Cards
      cards={metrics.map(({ key, title }) => ({
        ...{ title, value: human(totals[key]), note: countText(totals[key]) },
        before: totals.partial.includes(key) ? 'at least' : undefined,
      }))}
    />
  )
}

/** Nodes that the sums leave out, and why; nothing where there are none. */
export function NotCounted({ unsupported }: Pick<Network, 'unsupported'>) {
  if (unsupported.length === 0) return null
  return (
    <details className={styles.notCounted}>
      <summary>
        Not counted, or not in full: {unsupported.length} {unsupported.length === 1 ? 'node' : 'nodes'}. The totals do
        not include {unsupported.length === 1 ? 'it' : 'these'}.
      </summary>
      <div>
        <Table fz="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Node</Table.Th>
              <Table.Th>Operator</Table.Th>
              <Table.Th>Why</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {unsupported.slice(0, mostListed).map(({ name, op, domain, why }) => (
              <Table.Tr key={`${name} ${why}`}>
                <Table.Td>{name}</Table.Td>
                <Table.Td>{domain === '' ? op : `${domain}.${op}`}</Table.Td>
                <Table.Td>{why}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        {unsupported.length > mostListed && <p>The first {mostListed}. The column “Not counted” has all.</p>}
      </div>
    </details>
  )
}

/** A list of thousands would hold the page up. */
const mostListed = 100
