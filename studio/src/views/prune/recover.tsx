import { Alert, Button, Fieldset, Progress, Stack, Text } from '@mantine/core'
import { proxy } from 'comlink'
import { useState } from 'react'
import { engine } from '../../engine/client.ts'
import type { RecoveryState } from '../../engine/prune-types.ts'
import { usePictures } from '../../pictures/pictures.ts'
import { useStore } from '../../store.ts'
import { Recovered } from './recovered.tsx'

/** Quality brought back after a cut, by pictures without labels. */
export function Recover() {
  const { steps, at, change } = useStore()
  const step = steps[at]
  const told = usePictures((p) => p.told)
  const [state, setState] = useState<RecoveryState>()
  const [problem, setProblem] = useState<string>()
  const recover = async () => {
    setProblem(undefined)
    setState({ what: 'reading pictures', done: 0 })
    try {
      change(await engine.prune.recover(proxy(setState)))
    } catch (error) {
      setProblem((error as Error).message)
    } finally {
      setState(undefined)
    }
  }
  const isIdle = state === undefined
  return (
    <Fieldset legend="Recover">
      <Stack gap="sm">
        <Text size="sm">
          {step?.isCut
            ? told
              ? 'The pictures bring back what the cut took, without labels.'
              : 'Give pictures: without labels they bring back what the cut took.'
            : step?.recovery
              ? 'Recovered:'
              : 'Once something is cut, pictures without labels bring its quality back.'}
        </Text>
        {step?.isCut && told && (
          <Button size="xs" disabled={!isIdle} onClick={() => void recover()}>
            Recover
          </Button>
        )}
        {state && (
          <div aria-live="polite">
            <Text size="sm" mb={4}>
              {state.what}
            </Text>
            <Progress
              value={state.total ? Math.round((100 * state.done) / state.total) : 100}
              animated
              aria-label="Progress of the recovery"
            />
          </div>
        )}
        {problem !== undefined && (
          <Alert color="red" role="alert">
            {problem}
          </Alert>
        )}
        {step?.recovery && <Recovered steps={step.recovery} />}
      </Stack>
    </Fieldset>
  )
}
