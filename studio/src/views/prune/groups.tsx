import { Checkbox, Slider, Table, Text, Title } from '@mantine/core'
import { Fragment } from 'react'
import type { PreviewGroup, PrunePreview } from '../../engine/prune-types.ts'
import { LayerName, useLabels } from '../../parts/layer-name.tsx'
import table from '../../parts/plain-table.module.css'
import { Wide } from '../../parts/wide.tsx'
import { useBearing } from './bearing.ts'
import { Curve } from './curve.tsx'
import styles from './prune.module.css'
import type { Pruning } from './use-pruning.ts'

/** More layers of a group are counted. */
const mostLayers = 4

/** Every group of channels that go together: how many stay, moved by hand; a lock keeps all. */
export function Groups({ pruning, preview }: { readonly pruning: Pruning; readonly preview: PrunePreview }) {
  const { groups, refused } = preview
  const told = useBearing((s) => s.told)
  const labels = useLabels()
  return (
    <section>
      <Title order={2} size="h5" mb="xs">
        {groups.length} {groups.length === 1 ? 'group' : 'groups'} of channels that go together
      </Title>
      <Wide label="Groups, to scroll">
        <Table className={styles.groups} verticalSpacing={6} aria-label="Groups of channels" miw={480}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Layers</Table.Th>
              <Table.Th className={table.number}>Channels</Table.Th>
              <Table.Th className={table.number}>Stay</Table.Th>
              <Table.Th w="35%">By hand</Table.Th>
              {told && <Table.Th>{told.quality}, alone</Table.Th>}
              <Table.Th>Lock</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {groups.map((group) => (
              <Row key={group.name} group={group} pruning={pruning} labels={labels} />
            ))}
          </Table.Tbody>
        </Table>
      </Wide>
      {refused.length > 0 && (
        <details>
          <summary>
            {refused.length} {refused.length === 1 ? 'layer keeps its' : 'layers keep their'} channels
          </summary>
          <ul>
            {refused.map(({ node, why }) => (
              <li key={`${node} ${why}`} className={table.name}>
                <LayerName name={node} labels={labels} />: {why}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  )
}

interface RowProps {
  readonly group: PreviewGroup
  readonly pruning: Pruning
  readonly labels: (name: string) => string
}

function Row({ group: { name, layers, channels, kept }, pruning: { wish, widen, lock }, labels }: RowProps) {
  const { told, curves } = useBearing()
  const curve = curves.get(name)
  const isLocked = wish.locked.includes(name)
  const more = layers.length - mostLayers
  return (
    <Table.Tr>
      <Table.Td className={table.name}>
        <Text size="sm">
          {layers.slice(0, mostLayers).map((layer, i) => (
            <Fragment key={layer}>
              {i > 0 && ', '}
              <LayerName name={layer} labels={labels} />
            </Fragment>
          ))}
          {more > 0 && ` and ${more} more`}
        </Text>
      </Table.Td>
      <Table.Td className={table.number}>{channels}</Table.Td>
      <Table.Td className={table.number}>{kept}</Table.Td>
      <Table.Td>
        <Slider
          thumbLabel={`Channels of ${labels(name)} that stay`}
          min={1}
          max={channels}
          value={wish.widths[name] ?? kept}
          disabled={isLocked}
          onChange={(value) => widen(name, value)}
        />
      </Table.Td>
      {told && (
        <Table.Td>{curve && <Curve curve={curve} quality={told.quality} kept={wish.widths[name] ?? kept} />}</Table.Td>
      )}
      <Table.Td>
        <Checkbox
          aria-label={`Keep all channels of ${labels(name)}`}
          checked={isLocked}
          onChange={(event) => lock(name, event.currentTarget.checked)}
        />
      </Table.Td>
    </Table.Tr>
  )
}
