import { ActionIcon, Button, Loader, Menu, Text, Title } from '@mantine/core'
import { human } from 'kerf/report'
import { useStore } from '../store.ts'
import { views } from '../views/views.ts'
import { Question } from './icons.tsx'
import { saveSession } from './save-session.ts'
import { SchemeSwitch } from './scheme-switch.tsx'
import classes from './shell.module.css'
import { Totals } from './totals.tsx'
import { showView, useView } from './use-view.ts'

interface Props {
  pickFiles(): void
  pickFolder(): void
  showHelp(): void
}

/** What is open, what it costs in all, and what can be opened. */
export function Header({ pickFiles, pickFolder, showHelp }: Props) {
  const { network, opening, cancel, close } = useStore()
  const view = useView(views)
  const closeModel = () => {
    close()
    // Whoever closes a model is led to the first page, also from what needs none.
    if (views.find(({ name }) => name === view)?.alone !== undefined) showView('')
  }
  return (
    <header className={classes.header}>
      <Title order={1} size="h4" className={classes.brand}>
        Kerf
      </Title>
      <Menu position="bottom-start" withinPortal>
        <Menu.Target>
          <Button size="xs" className={classes.open}>
            Open
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={pickFiles}>Files …</Menu.Item>
          <Menu.Item onClick={pickFolder}>A folder …</Menu.Item>
          {network && <Menu.Divider />}
          {network && <Menu.Item onClick={() => void saveSession()}>Save the session</Menu.Item>}
          {network && <Menu.Item onClick={closeModel}>Close {network.name}</Menu.Item>}
        </Menu.Dropdown>
      </Menu>
      <div className={classes.file} aria-live="polite">
        {opening === undefined
          ? network && (
              <>
                <Text fw={600} truncate title={network.name}>
                  {network.name}
                </Text>
                {network.bytes !== undefined && (
                  <Text size="sm" c="dimmed" className={classes.fixed}>
                    {human(network.bytes, 'B')}
                  </Text>
                )}
              </>
            )
          : opening !== undefined && (
              <>
                <Loader size={16} aria-hidden="true" />
                <Text truncate>Reading {opening} …</Text>
                <Button size="compact-xs" variant="default" className={classes.fixed} onClick={cancel}>
                  Cancel
                </Button>
              </>
            )}
      </div>
      {network && <Totals totals={network.totals} />}
      <div className={classes.tools}>
        <SchemeSwitch />
        <ActionIcon variant="default" size="lg" aria-label="Keys" title="Keys" onClick={showHelp}>
          <Question />
        </ActionIcon>
      </div>
    </header>
  )
}
