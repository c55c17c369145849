import { Button, Title } from '@mantine/core'
import { boxKinds } from '../../../engine/graph/types.ts'
import { colourings, partsOf, percentText, sumText } from '../colourings.ts'
import { useGraph } from '../graph-state.ts'

/** What a closed block holds, and its part of the whole. */
export function BlockFacts({ box }: { box: number }) {
  const { graph, tree, open } = useGraph()
  if (!graph || !tree) return null
  const { boxes } = graph
  if (boxKinds[boxes.kinds[box]!] !== 'block') return <p>{boxes.texts[box]}</p>
  return (
    <section>
      <Title order={3}>{boxes.texts[box]}</Title>
      <dl>
        {colourings.map((colouring) => {
          const { sums, parts, whole } = partsOf(colouring, tree.layers, boxes)
          // Nothing of it is known, or there is nothing.
          if (whole === 0) return null
          return (
            <div key={colouring.name}>
              <dt>{colouring.title}</dt>
              <dd>{`${sumText(colouring, sums[box]!)} (${percentText(parts[box]!)})`}</dd>
            </div>
          )
        })}
      </dl>
      <Button size="xs" variant="light" onClick={() => void open(boxes.paths[box]!)}>
        Open the block
      </Button>
    </section>
  )
}
