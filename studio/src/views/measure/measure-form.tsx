import { Group, Select, Switch, Text } from '@mantine/core'
import { ThreadsField } from '../../parts/threads-field.tsx'
import { WorkButton } from '../../parts/work-button.tsx'
import { useStore } from '../../store.ts'
import { mostThreads } from '../../threads.ts'
import styles from './measure.module.css'
import { durations, useMeasuring } from './measuring.ts'

/** How the network is measured, how far that is, and what stops it. */
export function MeasureForm() {
  const { wish, want, beside, wantBeside, measure, progress, error } = useMeasuring()
  const peer = useStore((s) => s.peer)
  const isCounted = useStore((s) => s.network?.problem === undefined)
  const most = mostThreads()
  return (
    <>
      <Group gap="sm" align="flex-end">
        <ThreadsField
          size="xs"
          w={90}
          value={wish.threads}
          disabled={progress !== undefined}
          onChange={(threads) => want({ threads })}
        />
        <Select
          size="xs"
          w={110}
          label="Duration (s)"
          data={durations}
          value={String(wish.seconds)}
          allowDeselect={false}
          disabled={progress !== undefined}
          onChange={(seconds) => want({ seconds: Number(seconds) })}
        />
        <WorkButton size="xs" disabled={!isCounted || progress !== undefined} onClick={() => void measure()}>
          Measure
        </WorkButton>
        <Text size="xs" className={styles.note}>
          {most === 1
            ? 'One thread: the page is not isolated from others (it is served without the headers COOP and COEP), or the machine has one.'
            : `Up to ${most} threads. The network runs in this browser, on random input; other work of the machine makes it slower.`}
        </Text>
      </Group>
      {peer && (
        <Switch
          size="sm"
          label={`Beside ${peer.name}`}
          description="In turns on the same input, each in a worker of its own"
          checked={beside}
          disabled={progress !== undefined}
          onChange={(event) => wantBeside(event.currentTarget.checked)}
        />
      )}
      {error !== undefined && (
        <Text role="alert" size="sm" className={styles.problem}>
          {error}
        </Text>
      )}
    </>
  )
}
