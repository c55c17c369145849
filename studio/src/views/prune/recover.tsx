import { Alert, Button, Fieldset, FileButton, Group, Progress, Stack, Text } from '@mantine/core'
import { proxy } from 'comlink'
import { useRef, useState } from 'react'
import { engine } from '../../engine/client.ts'
import type { RecoveryState } from '../../engine/prune-types.ts'
import { useStore } from '../../store.ts'
import { Recovered } from './recovered.tsx'

/** Fewer say too little to judge by. */
const fewest = 8

const isPicture = ({ type }: File) => type.startsWith('image/')

/** Quality brought back after a cut, by pictures without labels. */
export function Recover() {
  const { steps, at, change } = useStore()
  const step = steps[at]
  const folder = useRef<HTMLInputElement>(null)
  const [state, setState] = useState<RecoveryState>()
  const [problem, setProblem] = useState<string>()
  const recover = async (chosen: readonly File[]) => {
    const files = chosen.filter(isPicture)
    setProblem(undefined)
    if (files.length < fewest) {
      setProblem(
        `${files.length} of ${chosen.length} files are pictures; at least ${fewest} are needed, some hundreds are good.`,
      )
      return
    }
    setState({ what: 'reading pictures', done: 0, total: files.length })
    try {
      change(await engine.prune.recover(files, proxy(setState)))
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
            ? 'Pictures as the network sees them, without labels, bring back what the cut took. They do not leave this machine.'
            : step?.recovery
              ? 'Recovered:'
              : 'Once something is cut, pictures without labels bring its quality back.'}
        </Text>
        {step?.isCut && (
          <Group gap="xs">
            <FileButton accept="image/*" multiple onChange={(files) => void recover(files)} disabled={!isIdle}>
              {(props) => (
                <Button size="xs" {...props} disabled={!isIdle}>
                  Pictures …
                </Button>
              )}
            </FileButton>
            <Button size="xs" variant="default" disabled={!isIdle} onClick={() => folder.current?.click()}>
              A folder …
            </Button>
            <input
              ref={folder}
              type="file"
              webkitdirectory=""
              hidden
              onChange={({ currentTarget: { files } }) => files && void recover([...files])}
            />
          </Group>
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
