import { Stack } from '@mantine/core'
import { lazy, Suspense } from 'react'
import type { EpochPoint } from '../../engine/train/types.ts'
import type { Progress } from './use-training.ts'

const LinePlot = lazy(() => import('../../parts/line-plot.tsx'))

/** The curves of a training as it goes. */
export function Going({ progress: { points, epochs } }: { readonly progress: Progress }) {
  return (
    <Stack gap="md">
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
