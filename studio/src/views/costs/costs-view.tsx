import { Group, SegmentedControl, Switch } from '@mantine/core'
import { engine } from '../../engine/client.ts'
import { ExportMenu } from '../../parts/export-menu.tsx'
import { stemOf } from '../../parts/save.ts'
import { useKept } from '../../session-settings.ts'
import { useStore } from '../../store.ts'
import { BlocksPanel } from './blocks-panel.tsx'
import styles from './costs.module.css'
import { InputSizes } from './input-sizes.tsx'
import { LayersPanel } from './layers-panel.tsx'
import { RooflinePanel } from './roofline-panel.tsx'
import { NotCounted, Totals } from './totals.tsx'

const panels = [
  { value: 'layers', label: 'Layers', component: LayersPanel },
  { value: 'blocks', label: 'Blocks', component: BlocksPanel },
  { value: 'roofline', label: 'Roofline', component: RooflinePanel },
] as const

const panelOf = (value: unknown) => panels.find((panel) => panel.value === value)?.value

/** What the network costs: in total, by layer, by block. */
export default function CostsView() {
  const network = useStore((s) => s.network)
  const counting = useStore((s) => s.counting)
  const recount = useStore((s) => s.recount)
  const [panel, setPanel] = useKept<string>('costs', 'layers', panelOf)
  if (!network) return null
  const Panel = panels.find(({ value }) => value === panel)!.component
  const isCounted = network.problem === undefined
  return (
    <section className={styles.view} aria-label="Costs">
      <InputSizes />
      {isCounted && (
        <>
          <Totals totals={network.totals} />
          <NotCounted unsupported={network.unsupported} />
          <Group gap="sm" justify="space-between">
            <Group gap="sm">
              <SegmentedControl
                size="xs"
                aria-label="What is shown"
                data={panels.map(({ value, label }) => ({ value, label }))}
                value={panel}
                onChange={setPanel}
              />
              <Switch
                size="sm"
                label="Fused"
                title="Normalisation and activation count as part of the layer before them: what passes between is not accessed"
                checked={network.fused}
                onChange={(event) => void recount({ ...counting, fused: event.currentTarget.checked })}
              />
            </Group>
            <ExportMenu name={`${stemOf(network.name)}-costs`} text={(format) => engine.costs.file(format)} />
          </Group>
          <div className={styles.panel} data-panel={panel}>
            <Panel network={network} />
          </div>
        </>
      )}
    </section>
  )
}
