import { Text } from '@mantine/core'
import { lazy, Suspense, useMemo } from 'react'
import { msText } from '../../parts/before-after.tsx'
import { CommandLine } from '../../parts/command-line.tsx'
import { Explained } from '../../parts/problem.tsx'
import { useStore } from '../../store.ts'
import { Recovered } from './recovered.tsx'
import { useRecovering } from './recovering.ts'

const LinePlot = lazy(() => import('../../parts/line-plot.tsx'))

/** Whether the cut that made the open network does what it should; until one is made, what will be looked at. @param problem why a cut cannot be made */
export function Proof({ problem }: { readonly problem: string | undefined }) {
  const proof = useStore(({ steps, at }) => steps[at]?.cut?.proof)
  const text = !proof
    ? 'The cut network is run, and must do what the network does with these channels masked. How far they lie apart is told here.'
    : proof.maxRelDiff === undefined
      ? (proof.why ?? 'The cut was not run.')
      : `Cut. It does what the network with these channels masked does: largest difference ${proof.maxRelDiff.toExponential(1)} of the largest value, ${(proof.allowed ?? 0).toExponential(1)} allowed.`
  return (
    <Explained problem={problem} mih="4lh">
      {text}
    </Explained>
  )
}

/** What became of the cut: its time, and its recovery as it goes and when it is done. */
export function CutTold() {
  const at = useStore((s) => s.at)
  const step = useStore(({ steps }) => steps[at])
  const hasCurve = useRecovering((s) => s.curve.length > 1 && (s.state !== undefined || s.curveOf === at))
  const time = step?.cut?.time
  return (
    <>
      {time && (
        <Text size="sm">
          {`A run took ${msText(time.beforeMs)} and takes ${msText(time.afterMs)}, measured; ${msText(time.predictedMs)} had been predicted.${isFar(time.afterMs, time.predictedMs) ? ' Work beside a measurement spoils it: measure the layers again when nothing else is going on.' : ''}`}
        </Text>
      )}
      {hasCurve && (
        <Suspense>
          <Losses />
        </Suspense>
      )}
      {step?.recovery && <Recovered steps={step.recovery} />}
      {step?.recovery && step.command !== undefined && <CommandLine command={step.command} />}
    </>
  )
}

const isFar = (measured: number, predicted: number) => Math.abs(measured - predicted) > 0.2 * measured

function Losses() {
  const curve = useRecovering((s) => s.curve)
  const [x, lines] = useMemo(
    () => [
      curve.map((s) => s.step),
      [
        { name: 'Loss', values: curve.map((s) => s.loss) },
        { name: 'Mean of the epoch', values: curve.map((s) => s.meanLoss) },
      ],
    ],
    [curve],
  )
  return <LinePlot label="Loss of training" xLabel="Updates" x={x} lines={lines} />
}
