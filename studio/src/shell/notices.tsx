import { Alert, Button, Text } from '@mantine/core'
import { useState } from 'react'
import { useStore } from '../store.ts'
import classes from './shell.module.css'
import { useServedChange } from './use-served-change.ts'

/** What a person should know, above the page, so that nothing below moves. */
export function Notices() {
  const { error, dismissError, network, opened } = useStore()
  const change = useServedChange()
  return (
    <div className={classes.notices}>
      {error !== undefined && (
        <Alert
          color="red"
          variant="filled"
          withCloseButton
          closeButtonLabel="Dismiss"
          onClose={dismissError}
          role="alert"
        >
          <Text size="sm" className={classes.message}>
            {error}
          </Text>
        </Alert>
      )}
      {change && (
        <Alert color="blue" title={change.title} role="status">
          <Text size="sm">{change.text}</Text>
          {change.again && (
            <Button size="xs" mt="xs" onClick={change.again}>
              Read it again
            </Button>
          )}
        </Alert>
      )}
      {network?.missing && network.missing.length > 0 && <Missing key={opened} files={network.missing} />}
    </div>
  )
}

function Missing({ files }: { files: readonly string[] }) {
  const [isRead, setRead] = useState(false)
  if (isRead) return null
  const [few, more] = [files.slice(0, 3), files.length - 3]
  const several = files.length > 1
  return (
    <Alert
      color="yellow"
      title={several ? `${files.length} files of weights are missing` : 'A file of weights is missing'}
      role="status"
      withCloseButton
      closeButtonLabel="Dismiss"
      onClose={() => setRead(true)}
    >
      <Text size="sm" className={classes.message}>
        {few.join(', ')}
        {more > 0 && ` and ${more} more`} {several ? 'lie' : 'lies'} beside the model and {several ? 'were' : 'was'} not
        given. Counting needs no weights; what looks at them does. Drop {several ? 'them' : 'it'} here.
      </Text>
    </Alert>
  )
}
