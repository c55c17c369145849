import { Alert, Button, Fieldset, Group, Progress, Stack, Text } from '@mantine/core'
import { useEffect } from 'react'
import { msText } from '../../parts/before-after.tsx'
import { ThreadsField } from '../../parts/threads-field.tsx'
import { useTiming } from './timing.ts'

/** Layers measured at several widths, on this device: what a budget in time and every prediction of time stand on. */
export function Times() {
  const { threads, known, progress, error, look, measure, stop } = useTiming()
  useEffect(() => void look(), [look])
  return (
    <Fieldset legend="Time on this device">
      <Stack gap="sm">
        <Text size="sm">
          {known
            ? `${msText(known.ms)} for a run on ${known.threads === 1 ? '1 thread' : `${known.threads} threads`}. That is a sum of what ${known.layers} layers take by ${known.points} measured times, corrected by whole runs; so is every prediction.`
            : 'Every layer is measured at several widths, once. From then on a run is predicted for whatever is cut, and can be a budget.'}
        </Text>
        <Group gap="xs" align="flex-end">
          <ThreadsField
            size="xs"
            w={90}
            value={threads}
            disabled={progress !== undefined}
            onChange={(value) => void look(value)}
          />
          {progress ? (
            <Button size="xs" variant="default" onClick={stop}>
              Stop
            </Button>
          ) : (
            <Button size="xs" variant={known ? 'default' : 'filled'} onClick={() => void measure()}>
              {known ? 'Measure what is missing' : 'Measure the layers'}
            </Button>
          )}
        </Group>
        {progress && (
          <div>
            <Text size="sm" mb={4} role="status">
              {progress.what}: {Math.floor(progress.done)} of {Math.ceil(progress.total)}
            </Text>
            <Progress value={(100 * progress.done) / progress.total} aria-label="Progress of measuring layers" />
          </div>
        )}
        {error !== undefined && (
          <Alert color="red" role="alert">
            {error}
          </Alert>
        )}
      </Stack>
    </Fieldset>
  )
}
