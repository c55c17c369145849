import { Fieldset, Group, Stack } from '@mantine/core'
import { useEffect } from 'react'
import { msText } from '../../parts/before-after.tsx'
import { Explained } from '../../parts/problem.tsx'
import { ThreadsField } from '../../parts/threads-field.tsx'
import { WorkButton } from '../../parts/work-button.tsx'
import { useTiming } from './timing.ts'

/** Layers measured at several widths, on this device: what a budget in time and every prediction of time stand on. */
export function Times() {
  const { threads, known, progress, error, look, measure } = useTiming()
  useEffect(() => void look(), [look])
  return (
    <Fieldset legend="Time on this device">
      <Stack gap="sm">
        <Explained problem={error} mih="5lh">
          {known
            ? `${msText(known.ms)} for a run on ${known.threads === 1 ? '1 thread' : `${known.threads} threads`}. That is a sum of what ${known.layers} layers take by ${known.points} measured times, corrected by whole runs; so is every prediction.`
            : 'Every layer is measured at several widths, once. From then on a run is predicted for whatever is cut, and can be a budget.'}
        </Explained>
        <Group gap="xs" align="flex-end">
          <ThreadsField
            size="xs"
            w={90}
            value={threads}
            disabled={progress !== undefined}
            onChange={(value) => void look(value)}
          />
          <WorkButton
            size="xs"
            variant={known ? 'default' : 'filled'}
            disabled={progress !== undefined}
            onClick={() => void measure()}
          >
            {known ? 'Measure what is missing' : 'Measure the layers'}
          </WorkButton>
        </Group>
      </Stack>
    </Fieldset>
  )
}
