import { Checkbox, Group, NumberInput } from '@mantine/core'
import images from '../../../examples/digits/t10k-images-idx3-ubyte.gz?url&no-inline'
import labelsUrl from '../../../examples/digits/t10k-labels-idx1-ubyte.gz?url&no-inline'
import { WorkButton } from '../parts/work-button.tsx'
import { useStore } from '../store.ts'
import { PictureSource } from './picture-source.tsx'
import { usePictures } from './pictures.ts'

/** MNIST's test images, which come along with the network for digits. */
const digits = [
  { path: 't10k-images-idx3-ubyte.gz', url: images },
  { path: 't10k-labels-idx1-ubyte.gz', url: labelsUrl },
]

/** The pictures of the page: given once, used by whatever looks at some. */
export function PicturesField() {
  const pictures = usePictures()
  const { told, most, labels, give, forget, use } = pictures
  const source = useStore((s) => s.source)
  const takeDigits = async () => {
    const files = digits.map(async ({ path, url }) => {
      const response = await fetch(url)
      return { path, file: new File([await response.blob()], path) }
    })
    await give(await Promise.all(files))
  }
  return (
    <PictureSource
      title="Pictures"
      what="As the network sees them, for what looks at some. A folder for each class, or a table (CSV: file, label) beside them, brings labels. They do not leave this machine."
      folderLabel="A folder of pictures"
      given={pictures}
      give={give}
      forget={forget}
      more={
        source?.from === 'example' && (
          <WorkButton size="xs" variant="default" disabled={told !== undefined} onClick={() => void takeDigits()}>
            The digits
          </WorkButton>
        )
      }
    >
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
        {told && told.classes.length > 0 && (
          <Checkbox
            label="Use their labels"
            checked={labels}
            onChange={(event) => use({ labels: event.currentTarget.checked })}
          />
        )}
      </Group>
    </PictureSource>
  )
}
