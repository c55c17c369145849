import { human, type Report } from '../../report/index.ts'
import type { RunOutcome, RunStart } from '../../train/index.node.ts'

const percent = (part: number) => `${(100 * part).toFixed(2)} %`
const count = (n: number, what: string) => `${n.toLocaleString('en')} ${what}`

/** What is about to be done, before the first step. */
export function startText({ recipe, ...start }: RunStart): string {
  const { shape, classes, skippedImages, memoryBytes } = start
  const lines = [
    `${count(start.trainImages, 'images to train on')}, ${start.testImages.toLocaleString('en')} to test, ${shape.join('×')}, ${classes.length} classes${skippedImages > 0 ? `; ${count(skippedImages, 'could not be decoded and are left out')}` : ''}`,
    `${count(start.parameters, 'parameters')}, ${recipe.threads} ${recipe.threads === 1 ? 'thread' : 'threads'}${memoryBytes === undefined ? '' : `, ${human(memoryBytes, 'B')}`}`,
    ...(start.step > 0 ? [`going on after step ${start.step.toLocaleString('en')}`] : []),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

/** For a run that `--resume` found complete. */
export const completeText = ({ folder, position, lastModel }: RunOutcome): string =>
  `The run is complete (${count(position.epoch, position.epoch === 1 ? 'epoch' : 'epochs')}). Nothing was changed.
To train longer, start another run from its end: kerf train ${folder} --model ${lastModel} --epochs N -o OTHER
`

export function outcomeReport({ folder, metrics, position, lastModel, bestModel }: RunOutcome): Report {
  const last = metrics.at(-1)
  const { best } = position
  const facts: [string, string][] = []
  if (last) {
    facts.push([
      'Trained on',
      `loss ${last['train/loss']?.toFixed(4)}, accuracy ${percent(last['train/accuracy'] as number)}`,
    ])
    if (last['test/accuracy'] !== undefined)
      facts.push([
        'Last',
        `accuracy ${percent(last['test/accuracy'])}, loss ${last['test/loss']?.toFixed(4)}, ${lastModel}`,
      ])
  }
  if (best && bestModel)
    facts.push(['Best', `accuracy ${percent(best.accuracy)} after step ${best.step}, ${bestModel}`])
  facts.push(['Curves', `${folder}/curves.svg; numbers: ${folder}/metrics.jsonl; tensorboard --logdir ${folder}`])
  return { title: folder, facts, tables: [] }
}

/** For --json. */
export function outcomeJson(outcome: RunOutcome, start: RunStart | undefined): unknown {
  const { folder, metrics, position, stopped, wasComplete, checkpoint, lastModel, bestModel } = outcome
  return {
    folder,
    stopped,
    wasComplete,
    step: position.step,
    epochs: position.epoch,
    best: position.best ?? null,
    last: metrics.at(-1) ?? null,
    checkpoint: checkpoint ?? null,
    models: { best: bestModel ?? null, last: lastModel },
    parameters: start?.parameters ?? null,
    skippedImages: start?.skippedImages ?? 0,
    metrics,
  }
}
