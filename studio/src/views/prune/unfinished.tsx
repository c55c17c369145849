import { Button, Group, Stack, Text } from '@mantine/core'
import { useEffect } from 'react'
import table from '../../parts/plain-table.module.css'
import { useRecovering } from './recovering.ts'

/** Recoveries that were stopped, or whose page was closed: they can go on. */
export function Unfinished() {
  const { kept, state, look, goOn, discard } = useRecovering()
  useEffect(() => void look(), [look])
  if (kept.length === 0 || state) return null
  return (
    <section aria-label="Unfinished recovery">
      <Stack gap="sm">
        {kept.map((recovery) => {
          const { key, name, title, part, what } = recovery
          return (
            <div key={key}>
              <Text size="sm" mb="xs" className={table.name}>
                Recovery of {name} was at {Math.floor(100 * part)} % of {what} ({title}). It is kept in this browser.
              </Text>
              <Group gap="xs">
                <Button size="xs" onClick={() => void goOn(recovery)}>
                  Go on
                </Button>
                <Button size="xs" variant="default" onClick={() => void discard(recovery)}>
                  Discard
                </Button>
              </Group>
            </div>
          )
        })}
      </Stack>
    </section>
  )
}
