import { Button, Group, Progress, Text } from '@mantine/core'

export interface WorkProgressProps {
  readonly state: { readonly what: string; readonly done: number; readonly total?: number }
  /** Absent where it cannot be stopped. */
  stop?(): void
}

/** How far long work is, and what stops it. */
export function WorkProgress({ state: { what, done, total }, stop }: WorkProgressProps) {
  return (
    <div>
      <Group justify="space-between" mb={4} wrap="nowrap">
        <Text size="sm" role="status">
          {what} …
        </Text>
        {stop && (
          <Button size="compact-xs" variant="default" onClick={stop}>
            Stop
          </Button>
        )}
      </Group>
      <Progress value={total ? Math.round((100 * done) / total) : 100} animated={!total} aria-label={what} />
    </div>
  )
}
