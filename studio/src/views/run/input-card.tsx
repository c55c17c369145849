import { Button, FileButton, Group, Image, Paper, Stack, Text, Title } from '@mantine/core'
import { type DragEvent, useState } from 'react'
import { useStore } from '../../store.ts'
import { Camera } from './camera.tsx'
import type { Running } from './use-run.ts'

/** What goes in: a picture that is dropped, chosen or taken, or random numbers. */
export function InputCard({ running: { run, result, input, url } }: { readonly running: Running }) {
  const inputs = useStore((s) => s.network?.inputs) ?? []
  const [isCamera, setCamera] = useState(false)
  const takesImage = inputs[0]?.shape?.length === 4
  const drop = (event: DragEvent) => {
    const [file] = event.dataTransfer.files
    // Models are for the page.
    if (!file || file.name.endsWith('.onnx')) return
    event.preventDefault()
    void run({ kind: 'image', blob: file })
  }
  const seed = input?.kind === 'random' ? input.seed + 1 : 1
  return (
    <Paper withBorder p="md" onDrop={drop} onDragOver={(event) => event.preventDefault()} component="section">
      <Stack gap="sm">
        <Title order={2} size="h5">
          Input
        </Title>
        <Text size="sm">
          {inputs.map(({ name, shape }) => `${name} ${shape?.join('×') ?? 'of unknown shape'}`).join(', ')}
        </Text>
        <Group gap="xs">
          {takesImage && (
            <>
              <FileButton accept="image/*" onChange={(file) => file && void run({ kind: 'image', blob: file })}>
                {(props) => (
                  <Button size="xs" {...props}>
                    Choose an image …
                  </Button>
                )}
              </FileButton>
              <Button size="xs" variant="default" onClick={() => setCamera(!isCamera)} aria-pressed={isCamera}>
                Camera
              </Button>
            </>
          )}
          <Button size="xs" variant="default" onClick={() => void run({ kind: 'random', seed })}>
            Random numbers
          </Button>
        </Group>
        {isCamera && (
          <Camera onPicture={(blob) => void run({ kind: 'image', blob })} onClose={() => setCamera(false)} />
        )}
        {url !== undefined && <Image src={url} alt="What the network was run on" fit="contain" mah={280} w="auto" />}
        {result && result.assumed.length > 0 && (
          <Text size="sm">Assumed, as the file does not say it: {result.assumed.join(', ')}.</Text>
        )}
        {/* As high with the first sentence as without it. */}
        <Text size="sm" c="dimmed" mih={{ base: '3lh', md: 0 }}>
          {input?.kind === 'random' && result && `Standard normal numbers, seed ${input.seed}. `}
          {takesImage && !url && !isCamera && 'Or drop an image here. It does not leave this machine.'}
        </Text>
      </Stack>
    </Paper>
  )
}
