import { Table } from '@mantine/core'
import { human } from 'kerf/report'
import { useMemo } from 'react'
import { LayerName, rowsOf, useLabels } from '../../parts/layer-name.tsx'
import table from '../../parts/plain-table.module.css'
import { Wide } from '../../parts/wide.tsx'
import { useStore } from '../../store.ts'

/** The layers that would become codes, with what the page knows of them. */
export function Quantisables({ names }: { readonly names: readonly string[] }) {
  const layers = useStore((s) => s.network?.layers)
  const labels = useLabels()
  const rows = useMemo(() => rowsOf(layers), [layers])
  return (
    <Wide label="Layers in floats, to scroll">
      <Table aria-label="Layers in floats" verticalSpacing={6} miw={480}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Layer</Table.Th>
            <Table.Th>Operator</Table.Th>
            <Table.Th>Window</Table.Th>
            <Table.Th>Output</Table.Th>
            <Table.Th className={table.number}>Parameters</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {names.map((name) => {
            const row = rows.get(name)
            return (
              <Table.Tr key={name}>
                <Table.Th scope="row" className={table.name}>
                  <LayerName name={name} labels={labels} />
                </Table.Th>
                {[layers?.kinds, layers?.windows, layers?.shapes].map((texts, i) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a cell for each column
                  <Table.Td key={i}>{row === undefined ? '' : texts?.[row]}</Table.Td>
                ))}
                <Table.Td className={table.number}>
                  {row === undefined ? '' : human(layers!.counts.params[row]!)}
                </Table.Td>
              </Table.Tr>
            )
          })}
        </Table.Tbody>
      </Table>
    </Wide>
  )
}
