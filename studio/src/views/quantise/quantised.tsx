import { Stack, Table, Text, Title } from '@mantine/core'
import { human, shortNumber } from 'kerf/report'
import type { QuantizeOutcome } from '../../engine/quantize-types.ts'
import { type Card, Cards } from '../../parts/cards.tsx'
import { CommandLine } from '../../parts/command-line.tsx'
import { LayerName, useLabels } from '../../parts/layer-name.tsx'
import table from '../../parts/plain-table.module.css'
import { Wide } from '../../parts/wide.tsx'

const percent = (part: number, digits = 1) => `${(100 * part).toFixed(digits)} %`

interface Props {
  readonly title: string
  readonly outcome: QuantizeOutcome
  readonly command: string | undefined
}

/** What quantising did to every tensor, to the outputs and to the file. */
export function QuantisedReport({ title, outcome, command }: Props) {
  const { layers, quality, pictures, bytes, outputDrift } = outcome
  const cards: Card[] = [
    { title: 'File', value: human(bytes.after, 'B'), note: `before ${human(bytes.before, 'B')}` },
    ...(quality.agreement === undefined
      ? []
      : [{ title: 'Same class as before', value: percent(quality.agreement), note: `of ${pictures} pictures` }]),
    { title: 'Outputs off', value: percent(quality.outputError), note: '‖difference‖ ÷ ‖output‖' },
    { title: 'First output changes by', value: percent(outputDrift), note: 'on the first pictures' },
  ]
  return (
    <Stack gap="sm" component="section" aria-label="What quantising did">
      <Title order={2} size="h5">
        {title}
      </Title>
      <Cards cards={cards} />
      {outcome.to === 'adder' ? <AdderLayers layers={layers} /> : <OrdinaryLayers outcome={outcome} />}
      {command !== undefined && <CommandLine command={command} />}
    </Stack>
  )
}

function AdderLayers({ layers }: Pick<QuantizeOutcome, 'layers'>) {
  const labels = useLabels()
  return (
    <>
      <Wide label="Quantised layers, to scroll">
        <Table aria-label="Layers in codes" verticalSpacing={6} miw={640}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Layer</Table.Th>
              {['Input seen', 'Range of codes', 'Outside', 'Input changes', 'Weights clamped', 'Drift'].map((head) => (
                <Table.Th key={head} className={table.number}>
                  {head}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {layers.map(({ node, seen, range, coding, clampedWeights, weights, drift }) => (
              <Table.Tr key={node}>
                <Table.Th scope="row" className={table.name}>
                  <LayerName name={node} labels={labels} />
                </Table.Th>
                {[
                  `${shortNumber(seen.lo)} … ${shortNumber(seen.hi)}`,
                  `${shortNumber(range.lo)} … ${shortNumber(range.hi)}`,
                  percent(coding.saturated, 3),
                  percent(coding.relative, 2),
                  percent(clampedWeights / Math.max(1, weights)),
                  percent(drift, 2),
                ].map((text, i) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a cell for each column
                  <Table.Td key={i} className={table.number}>
                    {text}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Wide>
      <Text size="xs" c="dimmed">
        Outside: inputs that the range cuts off. Input changes: by coding alone. Weights clamped: outside the range,
        without loss. Drift: change of the input with everything before it in codes, too.
      </Text>
    </>
  )
}

function OrdinaryLayers({ outcome: { integers, kept } }: { readonly outcome: QuantizeOutcome }) {
  const labels = useLabels()
  return (
    <>
      <Wide label="Quantised layers, to scroll">
        <Table aria-label="Layers in codes" verticalSpacing={6} miw={480}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Layer</Table.Th>
              <Table.Th>Op</Table.Th>
              {['Weights', 'Weights change', 'Drift'].map((head) => (
                <Table.Th key={head} className={table.number}>
                  {head}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {integers.map(({ node, op, weights, weightError, drift }) => (
              <Table.Tr key={node}>
                <Table.Th scope="row" className={table.name}>
                  <LayerName name={node} labels={labels} />
                </Table.Th>
                <Table.Td>{op}</Table.Td>
                <Table.Td className={table.number}>{weights.toLocaleString('en')}</Table.Td>
                <Table.Td className={table.number}>{percent(weightError, 2)}</Table.Td>
                <Table.Td className={table.number}>{percent(drift, 2)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Wide>
      <Text size="xs" c="dimmed">
        Weights change: root mean square, by that of the weights. Drift: change of what the layer makes, with everything
        before it in codes, too.
      </Text>
      {kept.length > 0 && (
        <ul>
          {kept.map(({ node, why }) => (
            <li key={node}>
              <LayerName name={node} labels={labels} /> stays in floating point: {why}.
            </li>
          ))}
        </ul>
      )}
    </>
  )
}
