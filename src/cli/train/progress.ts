import progress from 'cli-progress'
import { chartText, sparkline } from '../../report/index.ts'
import { type Metrics, type RunStart, type TrainingEvent, trainingCurves } from '../../train/index.node.ts'
import type { Io } from '../io.ts'

/** Shows how a training goes on. */
export interface TrainingDisplay {
  start(start: RunStart): void
  event(event: TrainingEvent): void
  /** Clears what is drawn again and again. */
  end(): void
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

/** A line per epoch; on a terminal also a bar that moves, with the loss so far. */
export function trainingDisplay(io: Io): TrainingDisplay {
  const bar = io.terminal && new LossBar(io.terminal)
  let epochs = 0
  return {
    start: ({ recipe }) => {
      epochs = recipe.epochs
    },
    event: (event) => {
      if (event.kind === 'epoch') {
        bar?.clear()
        io.err(`${epochLine(event.metrics, epochs, event.isBest)}\n`)
      } else if (event.kind === 'step') bar?.step(event)
      else bar?.evaluating(event)
    },
    end: () => bar?.clear(),
  }
}

/** Loss and accuracy over all epochs, as plots in text; empty with fewer than two. */
export function curvesText(metrics: readonly Metrics[], width: number): string {
  if (metrics.length < 2) return ''
  return trainingCurves(metrics, ['loss', 'accuracy'])
    .map((chart) => chartText(chart, { width: Math.min(width, 100), height: 8 }))
    .join('\n')
}

class LossBar {
  readonly #bar: progress.SingleBar
  readonly #losses: number[] = []
  #running = false
  #drawn = 0

  constructor(terminal: NodeJS.WriteStream) {
    this.#bar = new progress.SingleBar({
      stream: terminal,
      clearOnComplete: true,
      hideCursor: true,
      linewrap: false,
      fps: 10,
      barsize: 20,
      etaBuffer: 50,
      format: (options, params, payload) =>
        `${progress.Format.BarFormat(params.progress, options)} ${payload.text} ${params.eta > 0 ? `ETA ${progress.Format.TimeFormat(params.eta, options, 1)}` : ''}`,
      barCompleteChar: '█',
      barIncompleteChar: '░',
    })
  }

  step(event: Extract<TrainingEvent, { kind: 'step' }>): void {
    this.#losses.push(event.loss)
    if (!this.#running) this.#bar.start(event.steps, event.step - 1, { text: '' })
    this.#running = true
    // Making the text costs more than a step of a tiny network.
    const now = performance.now()
    const text = now - this.#drawn < 80 ? undefined : this.#text(event)
    if (text !== undefined) this.#drawn = now
    this.#bar.update(event.step, text === undefined ? undefined : { text })
  }

  #text({ epoch, epochs, meanLoss, accuracy, imagesPerSecond }: Extract<TrainingEvent, { kind: 'step' }>): string {
    const spark = sparkline(this.#losses, 16)
    return `epoch ${epoch.toFixed(2)}/${epochs} loss ${meanLoss.toFixed(4)} ${spark} accuracy ${percent(accuracy)} ${rate(imagesPerSecond)} images/s`
  }

  evaluating({ part, images, of }: Extract<TrainingEvent, { kind: 'evaluating' }>): void {
    if (this.#running)
      this.#bar.update({ text: `${part}: ${images.toLocaleString('en')} of ${of.toLocaleString('en')} images` })
  }

  clear(): void {
    if (this.#running) this.#bar.stop()
    this.#running = false
  }
}
