import { Button, Checkbox, Fieldset, Group, Stack, Text } from '@mantine/core'
import { startTransition, useState } from 'react'
import { Busy } from '../../parts/busy.tsx'
import { Problem } from '../../parts/problem.tsx'
import tool from '../../parts/tool-view.module.css'
import { WorkButton } from '../../parts/work-button.tsx'
import { PictureSource } from '../../pictures/picture-source.tsx'
import { usePictures } from '../../pictures/pictures.ts'
import { PicturesField } from '../../pictures/pictures-field.tsx'
import NetByName from '../../shell/net-by-name.tsx'
import { useStore } from '../../store.ts'
import { Going } from './going.tsx'
import { SchemaFields } from './schema-form.tsx'
import classes from './train.module.css'
import { TrainedReport } from './trained.tsx'
import { useTraining } from './use-training.ts'

/** What is said most often; the rest is behind a fold. */
const first = ['epochs', 'batchSize', 'learningRate', 'optimiser', 'schedule', 'validation']

/** The open network, trained on pictures with labels. */
export default function TrainView() {
  const { schema, wish, progress, stopped, problem, want, train } = useTraining()
  const { steps, at, source } = useStore()
  /** Its weights were drawn, and training draws them anew. */
  const isFresh = source?.from === 'net' && at === 0
  const { told, test, giveTest, forgetTest } = usePictures()
  const [showsAll, setShowsAll] = useState(false)
  const step = steps[at]
  const isBusy = progress !== undefined
  const hasLabels = (told?.classes.length ?? 0) > 0
  const fields = {
    values: wish.recipe,
    disabled: isBusy,
    onChange: (recipe: object) => want({ recipe: { ...recipe } }),
  }
  const said = <Problem text={problem} />
  // A form that came later would move what stands already.
  if (!schema) return problem === undefined ? <Busy m="md" what="Loading recipes" /> : said
  const rest = Object.keys(schema.properties ?? {}).filter((name) => !first.includes(name))
  return (
    <div className={`${tool.view} ${classes.wide}`}>
      <Stack gap="md">
        <PicturesField />
        <PictureSource
          title="Test pictures"
          what="With labels. They are looked at once, at the end, and choose nothing. Without them, those that chose the network say how good it is."
          folderLabel="A folder of test pictures"
          given={test}
          give={giveTest}
          forget={forgetTest}
        />
        <NetByName />
        <Fieldset legend="Recipe">
          <Stack gap="sm">
            <SchemaFields schema={schema} only={first} {...fields} />
            <Checkbox
              label="A new classifier for the classes of the pictures"
              description={isFresh ? 'A network by name is built for them.' : undefined}
              checked={isFresh || wish.newHead}
              disabled={isBusy || isFresh}
              onChange={({ currentTarget: { checked } }) => want({ newHead: checked })}
            />
            <Checkbox
              label="Learn from the network as it was opened, too"
              checked={wish.teach}
              disabled={isBusy}
              onChange={({ currentTarget: { checked } }) => want({ teach: checked })}
            />
            {/* Most fields: made when they are looked at, and piece by piece, since the page answers meanwhile. */}
            <details onToggle={({ currentTarget: { open } }) => startTransition(() => setShowsAll(open))}>
              <summary>Everything else</summary>
              <div className={classes.more}>{showsAll && <SchemaFields schema={schema} only={rest} {...fields} />}</div>
            </details>
          </Stack>
        </Fieldset>
      </Stack>
      <Stack gap="md" miw={0}>
        <Group gap="sm">
          <WorkButton disabled={isBusy || !hasLabels} onClick={() => void train(false)}>
            Train
          </WorkButton>
          {stopped && !isBusy && (
            <Button variant="default" onClick={() => void train(true)}>
              Go on after epoch {stopped.epoch} of {stopped.epochs}
            </Button>
          )}
          {!hasLabels && (
            <Text size="sm">
              Training looks at pictures with labels: a folder for each class, or a table beside them.
            </Text>
          )}
        </Group>
        {said}
        {progress && <Going progress={progress} />}
        {step?.trained && !isBusy && <TrainedReport title={step.title} outcome={step.trained} />}
      </Stack>
    </div>
  )
}
