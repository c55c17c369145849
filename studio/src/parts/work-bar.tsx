import { Button, Progress, Text } from '@mantine/core'
import classes from './work-bar.module.css'
import { useWorks, type Work } from './works.ts'

/** How far long work is, and what stops it: below the views, in sight whichever is looked at and however far that is scrolled, and where what comes and goes moves nothing. */
export function WorkBar() {
  const works = useWorks()
  return (
    <div className={classes.bar}>
      {[...works].map(([by, work]) => (
        <WorkTold key={by} work={work} />
      ))}
    </div>
  )
}

function WorkTold({ work: { what, done, total, stop } }: { readonly work: Work }) {
  const percent = total ? Math.floor((100 * done) / total) : undefined
  return (
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
    </div>
  )
}
