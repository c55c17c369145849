import { Fieldset, Stack } from '@mantine/core'
import { Explained } from '../../parts/problem.tsx'
import { WorkButton } from '../../parts/work-button.tsx'
import { usePictures } from '../../pictures/pictures.ts'
import { useBearing } from './bearing.ts'
import type { Pruning } from './use-pruning.ts'

/** Starts and stops the curves that stand beside the sliders. */
export function BearingField({ pruning: { wish } }: { readonly pruning: Pruning }) {
  const { told, curves, progress, error, measure } = useBearing()
  const hasPictures = usePictures((s) => s.told !== undefined)
  return (
    <Fieldset legend="What each layer bears">
      <Stack gap="sm">
        <Explained problem={error} mih="5lh">
          {told
            ? `The ${told.quality} of ${told.images.toLocaleString('en')} pictures is ${percent(told.given)} now. Each curve is of one group that is cut alone, everything else whole: ${curves.size} ${curves.size === 1 ? 'is' : 'are'} measured.`
            : `${hasPictures ? 'On the pictures, one group' : 'Give pictures. Then one group'} at a time is cut to several widths, and its curve stands beside its slider: accuracy where there are labels, else how often the answer stays.`}
        </Explained>
        <WorkButton
          size="xs"
          style={{ alignSelf: 'start' }}
          variant={told ? 'default' : 'filled'}
          disabled={!hasPictures || progress !== undefined}
          onClick={() => void measure(wish.kinds)}
        >
          {told ? 'Measure again' : 'Measure curves'}
        </WorkButton>
      </Stack>
    </Fieldset>
  )
}

/** `98.2 %`. */
export const percent = (part: number): string => `${(100 * part).toFixed(1)} %`
