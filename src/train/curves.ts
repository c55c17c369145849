import type { LineChart } from '../report/index.ts'
import type { Metrics } from './run-folder/metrics.ts'

const titles: Readonly<Record<string, string>> = {
  loss: 'Loss',
  accuracy: 'Accuracy',
  learningRate: 'Learning rate',
  sparsity: 'Sparsity',
  smallChannels: 'Small channels',
}

/** Quantities from 0 to 1. */
const parts = new Set(['accuracy', 'sparsity', 'smallChannels'])

/**
 * Charts of `metrics` over epochs, one for each of `quantities` (loss, accuracy, learning rate, and what training for sparsity tells, by default), in the order asked for: `train/loss` and `validation/loss` are two lines, `train` and `validation`, of the chart
 * of `loss`; `learningRate` is a line by itself. Quantities that were never measured have no chart.
 */
export function trainingCurves(
  metrics: readonly Metrics[],
  quantities: readonly string[] = ['loss', 'accuracy', 'learningRate', 'sparsity', 'smallChannels'],
): LineChart[] {
  // `train` first, so that a line has the same colour in every chart.
  const names = [...new Set(metrics.flatMap((m) => Object.keys(m)))].sort(
    (a, b) => Number(b.startsWith('train/')) - Number(a.startsWith('train/')),
  )
  return quantities.flatMap((quantity) => {
    const series = names
      .filter((name) => name === quantity || name.endsWith(`/${quantity}`))
      .map((name) => ({
        name: name === quantity ? (titles[quantity] ?? quantity).toLowerCase() : name.slice(0, -quantity.length - 1),
        points: metrics.flatMap((m): [number, number][] => (name in m ? [[m.epoch, m[name]!]] : [])),
      }))
    if (series.length === 0) return []
    const title = titles[quantity] ?? quantity
    return [
      {
        title,
        xLabel: 'epoch',
        series,
        ...(parts.has(quantity) ? { yFormat: 'percent' as const } : {}),
      },
    ]
  })
}
