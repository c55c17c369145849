import { Alert, Button, Checkbox, Fieldset, FileButton, Group, NumberInput, Stack, Text } from '@mantine/core'
import { useRef } from 'react'
import images from '../../../examples/digits/t10k-images-idx3-ubyte.gz?url&no-inline'
import labelsUrl from '../../../examples/digits/t10k-labels-idx1-ubyte.gz?url&no-inline'
import { pickedFiles } from '../shell/dropped.ts'
import { useStore } from '../store.ts'
import { usePictures } from './pictures.ts'

/** MNIST's test images, which come along with the network for digits. */
const digits = [
  { path: 't10k-images-idx3-ubyte.gz', url: images },
  { path: 't10k-labels-idx1-ubyte.gz', url: labelsUrl },
]

/** The pictures of the page: given once, used by whatever looks at some. */
export function PicturesField() {
  const { told, most, labels, error, give, forget, use } = usePictures()
  const source = useStore((s) => s.source)
  const folder = useRef<HTMLInputElement>(null)
  const take = (files: readonly File[]) => void give(files.map((file) => ({ path: file.name, file })))
  const takeDigits = async () => {
    const files = digits.map(async ({ path, url }) => {
      const response = await fetch(url)
      return { path, file: new File([await response.blob()], path) }
    })
    await give(await Promise.all(files))
  }
  return (
    <Fieldset legend="Pictures">
      <Stack gap="sm">
        <Text size="sm">
          {told
            ? `${told.count.toLocaleString('en')} pictures ${told.classes.length > 0 ? `of ${told.classes.length} classes` : 'without labels'}${told.others > 0 ? `; ${told.others} other files` : ''}. They do not leave this machine.`
            : 'As the network sees them, for what looks at some. A folder with a folder for each class brings labels, too. They do not leave this machine.'}
        </Text>
        <Group gap="xs">
          <FileButton multiple onChange={(files) => files.length > 0 && take(files)}>
            {(props) => (
              <Button size="xs" variant={told ? 'default' : 'filled'} {...props}>
                Pictures …
              </Button>
            )}
          </FileButton>
          <Button size="xs" variant="default" onClick={() => folder.current?.click()}>
            A folder …
          </Button>
          {source?.from === 'example' && source.example === 'digits' && !told && (
            <Button size="xs" variant="default" onClick={() => void takeDigits()}>
              The digits
            </Button>
          )}
          {told && (
            <Button size="xs" variant="subtle" onClick={forget}>
              Forget them
            </Button>
          )}
          <input
            ref={folder}
            type="file"
            aria-label="A folder of pictures"
            webkitdirectory=""
            hidden
            onChange={({ currentTarget }) => currentTarget.files && void give(pickedFiles(currentTarget.files))}
          />
        </Group>
        {told && (
          <Group gap="md" align="flex-end">
            <NumberInput
              size="xs"
              w={110}
              label="Use at most"
              min={8}
              max={100_000}
              allowDecimal={false}
              value={most}
              onChange={(value) => typeof value === 'number' && value >= 8 && use({ most: value })}
            />
            {told.classes.length > 0 && (
              <Checkbox
                label="Use their labels"
                checked={labels}
                onChange={(event) => use({ labels: event.currentTarget.checked })}
              />
            )}
          </Group>
        )}
        {error !== undefined && (
          <Alert color="red" role="alert">
            {error}
          </Alert>
        )}
      </Stack>
    </Fieldset>
  )
}
