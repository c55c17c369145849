import { Button, Group, Text } from '@mantine/core'
import { useEffect } from 'react'
import { useRecovering } from './recovering.ts'

/** A recovery that was stopped, or whose page was closed: it can go on. */
export function Unfinished() {
  const { kept, state, look, goOn, discard } = useRecovering()
  useEffect(() => void look(), [look])
  if (!kept || state) return null
  return (
    <section aria-label="Unfinished recovery">
      <Text size="sm" mb="xs">
        Recovery of {kept.name} was at {Math.floor(100 * kept.part)} % of {kept.what}. It is kept in this browser.
      </Text>
      <Group gap="xs">
        <Button size="xs" onClick={() => void goOn()}>
          Go on
        </Button>
        <Button size="xs" variant="default" onClick={() => void discard()}>
          Discard
        </Button>
      </Group>
    </section>
  )
}
