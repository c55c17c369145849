import { Text } from '@mantine/core'
import { useStore } from '../../store.ts'

/** The network as a picture. */
export default function GraphView() {
  const network = useStore((s) => s.network)
  return <Text p="md">{network?.layers.names.length} layers</Text>
}
