import { ActionIcon, Badge, Group, Text, Title } from '@mantine/core'
import { useEffect } from 'react'
import { boxKinds } from '../../../engine/graph/types.ts'
import { Icon } from '../../../parts/icons.tsx'
import { useGraph } from '../graph-state.ts'
import { rowsOf } from '../selection.ts'
import { BlockFacts } from './block-facts.tsx'
import { Costs } from './costs.tsx'
import { Groups } from './groups.tsx'
import classes from './panel.module.css'
import { usePanel } from './panel-state.ts'
import { Values } from './values.tsx'
import { Weights } from './weights.tsx'

/** What there is to say of the chosen box. */
export function Panel() {
  const { graph, chosen, choose } = useGraph()
  const { details, weights, withoutWeights, groups, show } = usePanel()
  const box = graph && chosen !== undefined ? graph.boxes.paths.indexOf(chosen) : -1
  const rows = graph && box >= 0 ? rowsOf(graph, box) : []
  const row = rows.length === 1 ? rows[0] : undefined
  useEffect(() => void show(row), [row, show])
  if (!graph || box < 0) return null
  const { boxes } = graph
  const op = row === undefined ? boxKinds[boxes.kinds[box]!] : details?.op
  return (
    <div className={classes.panel}>
      <Group justify="space-between" align="start" wrap="nowrap" gap="xs">
        <Title order={2} size="h5" className={classes.name}>
          {boxes.names[box]}
        </Title>
        <ActionIcon variant="subtle" color="gray" aria-label="Close the panel" onClick={() => choose(undefined)}>
          <Icon name="close" />
        </ActionIcon>
      </Group>
      <Badge variant="light" tt="none" radius="sm">
        {op}
      </Badge>
      {row === undefined ? (
        <BlockFacts box={box} />
      ) : (
        details && (
          <>
            {details.name !== boxes.names[box] && (
              <Text size="xs" c="dimmed" className={classes.name}>
                {details.name}
              </Text>
            )}
            <Costs details={details} />
            <Values title="Inputs" values={details.inputs} />
            <Values title="Outputs" values={details.outputs} />
            {details.attributes.length > 0 && (
              <section>
                <Title order={3}>Attributes</Title>
                <dl>
                  {details.attributes.map(({ name, value }) => (
                    <div key={name}>
                      <dt>{name}</dt>
                      <dd>{value}</dd>
                    </div>
                  ))}
                </dl>
              </section>
            )}
            <Weights names={details.weights} known={weights} missing={withoutWeights} />
            <Groups groups={groups} />
          </>
        )
      )}
    </div>
  )
}
