import { Button, Modal, Stack } from '@mantine/core'
import type { PickedFile } from '../engine/model-source.ts'

interface Props {
  readonly models: readonly PickedFile[]
  onChoose(model: PickedFile): void
  onClose(): void
}

/** Asks which of several models is meant. */
export default function WhichModel({ models, onChoose, onClose }: Props) {
  return (
    <Modal opened onClose={onClose} title="Which model?" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack gap="xs">
        {models.map((model) => (
          <Button key={model.path} variant="default" justify="start" onClick={() => onChoose(model)}>
            {model.path}
          </Button>
        ))}
      </Stack>
    </Modal>
  )
}
