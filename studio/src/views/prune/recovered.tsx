import { Table, Text } from '@mantine/core'
import type { RecoveredStep } from 'kerf/prune'
import table from '../../parts/plain-table.module.css'

/** How far the outputs were off before and after each step of recovery, on pictures that nothing was fitted to. */
export function Recovered({ steps }: { readonly steps: readonly RecoveredStep[] }) {
  return (
    <Table aria-label="What recovery did" verticalSpacing={4}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Step</Table.Th>
          <Table.Th className={table.number}>Off before</Table.Th>
          <Table.Th className={table.number}>after</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {steps.map(({ name, outputError, why }) => (
          <Table.Tr key={name}>
            <Table.Td>
              {name}
              {why !== undefined && <Text size="xs">{why}</Text>}
            </Table.Td>
            <Table.Td className={table.number}>{(100 * outputError.before).toFixed(1)} %</Table.Td>
            <Table.Td className={table.number}>{(100 * outputError.after).toFixed(1)} %</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
