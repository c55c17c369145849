import { Button, Notification, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useWorks } from '../parts/works.ts'
import { useStore } from '../store.ts'
import classes from './shell.module.css'
import { useServedChange } from './use-served-change.ts'

/** What a person should know, above the page, so that nothing below moves. */
export function Notices() {
  const { error, dismissError, network, opened, steps } = useStore()
  const change = useServedChange()
  const works = useWorks().size
  // Above what stands at the bottom: the row of steps, and work with its button to stop it.
  const bottom = `${0.75 + (steps.length > 1 ? 2.75 : 0) + 3.25 * works}rem`
  return (
    <div className={classes.notices} style={{ bottom }}>
      {error !== undefined && (
        <Notice role="alert" color="red" title="That did not work" onClose={dismissError}>
          {error}
        </Notice>
      )}
      {change && (
        <Notice role="status" color="blue" title={change.title}>
          {change.text}
          {change.again && (
            <Button size="xs" mt="xs" display="block" onClick={change.again}>
              Read it again
            </Button>
          )}
        </Notice>
      )}
      {network?.missing && network.missing.length > 0 && <Missing key={opened} files={network.missing} />}
    </div>
  )
}

interface Props {
  readonly role: 'alert' | 'status'
  readonly color: string
  readonly title: string
  readonly onClose?: () => void
  readonly children: ReactNode
}

const Notice = ({ onClose, children, ...rest }: Props) => (
  <Notification
    withBorder
    withCloseButton={onClose !== undefined}
    onClose={onClose}
    closeButtonProps={{ 'aria-label': 'Dismiss' }}
    {...rest}
  >
    <Text component="div" size="sm" className={classes.message}>
      {children}
    </Text>
  </Notification>
)

function Missing({ files }: { files: readonly string[] }) {
  const [isRead, setRead] = useState(false)
  if (isRead) return null
  const [few, more] = [files.slice(0, 3), files.length - 3]
  const several = files.length > 1
  return (
    <Notice
      role="status"
      color="yellow"
      title={several ? `${files.length} files of weights are missing` : 'A file of weights is missing'}
      onClose={() => setRead(true)}
    >
      {few.join(', ')}
      {more > 0 && ` and ${more} more`} {several ? 'lie' : 'lies'} beside the model and {several ? 'were' : 'was'} not
      given. Counting needs no weights; what looks at them does. Drop {several ? 'them' : 'it'} here.
    </Notice>
  )
}
