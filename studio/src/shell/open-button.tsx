import { Button, FileButton } from '@mantine/core'
import { useStore } from '../store.ts'

/** Asks for a file. */
export function OpenButton() {
  const open = useStore((s) => s.open)
  return (
    <FileButton accept=".onnx" onChange={(file) => file && void open(file)}>
      {(props) => (
        <Button size="xs" {...props}>
          Open …
        </Button>
      )}
    </FileButton>
  )
}
