import { Paper, Progress, Table, Title } from '@mantine/core'
import type { OutputSummary } from 'kerf/runtime'
import { Figures } from './figures.tsx'

/** One output: its numbers, and the largest classes where it is a classifier's. */
export function OutputCard({ output }: { readonly output: OutputSummary }) {
  const [ranked] = output.top ?? []
  return (
    <Paper withBorder p="md" component="section">
      <Title order={2} size="h5" mb="xs">
        {output.name}
      </Title>
      <Figures summary={output} />
      {ranked && (
        <Table mt="sm" verticalSpacing={4} aria-label={`Largest classes of ${output.name}`}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Class</Table.Th>
              <Table.Th ta="right">Value</Table.Th>
              <Table.Th ta="right">Probability</Table.Th>
              <Table.Td w="40%" visibleFrom="sm" />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody style={{ fontVariantNumeric: 'tabular-nums' }}>
            {ranked.map(({ index, name, value, probability }) => (
              <Table.Tr key={index}>
                <Table.Td>{name ?? `class ${index}`}</Table.Td>
                <Table.Td ta="right">{value.toPrecision(4)}</Table.Td>
                <Table.Td ta="right">{(100 * probability).toFixed(2)} %</Table.Td>
                <Table.Td visibleFrom="sm">
                  <Progress
                    value={Number((100 * probability).toFixed(2))}
                    size="lg"
                    aria-label={`${name ?? `class ${index}`}`}
                  />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Paper>
  )
}
