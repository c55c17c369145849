import { Alert, Button, Fieldset, Group, Progress, Stack, Text } from '@mantine/core'
import { usePictures } from '../../pictures/pictures.ts'
import { useBearing } from './bearing.ts'
import type { Pruning } from './use-pruning.ts'

/** Starts and stops the curves that stand beside the sliders. */
export function BearingField({ pruning: { wish } }: { readonly pruning: Pruning }) {
  const { told, curves, progress, error, measure, stop } = useBearing()
  const hasPictures = usePictures((s) => s.told !== undefined)
  return (
    <Fieldset legend="What each layer bears">
      <Stack gap="sm">
        <Text size="sm">
          {told
            ? `The ${told.quality} of ${told.images.toLocaleString('en')} pictures is ${percent(told.given)} now. Each curve is of one group that is cut alone, everything else whole: ${curves.size} ${curves.size === 1 ? 'is' : 'are'} measured.`
            : `${hasPictures ? 'On the pictures, one group' : 'Give pictures. Then one group'} at a time is cut to several widths, and its curve stands beside its slider: accuracy where there are labels, else how often the answer stays.`}
        </Text>
        <Group gap="xs">
          {progress ? (
            <Button size="xs" variant="default" onClick={stop}>
              Stop
            </Button>
          ) : (
            <Button
              size="xs"
              variant={told ? 'default' : 'filled'}
              disabled={!hasPictures}
              onClick={() => void measure(wish.kinds)}
            >
              {told ? 'Measure again' : 'Measure curves'}
            </Button>
          )}
        </Group>
        {progress && (
          <div>
            <Text size="sm" mb={4} role="status">
              {progress.what}
              {progress.total ? `, ${Math.floor((100 * progress.done) / progress.total)} %` : ''}
            </Text>
            <Progress
              value={progress.total ? (100 * progress.done) / progress.total : 100}
              animated={!progress.total}
              aria-label="Progress of the curves"
            />
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

/** `98.2 %`. */
export const percent = (part: number): string => `${(100 * part).toFixed(1)} %`
