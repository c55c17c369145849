import type { RunStart } from '../../api/files.node.ts'
import { type Metrics, type TrainingEvent, trainingCurves } from '../../api/train.node.ts'
import { chartText, sparkline } from '../../report/index.ts'
import type { Io } from '../io.ts'
import type { CommandTask } from '../task.ts'

/** Shows how a training goes on. */
export interface TrainingDisplay {
  start(start: RunStart): void
  event(event: TrainingEvent): void
}

const percent = (part: number) => `${(100 * part).toFixed(2)} %`
/** Three digits: `2,340`, `0.1`, `0.000137`, `1.37e-7`. A cosine ends so near to 0 that a fixed number of places would show none. */
const rate = (value: number) => {
  const rounded = Number(value.toPrecision(3))
  return rounded >= 1000 ? rounded.toLocaleString('en') : String(rounded)
}

/** `epoch 3/10  loss 0.0812  accuracy 97.51 %  validation loss 0.0412  validation 98.80 % (best)  rate 0.1  2,340 images/s` */
export function epochLine(metrics: Metrics, epochs: number, isBest: boolean): string {
  const validation = metrics['validation/accuracy']
  return [
    `epoch ${metrics.epoch}/${epochs}`,
    `loss ${metrics['train/loss']!.toFixed(4)}`,
    `accuracy ${percent(metrics['train/accuracy']!)}`,
    ...(validation === undefined
      ? []
      : [
          `validation loss ${metrics['validation/loss']!.toFixed(4)}`,
          `validation ${percent(validation)}${isBest ? ' (best)' : ''}`,
        ]),
    `rate ${rate(metrics.learningRate!)}`,
    `${rate(metrics.imagesPerSecond!)} images/s`,
  ].join('  ')
}

/** A line per epoch; the bar of the task also says what the loss is so far. */
export function trainingDisplay(io: Io, task: CommandTask): TrainingDisplay {
  const losses: number[] = []
  let epochs = 0
  return {
    start: ({ recipe }) => {
      epochs = recipe.epochs
    },
    event: (event) => {
      if (event.kind === 'epoch') io.err(`${epochLine(event.metrics, epochs, event.isBest)}\n`)
      else {
        losses.push(event.loss)
        task.note = ({ what }) => (what === 'training' ? stepText(event, losses) : '')
      }
    },
  }
}

function stepText(
  { epoch, epochs, meanLoss, accuracy, imagesPerSecond }: Extract<TrainingEvent, { kind: 'step' }>,
  losses: readonly number[],
): string {
  const spark = sparkline(losses, 16)
  return `epoch ${epoch.toFixed(2)}/${epochs} loss ${meanLoss.toFixed(4)} ${spark} accuracy ${percent(accuracy)} ${rate(imagesPerSecond)} images/s`
}

/** Loss and accuracy over all epochs, as plots in text; empty with fewer than two. */
export function curvesText(metrics: readonly Metrics[], width: number): string {
  if (metrics.length < 2) return ''
  return trainingCurves(metrics, ['loss', 'accuracy'])
    .map((chart) => chartText(chart, { width: Math.min(width, 100), height: 8 }))
    .join('\n')
}
