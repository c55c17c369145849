import { Table } from '@mantine/core'
import { human } from 'kerf/report'
import { useStore } from '../../store.ts'

/** What every layer costs. */
export default function CostsView() {
  const network = useStore((s) => s.network)
  if (!network) return null
  const { names, ops, shapes, counts } = network.layers
  return (
    <Table stickyHeader>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Layer</Table.Th>
          <Table.Th>Operator</Table.Th>
          <Table.Th>Output</Table.Th>
          <Table.Th>MACs</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {names.map((name, row) => (
          <Table.Tr key={name}>
            <Table.Td>{name}</Table.Td>
            <Table.Td>{ops[row]}</Table.Td>
            <Table.Td>{shapes[row]}</Table.Td>
            <Table.Td ta="right">{human(counts.macs[row]!)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
