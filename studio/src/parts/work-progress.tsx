import { Button, Progress, Text } from '@mantine/core'
import { createPortal } from 'react-dom'
import classes from './work-progress.module.css'

export interface WorkProgressProps {
  readonly state: { readonly what: string; readonly done: number; readonly total?: number }
  /** Absent where it cannot be stopped. */
  stop?(): void
}

/** Where long work is told of: below the view, in sight however far that is scrolled, and where what comes and goes moves nothing. */
export const WorkBar = () => <div id="work" className={classes.bar} />

/** How far long work is, and what stops it. */
export function WorkProgress({ state: { what, done, total }, stop }: WorkProgressProps) {
  const percent = total ? Math.floor((100 * done) / total) : undefined
  return createPortal(
    <div className={classes.work}>
      <Text size="sm" role="status">
        {what} {percent === undefined ? '…' : `… ${percent} %`}
      </Text>
      {stop && (
        <Button size="compact-sm" variant="default" onClick={stop}>
          Stop
        </Button>
      )}
      <Progress value={percent ?? 100} animated={percent === undefined} aria-label={what} />
    </div>,
    document.getElementById('work')!,
  )
}
