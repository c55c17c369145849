import { Alert, AppShell, Group, Loader, Tabs, Text, Title } from '@mantine/core'
import { type DragEvent, Suspense, useState } from 'react'
import { useStore } from '../store.ts'
import { views } from '../views/views.ts'
import { OpenButton } from './open-button.tsx'

/** The page: what is open on top, one view of it below. */
export function App() {
  const { network, opening, error, open, dismissError } = useStore()
  const [view, setView] = useState(views[0]!.name)
  const drop = (event: DragEvent) => {
    event.preventDefault()
    const [file] = event.dataTransfer.files
    if (file) void open(file)
  }
  const Shown = views.find(({ name }) => name === view)!.component
  return (
    <AppShell header={{ height: 52 }} onDragOver={(e) => e.preventDefault()} onDrop={drop}>
      <AppShell.Header>
        <Group h="100%" px="md" gap="md" wrap="nowrap">
          <Title order={1} size="h4">
            Kerf
          </Title>
          <OpenButton />
          <Text truncate>{network?.name}</Text>
          {opening !== undefined && <Loader size="sm" aria-label={`Reading ${opening}`} />}
        </Group>
      </AppShell.Header>
      <AppShell.Main>
        {error !== undefined && (
          <Alert color="red" withCloseButton closeButtonLabel="Dismiss" onClose={dismissError} role="alert">
            {error}
          </Alert>
        )}
        {network ? (
          <Tabs value={view} onChange={(name) => name && setView(name)}>
            <Tabs.List>
              {views.map(({ name, title }) => (
                <Tabs.Tab key={name} value={name}>
                  {title}
                </Tabs.Tab>
              ))}
            </Tabs.List>
            <Tabs.Panel value={view}>
              <Suspense fallback={<Loader m="md" />}>
                <Shown />
              </Suspense>
            </Tabs.Panel>
          </Tabs>
        ) : (
          <Text p="xl">Drop an ONNX file here, or open one.</Text>
        )}
      </AppShell.Main>
    </AppShell>
  )
}
