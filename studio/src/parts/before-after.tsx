import { Progress, Table, Text } from '@mantine/core'
import type { Totals } from 'kerf'
import { human } from 'kerf/report'
import table from './plain-table.module.css'
import { Wide } from './wide.tsx'

const rows = [
  { key: 'macs', title: 'MACs', unit: '' },
  { key: 'params', title: 'Parameters', unit: '' },
  { key: 'accesses', title: 'Memory accesses', unit: '' },
  { key: 'bytes', title: 'Bytes moved', unit: 'B' },
] as const

export interface BeforeAfterProps {
  readonly before: Totals
  readonly after: Totals
  /** What a run takes: `Time, predicted`. Its row is there before that is known. */
  readonly timed?: { readonly title: string; readonly before?: number; readonly after?: number }
  /** What is to be said of the counts. */
  readonly warnings?: readonly string[]
  /** What the first column is: `Now`, which is the default, or `Before`. */
  readonly first?: string
  /** What it is a table of: `Before and after the cut`. */
  readonly label: string
}

/** What the network costs now, and what it would cost. */
export function BeforeAfter({ before, after, timed, warnings = [], first = 'Now', label }: BeforeAfterProps) {
  const text = (totals: Totals, key: (typeof rows)[number]['key'], unit: string) =>
    `${totals.partial.includes(key) ? 'at least ' : ''}${human(totals[key], unit)}`
  const counted = rows.map(({ key, title, unit }) => ({
    title,
    now: text(before, key, unit),
    later: text(after, key, unit),
    part: before[key] === 0 ? 1 : after[key] / before[key],
  }))
  const timedRow = timed && {
    title: timed.title,
    now: timed.before === undefined ? '–' : msText(timed.before),
    later: timed.after === undefined ? '–' : msText(timed.after),
    part: timed.after! / timed.before!,
  }
  return (
    <div>
      <Wide label="Sums, to scroll">
        <Table aria-label={label}>
          <Table.Thead>
            <Table.Tr>
              <Table.Td />
              <Table.Th className={table.number}>{first}</Table.Th>
              <Table.Th className={table.number}>After</Table.Th>
              <Table.Th className={table.number}>Part</Table.Th>
              <Table.Td w="30%" visibleFrom="sm" />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {[...counted, ...(timedRow ? [timedRow] : [])].map(({ title, now, later, part }) => (
              <Table.Tr key={title}>
                <Table.Th scope="row">{title}</Table.Th>
                <Table.Td className={table.number}>{now}</Table.Td>
                <Table.Td className={table.number}>{later}</Table.Td>
                <Table.Td className={table.number}>
                  {Number.isNaN(part) ? '–' : `${(100 * part).toFixed(1)} %`}
                </Table.Td>
                <Table.Td visibleFrom="sm">
                  <Progress value={Math.round(1000 * part) / 10 || 0} size="lg" aria-label={`${title} that stay`} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Wide>
      {warnings.map((warning) => (
        <Text key={warning} size="sm" mt="xs">
          {warning}
        </Text>
      ))}
    </div>
  )
}

/** Three digits: measuring gives no more. */
export const msText = (ms: number): string => `${Number(ms.toPrecision(3))} ms`
