import { Table } from '@mantine/core'
import type { ComparisonTable } from '../../engine/compare.ts'
import { countText } from '../../grid/column.ts'
import styles from './compare.module.css'
import { ratioText } from './compare-columns.ts'

const metrics = [
  ['macs', 'MACs'],
  ['params', 'Parameters'],
  ['adds', 'Additions'],
  ['muls', 'Multiplications'],
  ['accesses', 'Accesses (elements)'],
  ['bytes', 'Accesses (bytes)'],
] as const

/** The sums of both networks, and what became of them. */
export function TotalsTable({ totals, models }: Pick<ComparisonTable, 'totals' | 'models'>) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what can be scrolled, keys can scroll.
    <section className={styles.totals} aria-label="Totals of both" tabIndex={0}>
      <Table fz="sm" verticalSpacing={4} className={styles.numbers}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Totals</Table.Th>
            <Table.Th title={models.a}>A: {models.a}</Table.Th>
            <Table.Th title={models.b}>B: {models.b}</Table.Th>
            <Table.Th>B ÷ A</Table.Th>
            <Table.Th>B − A</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {metrics.map(([key, title]) => {
            const { a, b, ratio, partial = [] } = totals[key]
            const side = (name: 'a' | 'b', value: number | null) =>
              `${partial.includes(name) ? 'at least ' : ''}${countText(value ?? Number.NaN)}`
            return (
              <Table.Tr key={key}>
                <Table.Th scope="row">{title}</Table.Th>
                <Table.Td>{side('a', a)}</Table.Td>
                <Table.Td>{side('b', b)}</Table.Td>
                <Table.Td>{ratioText(ratio ?? Number.NaN)}</Table.Td>
                <Table.Td>{a === null || b === null ? '–' : `${b > a ? '+' : ''}${countText(b - a)}`}</Table.Td>
              </Table.Tr>
            )
          })}
        </Table.Tbody>
      </Table>
    </section>
  )
}
