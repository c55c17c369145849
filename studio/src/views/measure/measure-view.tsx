import { Group } from '@mantine/core'
import { useMemo } from 'react'
import type { Measurement } from '../../engine/times.ts'
import type { Network } from '../../engine/types.ts'
import { countText } from '../../grid/column.ts'
import { ColumnPicker } from '../../grid/column-picker.tsx'
import { Grid } from '../../grid/grid.tsx'
import { useTable } from '../../grid/use-table.ts'
import { ExportMenu } from '../../parts/export-menu.tsx'
import { stemOf } from '../../parts/save.ts'
import { useStore } from '../../store.ts'
import styles from './measure.module.css'
import { MeasureForm } from './measure-form.tsx'
import { MeasuredBeside } from './measured-beside.tsx'
import { MeasuredCards } from './measured-cards.tsx'
import { measuredFileText } from './measured-file.ts'
import { useMeasuring } from './measuring.ts'
import { partColumns } from './part-columns.ts'

/** How long the network and its layers take, in this browser. */
export default function MeasureView() {
  const network = useStore((s) => s.network)
  const measurement = useMeasuring((s) => s.measurement)
  if (!network) return null
  return (
    <section className={styles.view} aria-label="Measure">
      <MeasureForm />
      {measurement && <Measured network={network} measurement={measurement} />}
    </section>
  )
}

interface MeasuredProps {
  readonly network: Network
  readonly measurement: Measurement
}

function Measured({ network, measurement }: MeasuredProps) {
  const { layers } = network
  const { parts, notices } = measurement
  const selected = useStore((s) => s.selected)
  const select = useStore((s) => s.select)
  const columns = useMemo(() => partColumns(measurement, layers), [measurement, layers])
  const { grid, picker } = useTable('measure table', columns, parts.length)
  /** Parts by the rows of the table of layers, which the other views select. */
  const places = useMemo(() => {
    const rowOf = new Map(layers.nodes.flatMap((nodes, row) => nodes.map((node) => [node, row] as const)))
    const layerOf = parts.map(({ nodes }) => rowOf.get(nodes[0] ?? ''))
    const partOf = new Map(
      parts.flatMap(({ nodes }, part) => nodes.map((node) => [rowOf.get(node), part] as const)).reverse(),
    )
    return { layerOf, partOf }
  }, [layers, parts])
  return (
    <>
      <MeasuredCards measurement={measurement} macs={network.totals.macs} />
      <MeasuredBeside measurement={measurement} />
      {notices.map((notice) => (
        <p key={notice} className={styles.note}>
          {notice}
        </p>
      ))}
      <Group gap="sm" justify="space-between">
        <ColumnPicker {...picker} />
        <ExportMenu
          name={`${stemOf(network.name)}-times`}
          only={['csv', 'json']}
          text={(format) => measuredFileText(measurement, network.name, format)}
        />
      </Group>
      <div className={styles.panel}>
        <Grid
          label="Layers and how long they take"
          {...grid}
          selected={selected === undefined ? undefined : places.partOf.get(selected)}
          onSelect={(part) => select(part === undefined ? undefined : places.layerOf[part])}
          total={`Total of ${countText(parts.length)} parts`}
        />
      </div>
      <p className={styles.note}>
        Each layer is timed by itself, so that their sum is a little more than a run. Nodes that run as one have one
        row; views take no time.
      </p>
    </>
  )
}
