import { Button, FileButton, Group, Text } from '@mantine/core'
import { useRef } from 'react'

export interface PicturePickerProps {
  /** Those that are chosen. */
  readonly pictures: readonly File[]
  onChange(pictures: readonly File[]): void
  readonly disabled?: boolean
}

const isPicture = ({ type }: File) => type.startsWith('image/')

/** Pictures of this machine, by themselves or as a folder. */
export function PicturePicker({ pictures, onChange, disabled = false }: PicturePickerProps) {
  const folder = useRef<HTMLInputElement>(null)
  const take = (files: readonly File[]) => onChange(files.filter(isPicture))
  return (
    <Group gap="xs">
      <FileButton accept="image/*" multiple onChange={take} disabled={disabled}>
        {(props) => (
          <Button size="xs" variant="default" {...props} disabled={disabled}>
            Pictures …
          </Button>
        )}
      </FileButton>
      <Button size="xs" variant="default" disabled={disabled} onClick={() => folder.current?.click()}>
        A folder …
      </Button>
      <input
        ref={folder}
        type="file"
        webkitdirectory=""
        hidden
        onChange={({ currentTarget: { files } }) => files && take([...files])}
      />
      <Text size="sm" role="status">
        {pictures.length === 0 ? 'No pictures.' : `${pictures.length} pictures.`}
      </Text>
      {pictures.length > 0 && (
        <Button size="compact-xs" variant="subtle" disabled={disabled} onClick={() => onChange([])}>
          Forget them
        </Button>
      )}
    </Group>
  )
}
