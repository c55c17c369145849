import { CloseButton, Group, MultiSelect, TextInput } from '@mantine/core'
import { useDeferredValue, useMemo } from 'react'
import { layerFilter, readerOf } from '../../engine/session/wishes.ts'
import type { Network } from '../../engine/types.ts'
import { countText } from '../../grid/column.ts'
import { ColumnPicker } from '../../grid/column-picker.tsx'
import { Grid } from '../../grid/grid.tsx'
import { useTable } from '../../grid/use-table.ts'
import { useKept } from '../../session-settings.ts'
import { useStore } from '../../store.ts'
import { layerColumns } from './layer-columns.ts'

const noFilter = { words: '', ops: [] as string[] }
const readFilter = readerOf(layerFilter)

/** Every layer as a row: sorted, filtered, with the columns that are chosen. */
export function LayersPanel({ network }: { readonly network: Network }) {
  const { layers } = network
  const selected = useStore((s) => s.selected)
  const select = useStore((s) => s.select)
  const columns = useMemo(() => layerColumns(layers), [layers])
  const [filter, setFilter] = useKept('costs filter', noFilter, readFilter)
  const { words, ops } = filter
  const setWords = (words: string) => setFilter({ ...filter, words })
  // Typing does not wait for the rows.
  const sought = useDeferredValue(words)
  const operators = useMemo(() => [...new Set(layers.ops)].sort(), [layers])
  const keep = useMemo(() => {
    const wanted = sought.trim().toLowerCase().split(/\s+/)
    const names = layers.names.map((name, row) => `${name} ${layers.labels[row]}`.toLowerCase())
    return (row: number) =>
      (ops.length === 0 || ops.includes(layers.ops[row]!)) && wanted.every((word) => names[row]!.includes(word))
  }, [layers, sought, ops])
  const all = layers.names.length
  const { grid, picker } = useTable('costs table', columns, all, keep)
  const { rows } = grid
  const noun = `${network.fused ? 'fused ' : ''}${all === 1 ? 'layer' : 'layers'}`
  return (
    <>
      <Group gap="xs" align="flex-start">
        <TextInput
          size="xs"
          w={220}
          placeholder="Filter by name"
          aria-label="Filter layers by name"
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
          rightSection={words && <CloseButton size="xs" aria-label="Clear the filter" onClick={() => setWords('')} />}
        />
        <MultiSelect
          size="xs"
          w={240}
          placeholder={ops.length === 0 ? 'All operators' : undefined}
          aria-label="Filter layers by operator"
          data={operators}
          value={ops.filter((op) => operators.includes(op))}
          onChange={(ops) => setFilter({ ...filter, ops })}
          clearable
          searchable
        />
        <ColumnPicker {...picker} />
      </Group>
      <Grid
        label="Layers and what they cost"
        {...grid}
        selected={selected}
        onSelect={select}
        total={
          rows.length === all
            ? `Total of ${countText(all)} ${noun}`
            : `${countText(rows.length)} of ${countText(all)} ${noun}`
        }
      />
    </>
  )
}
