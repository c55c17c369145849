import type { RunOutcome, RunStart, TestedNetwork } from '../../api/files.node.ts'
import type { Metrics } from '../../api/train.node.ts'
import { human, type Report } from '../../report/index.ts'
import { skippedText } from '../data/skipped.ts'

const percent = (part: number) => `${(100 * part).toFixed(2)} %`
const count = (n: number, what: string) => `${n.toLocaleString('en')} ${what}`

/** What is about to be done, before the first step. */
export function startText({ recipe, ...start }: RunStart): string {
  const { shape, classes, skipped, memoryBytes, validationImages } = start
  const validation = validationImages > 0 ? `, ${count(validationImages, 'to validate')}` : ''
  const lines = [
    `${count(start.trainImages, 'images to train on')}${validation}, ${count(start.testImages, 'to test')}, ${shape.join('×')}, ${classes.length} classes`,
    `${count(start.parameters, 'parameters')}, ${recipe.threads} ${recipe.threads === 1 ? 'thread' : 'threads'}${memoryBytes === undefined ? '' : `, ${human(memoryBytes, 'B')}`}`,
    ...(start.step > 0 ? [`going on after step ${start.step.toLocaleString('en')}`] : []),
  ]
  return lines.map((line) => `${line}\n`).join('') + skippedText(skipped)
}

/** For a run that `--resume` found complete. */
export const completeText = ({ folder, position, lastModel }: RunOutcome): string =>
  `The run is complete (${count(position.epoch, position.epoch === 1 ? 'epoch' : 'epochs')}). Nothing was changed.
To train longer, start another run from its end: kerf train ${folder} --model ${lastModel} --epochs N -o OTHER
`

/** What training for sparsity has come to. */
function sparsityText({ sparsity, smallChannels }: Metrics): string | undefined {
  if (sparsity !== undefined) return `${percent(sparsity)} of the weights of layers are 0`
  return smallChannels === undefined
    ? undefined
    : `${percent(smallChannels)} of the channels are small: kerf prune cuts them`
}

export function outcomeReport(outcome: RunOutcome): Report {
  const { folder, metrics, position, tested, lastModel, bestModel } = outcome
  const last = metrics.at(-1)
  const { best } = position
  const line = (validation: number | undefined, test: TestedNetwork | undefined | null, model: string) =>
    [
      ...(validation === undefined ? [] : [`validation ${percent(validation)}`]),
      ...(test ? [`test ${percent(test.accuracy)} (loss ${test.loss.toFixed(4)})`] : []),
      model,
    ].join(', ')
  const facts: [string, string][] = []
  if (last) {
    facts.push(['Trained on', `loss ${last['train/loss']?.toFixed(4)}, accuracy ${percent(last['train/accuracy']!)}`])
    facts.push(['Last', `epoch ${position.epoch}: ${line(last['validation/accuracy'], tested?.last, lastModel)}`])
  }
  const sparsity = last && sparsityText(last)
  if (sparsity) facts.push(['Sparsity', sparsity])
  if (best && bestModel) facts.push(['Best', `epoch ${best.epoch}: ${line(best.accuracy, tested?.best, bestModel)}`])
  if (tested) {
    const chosen = best
      ? '; best is chosen by the validation images'
      : '; nothing was chosen: there are no validation images'
    facts.push(['Test images', `${tested.images.toLocaleString('en')}, looked at once, at the end${chosen}`])
  }
  if (outcome.stoppedEarly)
    facts.push([
      'Ended early',
      `after epoch ${position.epoch}: patience brought nothing better than epoch ${best?.epoch}`,
    ])
  facts.push(['Curves', `${folder}/curves.svg; numbers: ${folder}/metrics.jsonl; tensorboard --logdir ${folder}`])
  return { title: folder, facts, tables: [] }
}

/** For --json. */
export function outcomeJson(outcome: RunOutcome, start: RunStart | undefined): unknown {
  const { folder, metrics, position, tested, stopped, wasComplete, checkpoint, lastModel, bestModel } = outcome
  return {
    folder,
    stopped,
    stoppedEarly: outcome.stoppedEarly,
    wasComplete,
    step: position.step,
    epochs: position.epoch,
    best: position.best ?? null,
    last: metrics.at(-1) ?? null,
    test: tested ?? null,
    checkpoint: checkpoint ?? null,
    models: { best: bestModel ?? null, last: lastModel },
    parameters: start?.parameters ?? null,
    skipped: start?.skipped ?? [],
    metrics,
  }
}
