import { Stack, Table, Text, Title } from '@mantine/core'
import { shortNumber } from 'kerf/report'
import type { SwapOutcome } from '../../engine/swap-types.ts'
import { BeforeAfter } from '../../parts/before-after.tsx'
import { CommandLine } from '../../parts/command-line.tsx'
import { LayerName, useLabels } from '../../parts/layer-name.tsx'
import table from '../../parts/plain-table.module.css'
import { Wide } from '../../parts/wide.tsx'
import { Cells, ErrorNotes, Heads } from './layers.tsx'

const statistics: Readonly<Record<SwapOutcome['statistics'], string>> = {
  data: 'Means and variances were measured on the pictures.',
  noise: 'Means and variances were measured on noise: the new layers must learn anew.',
  kept: 'Weights and statistics follow from the old layers alone.',
}

interface Props {
  readonly title: string
  readonly outcome: SwapOutcome
  readonly command: string | undefined
}

/** What the swap did that made the open network. */
export function SwappedReport({ title, outcome, command }: Props) {
  const { before, after, rows, recovery, time } = outcome
  const labels = useLabels()
  const isFitted = recovery !== undefined
  const [first, last] = [recovery?.[0], recovery?.at(-1)]
  return (
    <Stack gap="sm" component="section" aria-label="What the swap did">
      <Title order={2} size="h5">
        {title}
      </Title>
      <Text size="sm">
        {isFitted ? 'Weights were solved for on the pictures.' : statistics[outcome.statistics]}
        {first &&
          last &&
          ` Outputs are off by ${percent(last.outputError.after)} on pictures that only judged; before least squares ${percent(first.outputError.before)}.`}
        {time &&
          ` A run takes ${shortNumber(time.afterMs)} ms; before ${shortNumber(time.beforeMs)} ms, measured in turns.`}
      </Text>
      <BeforeAfter before={before} after={after} first="Before" label="Before and after this swap" />
      <Wide label="Swapped layers, to scroll">
        <Table aria-label="Layers that were swapped" verticalSpacing={6} miw={560}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Layer</Table.Th>
              <Heads outcome={outcome} />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={row.name}>
                <Table.Th scope="row" className={table.name}>
                  <LayerName name={row.name} labels={labels} />
                </Table.Th>
                <Cells row={row} outcome={outcome} />
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Wide>
      <ErrorNotes outcome={outcome} />
      {command !== undefined && <CommandLine command={command} />}
    </Stack>
  )
}

const percent = (part: number) => `${(100 * part).toFixed(1)} %`
