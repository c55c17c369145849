import { Button, Code, CopyButton, Group, Text } from '@mantine/core'
import classes from './command-line.module.css'

/** The command that does what the page does. */
export function CommandLine({ command }: { readonly command: string }) {
  return (
    <div>
      <Group justify="space-between" mb={4}>
        <Text size="sm" fw={600}>
          The same on the command line
        </Text>
        <CopyButton value={command}>
          {({ copied, copy }) => (
            <Button size="compact-xs" variant="default" onClick={copy}>
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
      </Group>
      <Code block className={classes.command} tabIndex={0}>
        {command}
      </Code>
    </div>
  )
}
