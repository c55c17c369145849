import { Button, Checkbox, Group, Table, Text, TextInput, Title } from '@mantine/core'
import { namePattern } from 'kerf'
import { human, shortNumber } from 'kerf/report'
import { useState } from 'react'
import type { SwapLayer, SwapOutcome, SwapPreview, SwapRow } from '../../engine/swap-types.ts'
import { LayerName, useLabels } from '../../parts/layer-name.tsx'
import table from '../../parts/plain-table.module.css'
import { Wide } from '../../parts/wide.tsx'
import type { Swapping } from './use-swapping.ts'

/** Every layer that could be swapped, and every convolution that cannot, with the reason; what a swap makes of each. */
export function Layers({ swapping, preview }: { readonly swapping: Swapping; readonly preview: SwapPreview }) {
  const { layers, outcome } = preview
  const { want } = swapping
  const labels = useLabels()
  const { layers: asked } = swapping.wish
  const isChosen = ({ name, canSwap, isUsual }: SwapLayer) => canSwap && (asked ? asked.includes(name) : isUsual)
  const chosen = layers.filter(isChosen).map(({ name }) => name)
  const rows = new Map(outcome?.rows.map((row) => [row.name, row]))
  return (
    <section>
      <Title order={2} size="h5" mb="xs">
        {chosen.length} of {layers.length} {layers.length === 1 ? 'layer' : 'layers'} chosen
      </Title>
      <Pattern
        layers={layers}
        labels={labels}
        onChoose={(names) => want({ layers: names })}
        onReset={() => want({ layers: undefined })}
        isAsked={asked !== undefined}
      />
      <Wide label="Layers, to scroll">
        <Table aria-label="Layers" verticalSpacing={6} miw={560}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th w="2.5rem">Take</Table.Th>
              <Table.Th>Layer</Table.Th>
              <Heads outcome={outcome} />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {layers.map((layer) => {
              const { name, canSwap } = layer
              return (
                <Table.Tr key={name}>
                  <Table.Td>
                    <Checkbox
                      aria-label={`Swap ${labels(name)}`}
                      checked={isChosen(layer)}
                      disabled={!canSwap}
                      onChange={({ currentTarget: { checked } }) =>
                        want({ layers: checked ? [...chosen, name] : chosen.filter((other) => other !== name) })
                      }
                    />
                  </Table.Td>
                  <Table.Th scope="row" className={table.name}>
                    <LayerName name={name} labels={labels} />
                  </Table.Th>
                  <Cells layer={layer} row={rows.get(name)} outcome={outcome} />
                </Table.Tr>
              )
            })}
          </Table.Tbody>
        </Table>
      </Wide>
      {outcome && <ErrorNotes outcome={outcome} />}
    </section>
  )
}

interface PatternProps {
  readonly layers: readonly SwapLayer[]
  readonly labels: (name: string) => string
  readonly isAsked: boolean
  onChoose(names: readonly string[]): void
  onReset(): void
}

function Pattern({ layers, labels, isAsked, onChoose, onReset }: PatternProps) {
  const [text, setText] = useState('')
  const [said, say] = useState('')
  const choose = () => {
    const pattern = namePattern(text)
    const isMeant = (name: string) => pattern.matches(name) || pattern.matches(labels(name))
    const names = layers.filter(({ name, canSwap }) => canSwap && isMeant(name)).map(({ name }) => name)
    say(names.length === 0 ? `No layer that can be swapped is called ${text}.` : '')
    if (names.length > 0) onChoose(names)
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (text !== '') choose()
      }}
    >
      <Group gap="xs" align="flex-end" mb="xs">
        <TextInput
          size="xs"
          label="By name"
          placeholder="*layer3*"
          value={text}
          onChange={({ currentTarget: { value } }) => setText(value)}
        />
        <Button size="xs" variant="default" type="submit" disabled={text === ''}>
          Choose
        </Button>
        <Button size="xs" variant="subtle" disabled={!isAsked} onClick={onReset}>
          As it would be unasked
        </Button>
        <Text size="sm" role="status">
          {said}
        </Text>
      </Group>
    </form>
  )
}

const counts = [
  ['macs', 'MACs'],
  ['params', 'Parameters'],
  ['accesses', 'Accesses'],
] as const

const hasErrors = (outcome: SwapOutcome) => outcome.rows.some(({ weightError }) => weightError !== undefined)

/** Columns of what is known of swapped layers. */
export function Heads({ outcome }: { readonly outcome: SwapOutcome | undefined }) {
  if (!outcome) return <Table.Th>What becomes of it</Table.Th>
  const { rows, facts } = outcome
  return (
    <>
      {counts.map(([key, title]) => (
        <Table.Th key={key} className={table.number}>
          {title}
        </Table.Th>
      ))}
      {hasErrors(outcome) && <Table.Th className={table.number}>Weights off</Table.Th>}
      {rows.some(({ outputError }) => outputError) && <Table.Th className={table.number}>Output off</Table.Th>}
      {rows.some(({ time }) => time) && <Table.Th className={table.number}>Time (ms)</Table.Th>}
      {facts.map((fact) => (
        <Table.Th key={fact} className={table.number}>
          {fact}
        </Table.Th>
      ))}
    </>
  )
}

/** What the errors of a table are. */
export function ErrorNotes({ outcome }: { readonly outcome: SwapOutcome }) {
  const isRun = outcome.rows.some(({ outputError }) => outputError)
  return (
    <Text size="xs" c="dimmed">
      {hasErrors(outcome) && 'Weights off: ‖W − W′‖ ÷ ‖W‖. '}
      {isRun &&
        'Output off: ‖difference‖ ÷ ‖output‖ on every fourth picture, which nothing was fitted to, before and after least squares.'}
    </Text>
  )
}

interface CellsProps {
  /** What it is without a row. */
  readonly layer?: SwapLayer
  readonly row: SwapRow | undefined
  readonly outcome: SwapOutcome | undefined
}

const countText = (value: number | null) => (value === null ? '?' : human(value))
const changeText = (change: { readonly before: number; readonly after: number }) =>
  `${shortNumber(change.before)} → ${shortNumber(change.after)}`

/** The cells of a layer; of one that stays a single one with the reason. */
export function Cells({ layer, row, outcome }: CellsProps) {
  if (!row || !outcome) return <Table.Td colSpan={99}>{layer?.why ?? (outcome ? '' : 'It is swapped.')}</Table.Td>
  const { cost, weightError, outputError, time, facts } = row
  return (
    <>
      {counts.map(([key]) => (
        <Table.Td key={key} className={table.number}>
          {countText(cost.before[key])} → {countText(cost.after[key])}
        </Table.Td>
      ))}
      {hasErrors(outcome) && (
        <Table.Td className={table.number}>{weightError === undefined ? '–' : shortNumber(weightError)}</Table.Td>
      )}
      {outcome.rows.some((other) => other.outputError) && (
        <Table.Td className={table.number}>{outputError ? changeText(outputError) : '–'}</Table.Td>
      )}
      {outcome.rows.some((other) => other.time) && (
        <Table.Td className={table.number}>
          {time ? changeText({ before: time.beforeMs, after: time.afterMs }) : '–'}
        </Table.Td>
      )}
      {facts.map((fact, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a fact for each header
        <Table.Td key={i} className={table.number}>
          {fact}
        </Table.Td>
      ))}
    </>
  )
}
