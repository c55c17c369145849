import { Alert, Button, Fieldset, Group, NumberInput, Progress, SegmentedControl, Stack, Text } from '@mantine/core'
import { lazy, Suspense, useMemo } from 'react'
import type { RecoverWish } from '../../engine/prune-types.ts'
import { usePictures } from '../../pictures/pictures.ts'
import { useStore } from '../../store.ts'
import { Recovered } from './recovered.tsx'
import { secondsLeft, useRecovering } from './recovering.ts'
import { Unfinished } from './unfinished.tsx'

const LinePlot = lazy(() => import('../../parts/line-plot.tsx'))

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
  const recovering = useRecovering()
  const { wish, state, curve, error, want, recover, stop } = recovering
  const step = steps[at]
  const left = secondsLeft(recovering)
  return (
    <Fieldset legend="Recover">
      <Stack gap="sm">
        <Text size="sm">
          {step?.cut
            ? told
              ? 'The pictures bring back what the cut took.'
              : 'Give pictures: without labels they bring back what the cut took.'
            : step?.recovery
              ? 'Recovered:'
              : 'Once something is cut, pictures without labels bring its quality back.'}
        </Text>
        {step?.cut && told && !state && (
          <>
            <SegmentedControl
              fullWidth
              size="xs"
              aria-label="How it is recovered"
              data={ways.map(({ value, label }) => ({ value, label }))}
              value={wish.steps}
              onChange={(value) => want({ steps: value as RecoverWish['steps'] })}
            />
            <Text size="xs">{ways.find(({ value }) => value === wish.steps)!.text}</Text>
            <Group gap="xs" align="flex-end">
              {wish.steps !== 'solve' && (
                <NumberInput
                  size="xs"
                  w={90}
                  label="Epochs"
                  min={1}
                  max={10_000}
                  allowDecimal={false}
                  value={wish.epochs}
                  onChange={(value) => typeof value === 'number' && value >= 1 && want({ epochs: value })}
                />
              )}
              <Button size="xs" onClick={() => void recover()}>
                Recover
              </Button>
            </Group>
          </>
        )}
        <Unfinished />
        {state && (
          <div>
            <Text size="sm" mb={4} role="status">
              {state.what}
              {state.total ? `, ${Math.floor((100 * state.done) / state.total)} %` : ''}
              {left === undefined ? '' : `, ${timeText(left)} left`}
            </Text>
            <Progress
              value={state.total ? Math.round((100 * state.done) / state.total) : 100}
              animated={!state.total}
              aria-label="Progress of the recovery"
            />
            <Button size="xs" mt="xs" variant="default" onClick={stop}>
              Stop
            </Button>
          </div>
        )}
        {curve.length > 1 && (
          <Suspense>
            <Losses />
          </Suspense>
        )}
        {error !== undefined && (
          <Alert color="red" role="alert">
            {error}
          </Alert>
        )}
        {step?.recovery && <Recovered steps={step.recovery} />}
      </Stack>
    </Fieldset>
  )
}

function Losses() {
  const curve = useRecovering((s) => s.curve)
  const [x, lines] = useMemo(
    () => [
      curve.map((s) => s.step),
      [
        { name: 'Loss', values: curve.map((s) => s.loss) },
        { name: 'Mean of the epoch', values: curve.map((s) => s.meanLoss) },
      ],
    ],
    [curve],
  )
  return <LinePlot label="Loss of training" xLabel="Updates" x={x} lines={lines} />
}

/** `40 s`, `3 min`, `1.5 h`. */
function timeText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`
}
