import { Stack } from '@mantine/core'
import { lazy, Suspense } from 'react'
import type { EpochPoint } from '../../engine/train/types.ts'
import { WorkProgress } from '../../parts/work-progress.tsx'
import type { Progress } from './use-training.ts'

const LinePlot = lazy(() => import('../../parts/line-plot.tsx'))

/** `2 min 5 s` */
function timeText(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000))
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** A training as it goes: how far, how long still, and its curves. */
export function Going({ progress: { points, epochs, since }, stop }: { readonly progress: Progress; stop(): void }) {
  const [first, last] = [points[0], points.at(-1)]
  const done = first && last ? last.step - first.step : 0
  const left = done > 0 ? ((performance.now() - since) * (last!.steps - last!.step)) / done : undefined
  const what = last
    ? `Epoch ${Math.ceil(last.epoch)}, step ${last.step} of ${last.steps}, loss ${last.loss.toPrecision(3)}${left === undefined ? '' : `, about ${timeText(left)} left`}`
    : 'Making the network ready'
  return (
    <Stack gap="md">
      <WorkProgress state={{ what, done: last?.step ?? 0, total: last?.steps }} stop={stop} />
      <Suspense>
        {points.length > 1 && (
          <LinePlot
            label="Loss of training"
            xLabel="epoch"
            wholeX
            x={points.map((p) => p.epoch)}
            lines={[{ name: 'loss', values: points.map((p) => p.loss) }]}
          />
        )}
        {epochs.length > 1 && <EpochCurves epochs={epochs} />}
      </Suspense>
    </Stack>
  )
}

/** Accuracy by epoch. */
export function EpochCurves({ epochs }: { readonly epochs: readonly EpochPoint[] }) {
  const isJudged = epochs.some((e) => e.validationAccuracy !== undefined)
  return (
    <Suspense>
      <LinePlot
        label="Accuracy by epoch"
        xLabel="epoch"
        wholeX
        x={epochs.map((e) => e.epoch)}
        lines={[
          { name: 'training', values: epochs.map((e) => e.trainAccuracy) },
          ...(isJudged ? [{ name: 'validation', values: epochs.map((e) => e.validationAccuracy ?? Number.NaN) }] : []),
        ]}
      />
    </Suspense>
  )
}
