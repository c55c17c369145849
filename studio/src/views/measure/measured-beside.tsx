import { Table, Text } from '@mantine/core'
import type { Timing } from 'kerf/runtime'
import type { Measurement } from '../../engine/times.ts'
import table from '../../parts/plain-table.module.css'
import { Wide } from '../../parts/wide.tsx'
import styles from './measure.module.css'
import { msText } from './part-columns.ts'

/** The other runtime beside Kerf, or why there is none. */
export function MeasuredBeside({ measurement: { whole, beside, threads } }: { readonly measurement: Measurement }) {
  if (!beside) return null
  if ('problem' in beside)
    return (
      <Text role="alert" size="sm" className={styles.problem}>
        {beside.problem}
      </Text>
    )
  const { runtime, version, ratio, maxRelDiff } = beside
  return (
    <div>
      <Wide label={`Beside ${runtime}, to scroll`}>
        <Table verticalSpacing={4} aria-label={`Beside ${runtime}`} className={styles.beside}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Runtime</Table.Th>
              {['Time (ms)', 'Quartiles (ms)', 'Fastest (ms)', 'Runs', 'Times Kerf’s'].map((title) => (
                <Table.Th key={title} className={table.number}>
                  {title}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            <Row name="Kerf" timing={whole} ratio={1} />
            <Row name={`${runtime} ${version}`} timing={beside.whole} ratio={ratio} />
          </Table.Tbody>
        </Table>
      </Wide>
      <p className={styles.note}>
        {Number.isFinite(maxRelDiff)
          ? `Outputs differ by at most ${differenceText(maxRelDiff)} of the largest value.`
          : 'Outputs differ: what is a number in one is none in the other.'}{' '}
        Both ran in turns, on {threads === 1 ? 'one thread' : `${threads} threads`} each, with inputs handed to a worker
        and outputs handed back.
      </p>
    </div>
  )
}

function Row({ name, timing, ratio }: { readonly name: string; readonly timing: Timing; readonly ratio: number }) {
  const { medianMs, quartilesMs, fastestMs, runs } = timing
  return (
    <Table.Tr>
      <Table.Th scope="row">{name}</Table.Th>
      {[msText(medianMs), quartilesMs.map(msText).join(' – '), msText(fastestMs), String(runs), ratio.toFixed(2)].map(
        (text, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: columns never move
          <Table.Td key={i} className={table.number}>
            {text}
          </Table.Td>
        ),
      )}
    </Table.Tr>
  )
}

const differenceText = (part: number): string => (part === 0 ? '0' : part.toExponential(1))
