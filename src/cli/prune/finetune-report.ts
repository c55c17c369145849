import type { Totals } from '../../api/cost.ts'
import type { FineTuned, FineTuneStage } from '../../api/files.node.ts'
import { type Cell, countOrPartial, partialNote, type Table } from '../../report/index.ts'

const percent = (part: number) => `${(100 * part).toFixed(2)} %`

/** `after cut 1 of 2: 93.20 %` */
export function stageText(stage: FineTuneStage): string {
  if (stage.kind === 'ended') return stage.why
  const cut = (n: number, of: number) => (of === 1 ? 'after the cut' : `after cut ${n} of ${of}`)
  const name =
    stage.kind === 'before'
      ? 'before'
      : stage.kind === 'cut'
        ? cut(stage.iteration, stage.iterations)
        : 'after fine-tuning'
  return `${name}: ${percent(stage.accuracy)}`
}

/** A line per stage: before, and after every cut and every training. */
export function accuracyTable({ before, iterations, result }: FineTuned, given: Totals): Table {
  const zeros = result.masked === undefined
  const size = (t: { readonly params: number; readonly nonZeroParams?: number | null }) =>
    zeros ? (t.nonZeroParams ?? t.params) : t.params
  const macs = (value: number) => countOrPartial(value, given.partial.includes('macs'))
  const rows = iterations.flatMap((step, i): Cell[][] => {
    const number = iterations.length > 1 ? ` ${i + 1}` : ''
    return [
      [`cut${number}`, percent(step.cut.accuracy), step.cut.loss.toFixed(4), macs(step.macs), size(step)],
      [
        `fine-tuned${number}`,
        percent(step.trained.accuracy),
        step.trained.loss.toFixed(4),
        macs(step.macs),
        size(step),
      ],
    ]
  })
  return {
    title: 'Accuracy on the test images',
    columns: [
      { key: 'stage', header: '' },
      { key: 'accuracy', header: 'Accuracy', kind: 'ratio' },
      { key: 'loss', header: 'Loss', kind: 'ratio' },
      { key: 'macs', header: 'MACs', kind: 'count' },
      { key: 'params', header: zeros ? 'Parameters not zero' : 'Parameters', kind: 'count' },
    ],
    rows: [['before', percent(before.accuracy), before.loss.toFixed(4), macs(given.macs), size(given)], ...rows],
    notes: given.partial.includes('macs') ? [partialNote] : [],
  }
}

/** For --json. */
export const fineTuneJson = ({ before, iterations }: FineTuned): unknown => ({
  before,
  iterations,
  after: iterations.at(-1)?.trained ?? null,
})
