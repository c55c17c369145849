import { Table, Text } from '@mantine/core'
import '../colours.css'
import type { TextTable } from '../engine/lab/types.ts'
import table from './plain-table.module.css'
import classes from './report-table.module.css'

/** A table of the library. */
export function ReportTable({ table: { title, columns, rows, notes }, label }: { table: TextTable; label: string }) {
  return (
    <div>
      {title !== undefined && (
        <Text size="sm" fw={600} mb={4}>
          {title}
        </Text>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: keys scroll what is wider than the page */}
      <section className={table.scroll} aria-label={title ?? label} tabIndex={0}>
        <Table verticalSpacing={4} aria-label={title ?? label}>
          <Table.Thead>
            <Table.Tr>
              {columns.map(({ header, isNumeric }, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: columns never move
                <Table.Th key={i} className={isNumeric ? table.number : undefined}>
                  {header}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows never move
              <Table.Tr key={i}>
                {row.map((text, j) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: cells never move
                  <Table.Td key={j} className={columns[j]?.isNumeric ? table.number : undefined}>
                    {text}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </section>
      {notes.map((note) => (
        <Text key={note} size="xs" c="dimmed" mt={4}>
          {note}
        </Text>
      ))}
    </div>
  )
}

/** Charts of the library, in the page's colours. */
export const Charts = ({ svg, label }: { readonly svg: string; readonly label: string }) => (
  <section
    className={classes.charts}
    aria-label={label}
    // biome-ignore lint/a11y/noNoninteractiveTabindex: keys scroll what is wider than the page
    tabIndex={0}
    // biome-ignore lint/security/noDangerouslySetInnerHtml: made by the library, which escapes every text in it
    dangerouslySetInnerHTML={{ __html: svg }}
  />
)
