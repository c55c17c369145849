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

/** `step 1, Pruned to 50 % of the MACs`, of which a narrow window shows the number. */
function Name({ of }: { readonly of: string }) {
  const [, step, title] = /^(step \d+)(, .*)$/.exec(of) ?? [undefined, of]
  return (
    <>
      {step}
      {title && <span className={styles.title}>{title}</span>}
    </>
  )
}

/** The sums of both networks, and what became of them. */
export function TotalsTable({ totals, stored, names }: Pick<ComparisonTable, 'totals' | 'stored' | 'names'>) {
  const rows = [
    ...metrics.map(([key, title]) => ({ key, title, ...totals[key] })),
    {
      ...{ key: 'stored', title: 'Weights as stored (bytes)', ...stored },
      ratio: stored.a === 0 ? null : stored.b / stored.a,
    },
  ]
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what can be scrolled, keys can scroll.
    <section className={styles.totals} aria-label="Totals of both" tabIndex={0}>
      <Table fz="sm" verticalSpacing={4} className={styles.numbers}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Totals</Table.Th>
            <Table.Th className={styles.network}>
              A: <Name of={names.a} />
            </Table.Th>
            <Table.Th className={styles.network}>
              B: <Name of={names.b} />
            </Table.Th>
            <Table.Th>B ÷ A</Table.Th>
            <Table.Th>B − A</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ key, title, a, b, ratio, ...others }) => {
            const partial = 'partial' in others ? (others.partial ?? []) : []
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
