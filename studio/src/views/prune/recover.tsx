import { Fieldset, Group, NumberInput, SegmentedControl, Stack, Text } from '@mantine/core'
import type { RecoverWish } from '../../engine/prune-types.ts'
import { Problem } from '../../parts/problem.tsx'
import { WorkButton } from '../../parts/work-button.tsx'
import { usePictures } from '../../pictures/pictures.ts'
import { useStore } from '../../store.ts'
import { useRecovering } from './recovering.ts'
import { Unfinished } from './unfinished.tsx'

const ways: readonly { readonly value: RecoverWish['steps']; readonly label: string; readonly text: string }[] = [
  {
    value: 'auto',
    label: 'Of use',
    text: 'Layers are solved for; training follows where it is of use and takes minutes.',
  },
  { value: 'solve', label: 'Solve', text: 'Layers are solved for, front to back. That takes seconds to minutes.' },
  {
    value: 'train',
    label: 'And train',
    text: 'Layers are solved for; then the network learns from the one that it was, and from labels where there are any.',
  },
]

/** Quality brought back after a cut, by pictures. */
export function Recover() {
  const { steps, at } = useStore()
  const told = usePictures((p) => p.told)
  const { wish, state, error, want, recover } = useRecovering()
  const step = steps[at]
  return (
    <Fieldset legend="Recover">
      <Stack gap="sm">
        <Text size="sm" mih="2lh">
          {step?.cut
            ? told
              ? 'The pictures bring back what the cut took.'
              : 'Give pictures: without labels they bring back what the cut took.'
            : step?.recovery
              ? 'The cut is recovered.'
              : 'Once something is cut, pictures without labels bring its quality back.'}
        </Text>
        <SegmentedControl
          fullWidth
          size="xs"
          aria-label="How it is recovered"
          data={ways.map(({ value, label }) => ({ value, label }))}
          value={wish.steps}
          disabled={state !== undefined}
          onChange={(value) => want({ steps: value as RecoverWish['steps'] })}
        />
        <Text size="xs" mih="3lh">
          {ways.find(({ value }) => value === wish.steps)!.text}
        </Text>
        <Group gap="xs" align="flex-end">
          <NumberInput
            size="xs"
            w={90}
            label="Epochs"
            min={1}
            max={10_000}
            allowDecimal={false}
            disabled={state !== undefined || wish.steps === 'solve'}
            value={wish.epochs}
            onChange={(value) => typeof value === 'number' && value >= 1 && want({ epochs: value })}
          />
          <WorkButton size="xs" disabled={!step?.cut || !told || state !== undefined} onClick={() => void recover()}>
            Recover
          </WorkButton>
        </Group>
        <Unfinished />
        <Problem text={error} />
      </Stack>
    </Fieldset>
  )
}
