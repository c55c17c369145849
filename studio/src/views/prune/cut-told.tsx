import { Text } from '@mantine/core'
import { msText } from '../../parts/before-after.tsx'
import { useStore } from '../../store.ts'

/** What is known of the cut that made the open network. */
export function CutTold() {
  const { proof, time } = useStore(({ steps, at }) => steps[at]?.cut) ?? {}
  if (!proof) return null
  return (
    <>
      <Text size="sm">
        {proof.maxRelDiff === undefined
          ? (proof.why ?? 'The cut was not run.')
          : `Cut. It does what the network with these channels masked does: largest difference ${proof.maxRelDiff.toExponential(1)} of the largest value, ${(proof.allowed ?? 0).toExponential(1)} allowed.`}
      </Text>
      {time && (
        <Text size="sm" mt="xs">
          {`A run took ${msText(time.beforeMs)} and takes ${msText(time.afterMs)}, measured; ${msText(time.predictedMs)} had been predicted.${isFar(time.afterMs, time.predictedMs) ? ' Work beside a measurement spoils it: measure the layers again when nothing else is going on.' : ''}`}
        </Text>
      )}
    </>
  )
}

const isFar = (measured: number, predicted: number) => Math.abs(measured - predicted) > 0.2 * measured
