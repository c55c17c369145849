import { Alert, Group, Loader, SimpleGrid, Stack, Text } from '@mantine/core'
import { InputCard } from './input-card.tsx'
import { LookInside } from './look-inside.tsx'
import { OutputCard } from './output-card.tsx'
import { useRun } from './use-run.ts'

/** The network run on a picture: what comes out, and any value on the way. */
export default function RunView() {
  const running = useRun()
  const { result, isRunning, error } = running
  return (
    <Stack p="md" gap="md">
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <InputCard running={running} />
        <Stack gap="sm" aria-live="polite">
          {error !== undefined && (
            <Alert color="red" title="It could not be run" role="alert">
              {error}
            </Alert>
          )}
          {isRunning && (
            <Group gap="xs">
              <Loader size="sm" />
              <Text>Running …</Text>
            </Group>
          )}
          {result && (
            <>
              <Text size="sm" c="dimmed">
                {result.timeMs.toPrecision(3)} ms on {result.threads} {result.threads === 1 ? 'thread' : 'threads'} (one
                run; “Measure” tells more)
              </Text>
              {result.outputs.map((output) => (
                <OutputCard key={output.name} output={output} />
              ))}
            </>
          )}
          {!result && !isRunning && <Text c="dimmed">What comes out is shown here.</Text>}
        </Stack>
      </SimpleGrid>
      {result && <LookInside result={result} />}
    </Stack>
  )
}
