import { Button, Group, Stack, Table, Text, Title } from '@mantine/core'
import { useEffect, useRef } from 'react'
import type { TrainOutcome, WorstPicture } from '../../engine/train/types.ts'
import { type Card, Cards } from '../../parts/cards.tsx'
import { saveText } from '../../parts/save.ts'
import { EpochCurves } from './going.tsx'
import classes from './train.module.css'

const percent = (part: number) => `${(100 * part).toFixed(1)} %`

/** How well the trained network does. */
export function TrainedReport({ title, outcome }: { readonly title: string; readonly outcome: TrainOutcome }) {
  const { on, images, accuracy, loss, worst, epochs, recipe } = outcome
  const cards: Card[] = [
    {
      title: 'Accuracy',
      value: percent(accuracy),
      note: `of ${images} ${on === 'test' ? 'test pictures' : `pictures of ${on}`}`,
    },
    { title: 'Loss', value: loss.toPrecision(3), note: 'mean over them' },
  ]
  const chosen = epochs.filter((e) => e.isBest).at(-1)?.validationAccuracy
  if (on === 'test' && chosen !== undefined)
    cards.push({ title: 'Validation', value: percent(chosen), note: 'accuracy of what chose the network' })
  return (
    <Stack gap="md" component="section" aria-label="What training did">
      <Group justify="space-between">
        <Title order={2} size="h5">
          {title}
        </Title>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => saveText(`${recipe}\n`, 'recipe.json', 'application/json')}
        >
          Save the recipe
        </Button>
      </Group>
      <Cards cards={cards} />
      {on === 'training' && (
        <Text size="sm">The network has learnt from these pictures, so that this says too much.</Text>
      )}
      {epochs.length > 1 && <EpochCurves epochs={epochs} />}
      <Confusion outcome={outcome} />
      <Title order={3} size="h6">
        Pictures that it is most wrong about
      </Title>
      {worst.length === 0 && <Text size="sm">It is right about all of them.</Text>}
      {worst.some(({ pixels }) => !pixels) && (
        <Text size="sm">The pictures themselves are not in a session’s file.</Text>
      )}
      <ul className={classes.worst}>
        {worst.map((picture, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: their order is what they are
          <li key={i}>
            <Worst picture={picture} />
          </li>
        ))}
      </ul>
    </Stack>
  )
}

function Confusion({ outcome: { classes: names, confusion } }: { readonly outcome: TrainOutcome }) {
  return (
    <div>
      <Text size="sm" fw={600} mb={4}>
        Rows: what pictures are. Columns: what they are taken for.
      </Text>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: keys scroll what is wider than the page */}
      <section className={classes.scroll} aria-label="Confusion" tabIndex={0}>
        <Table aria-label="Confusion matrix" verticalSpacing={4} withColumnBorders>
          <Table.Thead>
            <Table.Tr>
              <Table.Td />
              {names.map((name) => (
                <Table.Th key={name} scope="col" className={classes.number}>
                  {name}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {confusion.map((row, label) => (
              <Table.Tr key={names[label]}>
                <Table.Th scope="row">{names[label]}</Table.Th>
                {row.map((count, predicted) => (
                  <Table.Td
                    key={names[predicted]}
                    className={`${classes.number} ${label === predicted ? classes.right : ''}`}
                  >
                    {count === 0 ? '' : count}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </section>
    </div>
  )
}

function Worst({ picture: { label, predicted, loss, width, height, pixels } }: { readonly picture: WorstPicture }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    if (pixels) canvas.current?.getContext('2d')?.putImageData(new ImageData(pixels, width, height), 0, 0)
  }, [pixels, width, height])
  return (
    <>
      {pixels && <canvas ref={canvas} width={width} height={height} role="img" aria-label={`A picture of ${label}`} />}
      <Text size="xs">
        {label}, taken for {predicted}; loss {loss.toPrecision(3)}
      </Text>
    </>
  )
}
