import { Anchor, Text, Title } from '@mantine/core'
import type { LayerGroups } from '../../../engine/graph/types.ts'
import { useGraph } from '../graph-state.ts'
import { chooseRow } from '../use-shared-selection.ts'
import classes from './panel.module.css'

/** Longer lists are cut off. */
const mostShown = 24

/** What shrinks with a layer: lit up in the picture, listed here. */
export function Groups({ groups }: { groups: LayerGroups | undefined }) {
  const layers = useGraph((s) => s.tree?.layers)
  if (!groups || !layers || groups.groups.length + groups.refused.length === 0) return null
  return (
    <section>
      <Title order={3}>What shrinks with it</Title>
      {groups.groups.map(({ name, channels, makers, rows, tensors }) => (
        <div key={name}>
          <Text size="sm">
            {channels} channels, made by {makers.length === 1 ? 'one layer' : `${makers.length} layers`}; they pass{' '}
            {rows.length} layers.
          </Text>
          <ul className={classes.values}>
            {makers.slice(0, mostShown).map((row) => (
              <li key={row}>
                <Anchor component="button" size="sm" ta="left" onClick={() => void chooseRow(row)}>
                  {layers.names[row]}
                </Anchor>
              </li>
            ))}
          </ul>
          <details>
            <summary>{tensors.length} tensors shrink</summary>
            <ul className={classes.values}>
              {tensors.slice(0, 4 * mostShown).map((tensor) => (
                <li key={tensor} className={classes.name}>
                  {tensor}
                </li>
              ))}
              {tensors.length > 4 * mostShown && <li>and {tensors.length - 4 * mostShown} more</li>}
            </ul>
          </details>
        </div>
      ))}
      {groups.refused.map((why) => (
        <Text key={why} size="sm">
          Channels stay: {why}.
        </Text>
      ))}
    </section>
  )
}
