import type { ImageSet, SkippedImage } from '../../data/index.ts'
import type { Report, Table } from '../../report/index.ts'
import type { Evaluation } from '../../train/index.node.ts'

const percent = (part: number) => `${(100 * part).toFixed(2)} %`

export interface EvaluationContext {
  readonly model: string
  /** `mnist, test` */
  readonly data: string
  readonly set: ImageSet
  readonly skipped: readonly SkippedImage[]
  readonly notices: readonly string[]
}

export function evaluationJson({ model, data, set, skipped, notices }: EvaluationContext, result: Evaluation): unknown {
  const { perClass, ...numbers } = result
  return {
    model,
    data,
    ...numbers,
    classes: perClass.map(({ images, correct }, i) => ({
      name: set.classes[i],
      images,
      correct,
      accuracy: images === 0 ? null : correct / images,
    })),
    skipped,
    notices,
  }
}

/** @param perClass with a table of every class */
export function evaluationReport(
  { model, data, set }: EvaluationContext,
  result: Evaluation,
  perClass = false,
): Report {
  const facts: [string, string][] = [
    ['Data', data],
    ['Images', result.images.toLocaleString('en')],
    ['Accuracy', percent(result.accuracy)],
    ...(set.classes.length > 5 ? [['Top 5', percent(result.top5)] as [string, string]] : []),
    ['Loss', result.loss.toFixed(4)],
    ['Speed', `${Math.round(result.imagesPerSecond).toLocaleString('en')} images/s`],
  ]
  return { title: model, facts, tables: perClass ? [classTable(set, result)] : [] }
}

function classTable(set: ImageSet, { perClass }: Evaluation): Table {
  return {
    columns: [
      { key: 'class', header: 'Class', shorten: true },
      { key: 'images', header: 'Images', kind: 'count' },
      { key: 'correct', header: 'Correct', kind: 'count' },
      { key: 'accuracy', header: 'Accuracy', kind: 'ratio' },
    ],
    rows: perClass.map(({ images, correct }, i) => [
      set.classes[i] ?? String(i),
      images,
      correct,
      images === 0 ? '–' : percent(correct / images),
    ]),
  }
}
