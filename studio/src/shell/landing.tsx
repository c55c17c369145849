import { ActionIcon, Button, Group, Paper, SimpleGrid, Stack, Switch, Text, Title, UnstyledButton } from '@mantine/core'
import { human } from 'kerf/report'
import { lazy, Suspense, useState } from 'react'
import type { ModelSource } from '../engine/model-source.ts'
import { Busy } from '../parts/busy.tsx'
import { useStore } from '../store.ts'
import { views } from '../views/views.ts'
import { Cross } from './icons.tsx'
import { bytesOf, type RecentModel, recentSource, removeRecent, useRecent } from './recent.ts'
import classes from './shell.module.css'
import { showView } from './use-view.ts'

const examples: readonly { source: ModelSource; title: string; text: string }[] = [
  {
    source: { from: 'example', example: 'digits' },
    title: 'Digits',
    text: 'LeNet-5, trained on handwritten digits: 5 layers with weights.',
  },
  {
    source: { from: 'net', net: 'resnet18' },
    title: 'ResNet-18',
    text: 'The structure for ImageNet, with random weights.',
  },
  {
    source: { from: 'net', net: 'fasternet_t0' },
    title: 'FasterNet-T0',
    text: 'Partial convolutions, with random weights.',
  },
]

const Unfinished = lazy(async () => ({ default: (await import('../views/prune/unfinished.tsx')).Unfinished }))

const NetByName = lazy(() => import('./net-by-name.tsx'))

/** What this is, and what can be opened. */
export function Landing({ pickFiles, pickFolder }: { pickFiles(): void; pickFolder(): void }) {
  const open = useStore((s) => s.open)
  const [byName, setByName] = useState(false)
  return (
    <Stack className={classes.landing} gap="xl">
      <Stack gap="md">
        <Title order={2}>See what a network costs</Title>
        <Text>
          Kerf Studio shows a neural network from an ONNX file: its graph, and what each layer costs in multiplications,
          parameters and memory accesses. Drop a file onto this page, with its external data where it has any, or begin
          with an example. Everything is computed in this browser, and the model never leaves this machine.
        </Text>
        <Group gap="sm">
          <Button onClick={pickFiles}>Open files …</Button>
          <Button variant="default" onClick={pickFolder}>
            Open a folder …
          </Button>
        </Group>
      </Stack>
      <Stack gap="sm">
        <Title order={3} size="h5">
          Examples
        </Title>
        <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="sm">
          {examples.map(({ source, title, text }) => (
            <UnstyledButton key={title} className={classes.card} onClick={() => void open(source)}>
              <Text fw={600}>{title}</Text>
              <Text size="sm">{text}</Text>
            </UnstyledButton>
          ))}
        </SimpleGrid>
        {byName ? (
          <Suspense fallback={<Busy size="sm" what="Loading names" />}>
            <NetByName isFirst />
          </Suspense>
        ) : (
          <div>
            <Button variant="default" onClick={() => setByName(true)}>
              A network by name …
            </Button>
          </div>
        )}
      </Stack>
      <Suspense>
        <Unfinished />
      </Suspense>
      <Stack gap="sm">
        <Title order={3} size="h5">
          Without a model
        </Title>
        <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="sm">
          {views.map(
            ({ name, title, alone }) =>
              alone !== undefined && (
                <UnstyledButton key={name} className={classes.card} onClick={() => showView(name)}>
                  <Text fw={600}>{title}</Text>
                  <Text size="sm">{alone}</Text>
                </UnstyledButton>
              ),
          )}
        </SimpleGrid>
      </Stack>
      <Recent />
    </Stack>
  )
}

function Recent() {
  const { models = [], keeps, setKeeps } = useRecent()
  return (
    <Stack gap="sm">
      <Title order={3} size="h5">
        Opened before
      </Title>
      {models.length > 0 && (
        <Stack gap={6} component="ul" className={classes.recent}>
          {models.map((model) => (
            <RecentEntry key={model.id} model={model} />
          ))}
        </Stack>
      )}
      <Switch
        checked={keeps}
        onChange={(event) => setKeeps(event.currentTarget.checked)}
        label="Keep a copy of opened models in this browser, up to 512 MiB each and 1 GiB in all"
      />
    </Stack>
  )
}

function RecentEntry({ model }: { model: RecentModel }) {
  const { open, fail } = useStore()
  const show = async () => {
    try {
      await open(await recentSource(model))
    } catch (error) {
      fail(error)
    }
  }
  return (
    <Paper component="li" withBorder className={classes.recentEntry}>
      <UnstyledButton className={classes.recentName} onClick={() => void show()}>
        <Text truncate>{model.name}</Text>
        <Text size="sm" c="dimmed" className={classes.fixed}>
          {human(bytesOf(model), 'B')} · {new Date(model.opened).toLocaleDateString()}
        </Text>
      </UnstyledButton>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={`Forget ${model.name}`}
        onClick={() => void removeRecent(model.id).catch(fail)}
      >
        <Cross />
      </ActionIcon>
    </Paper>
  )
}
